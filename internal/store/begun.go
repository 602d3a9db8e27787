package store

import (
	"context"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// BeginDelivery records that the group is about to handle an event that may be the one that ends processes. When that was
// recorded most times already and no attempt has ended since, the event is not to be handled: the delivery becomes dead,
// which bus.dead_lettered tells, and dead is true. FailDelivery, EndDelivery and the end of the delivery take the records back.
func (s *Store) BeginDelivery(ctx context.Context, group string, e event.Event, most int) (dead bool, err error) {
	err = s.do(ctx, func(t *transaction) error {
		dead = false
		var begun, attempts int
		_, ok, err := first(t, func(row scanner) (none struct{}, err error) { return none, row.Scan(&begun, &attempts) },
			"SELECT begun, attempts FROM delivery WHERE grp = ? AND subject = ? AND seq = ? AND state <> 'dead'{lock}", group, e.Subject, int64(e.Seq))
		if err != nil || !ok {
			return err
		}
		if begun < most {
			_, err := t.exec("UPDATE delivery SET begun = begun + 1 WHERE grp = ? AND subject = ? AND seq = ?", group, e.Subject, int64(e.Seq))
			return err
		}
		dead = true
		attempts += begun
		reason := fmt.Sprintf("the process ended while it handled the event, at least %d times in a row", begun)
		if _, err := t.exec("UPDATE delivery SET state = 'dead', attempts = ?, not_before = 0, error = ? WHERE grp = ? AND subject = ? AND seq = ?",
			attempts, reason, group, e.Subject, int64(e.Seq)); err != nil {
			return err
		}
		return t.deadLettered(ctx, view.Failure{Group: group, Event: e, Reason: reason}, attempts)
	})
	return dead, wrapGroup(group, err)
}

// EndDelivery takes back what BeginDelivery recorded last: the attempt was not made, or ended without a result.
func (s *Store) EndDelivery(ctx context.Context, group string, e event.Event) error {
	return wrapGroup(group, s.do(ctx, func(t *transaction) error {
		_, err := t.exec("UPDATE delivery SET begun = begun - 1 WHERE grp = ? AND subject = ? AND seq = ? AND begun > 0", group, e.Subject, int64(e.Seq))
		return err
	}))
}

// deadLettered tells that the group has given up on an event.
func (t *transaction) deadLettered(ctx context.Context, f view.Failure, attempts int) error {
	e := f.Event
	if e.Type == event.TypeDeadLettered { // whoever fails on that would fail on the next, for ever
		return nil
	}
	t.cause, t.group = &e, f.Group
	return t.Append(ctx, event.Draft{Type: event.TypeDeadLettered, Subject: e.Subject, Data: event.DeadLettered{
		Group: f.Group, Stream: e.Stream, Seq: e.Seq, Event: e.ID, Type: e.Type, Attempts: attempts, Reason: f.Reason,
	}})
}

// BeginServing records that one process begins to serve the group alone, and returns how many before it, in a row, did not
// say that they left: EndServing with 0. EndServing with 1 says that this one goes on and is no suspect any more.
func (s *Store) BeginServing(ctx context.Context, group string) (unclean int, err error) {
	err = s.do(ctx, func(t *transaction) error {
		unclean, _, err = first(t, func(row scanner) (n int, err error) { return n, row.Scan(&n) },
			"UPDATE consumer SET unclean = unclean + 1 WHERE grp = ? RETURNING unclean - 1", group)
		return err
	})
	return unclean, wrapGroup(group, err)
}

// EndServing sets how many served the group and did not say that they left; see BeginServing.
func (s *Store) EndServing(ctx context.Context, group string, unclean int) error {
	return wrapGroup(group, s.do(ctx, func(t *transaction) error {
		_, err := t.exec("UPDATE consumer SET unclean = ? WHERE grp = ?", unclean, group)
		return err
	}))
}
