package view

import (
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// A Snapshot says that the State after an event is kept.
type Snapshot struct {
	Seq   event.Seq `json:"seq"`
	Time  time.Time `json:"time"`  // of the event
	Taken time.Time `json:"taken"` // when it was kept
}

// How many of the newest snapshots are kept, and for how long the newest of each day and of each month.
const (
	newestKept = 4
	dailyKept  = 62 * 24 * time.Hour
)

// Thin returns which of the snapshots, the newest first, need not be kept: all but the newest few, the last of each day for
// two months and of each month for ever, and the first, from which on the whole log can be folded.
func Thin(list []Snapshot, now time.Time) []event.Seq {
	var drop []event.Seq
	seen := map[string]bool{}
	for i, s := range list {
		period := s.Time.UTC().Format("2006-01")
		if now.Sub(s.Time) < dailyKept {
			period = s.Time.UTC().Format(time.DateOnly)
		}
		if i >= newestKept && i < len(list)-1 && seen[period] {
			drop = append(drop, s.Seq)
		}
		seen[period] = true
	}
	return drop
}
