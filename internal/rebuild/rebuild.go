// Package rebuild folds the event log into read models: as they were at a moment of the past, to prove that the live ones
// are what the log tells, and now and then for a snapshot, so that neither has to read the log from its first event.
package rebuild

import (
	"context"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// A Log is what is folded.
type Log interface {
	Events(ctx context.Context, q event.Query) ([]event.Event, error)
	// Telling returns since which event the log tells everything that the read models show, 0 for all of it.
	Telling(ctx context.Context) (event.Seq, error)
	// Snapshots returns which there are, the newest first.
	Snapshots(ctx context.Context) ([]view.Snapshot, error)
	SnapshotState(ctx context.Context, seq event.Seq) (*view.State, error)
}

// Live are the read models as they are, all of one moment.
type Live interface {
	Log
	Rows(ctx context.Context) (view.Rows, error)
}

// An UntoldError says that an older version of Tenter wrote the log up to there, whose events tell too little to be folded.
type UntoldError struct {
	Seq   event.Seq // that was asked for
	Since event.Seq // the first that can be; 0 when no snapshot was taken yet to begin with
}

// Error names the first event that there is a state of.
func (e *UntoldError) Error() string {
	if e.Since == 0 {
		return "this log was begun by an older version, whose events tell too little, and no snapshot was taken since"
	}
	return fmt.Sprintf("event %d was written by an older version, whose events tell too little: the first state is that of event %d", e.Seq, e.Since)
}

// page is how many events are in memory at once.
const page = 1000

// At returns the State after the event, from the nearest snapshot before it that is sound.
func At(ctx context.Context, log Log, seq event.Seq) (*view.State, error) {
	list, err := log.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	return from(ctx, log, seq, list)
}

// Whole is At without a snapshot: from the first event on. Of a log that an older version began it uses the first snapshot.
func Whole(ctx context.Context, log Log, seq event.Seq) (*view.State, error) {
	since, err := log.Telling(ctx)
	if err != nil || since == 0 {
		return from(ctx, log, seq, nil)
	}
	list, err := log.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	return from(ctx, log, seq, list[max(0, len(list)-1):])
}

func from(ctx context.Context, log Log, seq event.Seq, list []view.Snapshot) (*view.State, error) {
	s, err := begin(ctx, log, seq, list)
	if err != nil {
		return nil, err
	}
	return s, advance(ctx, log, s, seq)
}

// begin returns what to fold on: the newest of the snapshots up to the event that can be read, or nothing.
func begin(ctx context.Context, log Log, seq event.Seq, list []view.Snapshot) (*view.State, error) {
	var damaged error
	for _, at := range list {
		if at.Seq > seq {
			continue
		}
		s, err := log.SnapshotState(ctx, at.Seq)
		if err == nil {
			return s, nil
		}
		damaged = err // an older one does as well, if there is one
	}
	since, err := log.Telling(ctx)
	switch {
	case err != nil:
		return nil, err
	case since == 0:
		return view.NewState(), nil
	case damaged != nil:
		return nil, damaged
	}
	e := &UntoldError{Seq: seq}
	if len(list) > 0 {
		e.Since = list[len(list)-1].Seq
	}
	return nil, e
}

// advance folds the events up to the given one into the State.
func advance(ctx context.Context, log Log, s *view.State, seq event.Seq) error {
	for s.Seq < seq {
		list, err := log.Events(ctx, event.Query{After: s.Seq, Before: seq + 1, Limit: page})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fmt.Errorf("event %d is not in the log", s.Seq+1)
		}
		for _, e := range list {
			if err := s.Fold(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// A Report is what a check came to.
type Report struct {
	Seq         event.Seq         `json:"seq"`  // the log's end at the moment that was checked
	Time        time.Time         `json:"time"` // of that event
	Rows        int               `json:"rows"` // that were compared
	Differences []view.Difference `json:"differences"`
}

// Check compares the live read models with what the log tells, all of it for whole, else from the newest snapshot on. What may
// have been forgotten of either is left out.
func Check(ctx context.Context, live Live, whole bool) (Report, error) {
	rows, err := live.Rows(ctx)
	if err != nil {
		return Report{}, err
	}
	fold := At
	if whole {
		fold = Whole
	}
	told, err := fold(ctx, live, rows.Seq)
	if err != nil {
		return Report{}, err
	}
	is := rows.State()
	is.Forget(rows.Forgotten)
	told.Forget(rows.Forgotten)
	diff, err := view.Compare(is, told)
	return Report{Seq: rows.Seq, Time: told.Time, Rows: is.Rows(), Differences: diff}, err
}
