package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tenter-net/tenter/internal/event"
)

// EventByID returns the event of this id, the newest if a replay made it twice; ok is false when there is none. The id has no index: it would cost
// every append, and on a large log its random keys would cost most. The first event of a correlation is found by that, one whose
// id tells its time (UUID version 7) around then, and any other by looking through the log from its end.
func (s *Store) EventByID(ctx context.Context, id event.ID) (e event.Event, ok bool, err error) {
	parsed, err := uuid.Parse(string(id))
	if err != nil {
		return e, false, fmt.Errorf("store: %q is no id of an event", id)
	}
	if e, ok, err = s.among(ctx, id, event.Query{Correlation: string(id)}); err != nil || ok {
		return e, ok, err
	}
	if parsed.Version() == 7 {
		sec, nsec := parsed.Time().UnixTime()
		at := time.Unix(sec, nsec)
		// An event is written down as soon as it has its id; its time may be another one that its producer said.
		if e, ok, err = s.among(ctx, id, event.Query{Since: at.Add(-time.Minute), Until: at.Add(time.Minute)}); err != nil || ok {
			return e, ok, err
		}
	}
	return s.lookFor(ctx, id)
}

// lookFor goes through the log from its end, only by ids where it has rows.
func (s *Store) lookFor(ctx context.Context, id event.ID) (event.Event, bool, error) {
	const pace = 20_000
	head, err := s.head(ctx)
	if err != nil {
		return event.Event{}, false, fmt.Errorf("store: event %q: %w", id, err)
	}
	floor, err := s.floor(ctx)
	if err != nil {
		return event.Event{}, false, fmt.Errorf("store: event %q: %w", id, err)
	}
	for last := head.seq; last > floor; last -= min(last, pace) {
		seq, ok, err := first(s.reader(ctx), scanSeq, "SELECT seq FROM event WHERE seq > ? AND seq <= ? AND id = ? ORDER BY seq DESC LIMIT 1",
			int64(last-min(last, pace)), int64(last), string(id))
		if err != nil {
			return event.Event{}, false, fmt.Errorf("store: event %q: %w", id, err)
		}
		if ok {
			list, err := s.EventsAt(ctx, []event.Seq{seq})
			return list[0], err == nil, err
		}
	}
	if floor == 0 {
		return event.Event{}, false, nil
	}
	return s.among(ctx, id, event.Query{Before: floor + 1})
}

// among looks for the id among the events that the query selects.
func (s *Store) among(ctx context.Context, id event.ID, q event.Query) (event.Event, bool, error) {
	for q.Newest, q.Limit = true, 1000; ; {
		list, err := s.Events(ctx, q)
		if err != nil || len(list) == 0 {
			return event.Event{}, false, err
		}
		for _, e := range list {
			if e.ID == id {
				return e, true, nil
			}
		}
		q.Before = list[len(list)-1].Seq
	}
}
