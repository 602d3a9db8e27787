package view

import (
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// A Laggard is a consumer group that keeps events from being archived, because it has not handled them.
type Laggard struct {
	Group  string    `json:"group"`
	Oldest event.Seq `json:"oldest"` // the first event that it has not handled
	Since  time.Time `json:"since"`  // that event's time
	Events int       `json:"events"` // that it has not handled
}
