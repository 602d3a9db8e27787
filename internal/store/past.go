package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// past is what a new group is owed of the archive, which is read before the transaction: it may take long.
type past struct {
	floor event.Seq
	due   []any // rows of delivery
}

var errFloorMoved = errors.New("events were archived meanwhile")

// withPast runs fn in a transaction with what the group is owed of the archive, again when more was archived meanwhile. That is
// nothing for a group that does not ask for the past, or is known already.
func (s *Store) withPast(ctx context.Context, g view.Group, fn func(*transaction, past) error) error {
	for {
		p, err := s.archivedFor(ctx, g)
		if err != nil {
			return err
		}
		if err = s.do(ctx, func(t *transaction) error { return fn(t, p) }); !errors.Is(err, errFloorMoved) {
			return err
		}
	}
}

func (s *Store) archivedFor(ctx context.Context, g view.Group) (p past, err error) {
	if !g.Past {
		return p, nil
	}
	_, known, err := first(s.reader(ctx), scanText, "SELECT grp FROM consumer WHERE grp = ?", g.Name)
	if err != nil || known {
		return p, err
	}
	if p.floor, err = s.floor(ctx); err != nil {
		return p, err
	}
	p.due, err = s.archivedDue(ctx, g, 0, p.floor)
	return p, err
}

// archivedDue returns the deliveries that the group is owed of the archive, after the one place and up to the other.
func (s *Store) archivedDue(ctx context.Context, g view.Group, after, floor event.Seq) (due []any, err error) {
	for after < floor {
		list, err := s.archived(ctx, event.Query{After: after, Limit: 1000}, floor)
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("event %d is neither in the log nor in its archive (next: tenter audit verify)", after+1)
		}
		if err != nil {
			return nil, err
		}
		due = append(due, dueTo(g, list)...)
		after = list[len(list)-1].Seq
	}
	return due, nil
}

func dueTo(g view.Group, list []event.Event) (due []any) {
	for _, e := range list {
		if g.Wants(e) {
			due = append(due, g.Name, e.Subject, int64(e.Seq), e.Stream)
		}
	}
	return due
}

func (t *transaction) owe(due []any) error {
	return t.insert(rowsOf{table: "delivery", columns: "grp, subject, seq, stream"}, due)
}

// welcome owes a new group what is in the log already, if it asks for that, and nothing that a group of its name was owed that
// is forgotten. What is appended meanwhile it is owed too: that is looked for when nobody can append any more.
func (t *transaction) welcome(g view.Group, p past) error {
	if err := t.put("DELETE FROM delivery WHERE grp = ?", g.Name); err != nil {
		return err
	}
	if !g.Past {
		t.late = append(t.late, regroup)
		return nil
	}
	if err := t.owe(p.due); err != nil {
		return err
	}
	last, err := t.owePast(g, p.floor)
	if err != nil {
		return err
	}
	floor, err := floorOf(t)
	if err == nil && floor != p.floor {
		err = errFloorMoved
	}
	t.late = append(t.late, func(t *transaction) error {
		if _, err := t.owePast(g, last); err != nil {
			return err
		}
		return regroup(t)
	})
	return err
}

// owePast adds a delivery for every event that is in the log already, after the given one. It returns the last.
func (t *transaction) owePast(g view.Group, after event.Seq) (event.Seq, error) {
	for {
		list, err := collect(t, scanEvent, selectEvent+" WHERE seq > ? ORDER BY seq LIMIT 1000", int64(after))
		if err != nil || len(list) == 0 {
			return after, err
		}
		if list[0].Seq != after+1 { // archived since: cannot be but for events that are old as soon as they are appended
			due, err := t.s.archivedDue(context.Background(), g, after, list[0].Seq-1)
			if err != nil {
				return after, err
			}
			if err := t.owe(due); err != nil {
				return after, err
			}
		}
		if err := t.owe(dueTo(g, list)); err != nil {
			return after, err
		}
		after = list[len(list)-1].Seq
	}
}
