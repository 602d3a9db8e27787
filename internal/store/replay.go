package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// ErrNoGroup is in the error of Replay for a group that nobody has ever joined.
var ErrNoGroup = errors.New("there is no such consumer group")

// Replay owes the group the events that the query selects and that it wants, once more, from the archive as well. They are delivered as
// retries are, at once, in their order for each subject, beside what the group is owed anyway. What it is owed already, and
// what it gave up on, stays as it is. The query's limit and order do not matter. It returns how many events that were.
func (s *Store) Replay(ctx context.Context, group string, q event.Query) (n int, err error) {
	g, ok, err := first(s.reader(ctx), scanGroup, "SELECT grp, streams, types FROM consumer WHERE grp = ?", group)
	if err == nil && !ok {
		err = ErrNoGroup
	}
	if err != nil {
		return 0, wrapGroup(group, err)
	}
	head, err := s.head(ctx)
	if err != nil {
		return 0, wrapGroup(group, err)
	}
	if q.Before == 0 || q.Before > head.seq {
		q.Before = head.seq + 1 // not what the group does about them
	}
	q.Limit, q.Newest = 1000, false
	for {
		list, err := s.Events(ctx, q)
		if err != nil || len(list) == 0 {
			return n, wrapGroup(group, err)
		}
		more, err := s.oweAgain(ctx, g, list)
		if n += more; err != nil {
			return n, wrapGroup(group, err)
		}
		q.After = list[len(list)-1].Seq
	}
}

// oweAgain adds the deliveries of the events, and returns how many there were not.
func (s *Store) oweAgain(ctx context.Context, g view.Group, list []event.Event) (n int, err error) {
	const width = 6
	err = s.do(ctx, func(t *transaction) error {
		n = 0
		var values []any
		for _, e := range list {
			if g.Wants(e) {
				values = append(values, g.Name, e.Subject, int64(e.Seq), e.Stream, view.DeliveryRetry, toDB(s.now()))
			}
		}
		for rows := 64; len(values) > 0; rows /= 2 {
			row := "(" + strings.Repeat("?, ", width-1) + "?)"
			text := "INSERT INTO delivery (grp, subject, seq, stream, state, not_before) VALUES " + strings.Repeat(row+", ", rows-1) + row + " ON CONFLICT DO NOTHING"
			for len(values) >= rows*width {
				made, err := t.exec(text, values[:rows*width]...)
				if err != nil {
					return fmt.Errorf("deliveries: %w", err)
				}
				n, values = n+int(made), values[rows*width:]
			}
		}
		return nil
	})
	return n, err
}
