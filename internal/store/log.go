package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/event"
)

func (s *Store) head(ctx context.Context) (head, error) {
	h, _, err := first(s.reader(ctx), scanHead, selectHead)
	return h, err
}

// Head returns the last event's seq, 0 for an empty log, and the hash that the whole log adds up to.
func (s *Store) Head(ctx context.Context) (event.Seq, []byte, error) {
	h, err := s.head(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("store: head: %w", err)
	}
	return h.seq, h.hash, nil
}

// Last returns the last event of the stream, 0 when it has none.
func (s *Store) Last(ctx context.Context, stream string) (event.Seq, error) {
	h, err := s.head(ctx)
	if err != nil {
		return 0, fmt.Errorf("store: head: %w", err)
	}
	return h.last[stream], nil
}

const selectEvent = "SELECT seq, predecessor, hash, envelope FROM event"

func scanEvent(row scanner) (event.Event, error) {
	var seq, before event.Seq
	var hash, envelope []byte
	if err := row.Scan(&seq, &before, &hash, &envelope); err != nil {
		return event.Event{}, err
	}
	e, err := event.Parse(envelope)
	if err != nil {
		return event.Event{}, fmt.Errorf("seq %d: %w", seq, err)
	}
	e.Seq, e.Predecessor, e.Hash = seq, before, hash
	return e, nil
}

// Events returns the events that the query selects, oldest first unless it says otherwise. Those that were archived
// are read from their files, one file in memory at a time; a file that is missing or damaged is an *archive.Error.
func (s *Store) Events(ctx context.Context, q event.Query) ([]event.Event, error) {
	q.Limit = limitOr100(q.Limit)
	end, _ := s.grown.get()
	if list := s.recent.after(q, end); len(list) > 0 {
		return list, nil
	}
	list, err := s.events(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("store: events: %w", err)
	}
	return list, nil
}

// events reads the rows first and looks for the archive then: what is taken out of the rows meanwhile, always from their
// beginning, is in the archive before it goes.
func (s *Store) events(ctx context.Context, q event.Query) ([]event.Event, error) {
	list, err := s.rows(ctx, q)
	if err != nil {
		return nil, err
	}
	if q.Newest && len(list) == q.Limit || !q.Newest && len(list) > 0 && list[0].Seq == q.After+1 {
		return list, nil
	}
	floor, err := s.floor(ctx)
	if err != nil || q.After >= floor {
		return list, err
	}
	list = slices.DeleteFunc(list, func(e event.Event) bool { return e.Seq <= floor })
	if q.Newest {
		q.Limit -= len(list)
	}
	old, err := s.archived(ctx, q, floor)
	if err != nil {
		return nil, err
	}
	if q.Newest {
		return append(list, old...), nil
	}
	list = append(old, list...)
	return list[:min(len(list), q.Limit)], nil
}

// EventsAt returns the events with these places in the log, in its order; those that the log does not have are missing.
// It reads the archive as Events does.
func (s *Store) EventsAt(ctx context.Context, seqs []event.Seq) ([]event.Event, error) {
	list, others := s.recent.at(seqs)
	rows, err := s.rowsAt(ctx, others)
	if err == nil && len(rows) < len(others) {
		rows, err = s.archivedAt(ctx, rows, others)
	}
	if err != nil {
		return nil, fmt.Errorf("store: events: %w", err)
	}
	list = append(list, rows...)
	slices.SortFunc(list, func(a, b event.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return list, nil
}

// rowsAt returns those of the events that are rows, in no order.
func (s *Store) rowsAt(ctx context.Context, seqs []event.Seq) (list []event.Event, err error) {
	const chunk = 32 // the text is the same for every call, with 0 for what is not asked
	for len(seqs) > 0 {
		args := make([]any, chunk)
		for i := range args {
			args[i] = int64(0)
			if i < len(seqs) {
				args[i] = int64(seqs[i])
			}
		}
		seqs = seqs[min(chunk, len(seqs)):]
		part, err := collect(s.reader(ctx), scanEvent, selectEvent+" WHERE seq IN (?"+strings.Repeat(", ?", chunk-1)+")", args...)
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	return list, nil
}
