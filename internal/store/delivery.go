package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// JoinGroup makes the consumer group known, or changes what it wants. A new group, and a group that wants more than
// before, is owed every event that it wants from then on; a new group that asks for it those of the past too. A group
// that is known already stays where it is. Joining again, now and then, keeps the group from being forgotten (Forget).
func (s *Store) JoinGroup(ctx context.Context, g view.Group) error {
	name := g.Name
	g.Streams, g.Types = slices.Sorted(slices.Values(g.Streams)), slices.Sorted(slices.Values(g.Types))
	streamText, err := json.Marshal(g.Streams)
	if err != nil {
		return fmt.Errorf("store: group %q: %w", name, err)
	}
	typeText, err := json.Marshal(g.Types)
	if err != nil {
		return fmt.Errorf("store: group %q: %w", name, err)
	}
	return wrapGroup(name, s.withPast(ctx, g, func(t *transaction, p past) error {
		for {
			n, err := t.exec("INSERT INTO consumer (grp, streams, types, seen) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
				name, string(streamText), string(typeText), toDB(s.now()))
			if err != nil {
				return err
			}
			if n > 0 {
				return t.welcome(g, p)
			}
			old, known, err := first(t, scanGroup, "SELECT grp, streams, types FROM consumer WHERE grp = ?{lock}", name)
			if err != nil {
				return err
			}
			if !known { // forgotten in between
				continue
			}
			if slices.Equal(old.Streams, g.Streams) && slices.Equal(old.Types, g.Types) {
				return t.put("UPDATE consumer SET seen = ? WHERE grp = ?", toDB(s.now()), name)
			}
			t.late = append(t.late, regroup)
			return t.put("UPDATE consumer SET streams = ?, types = ?, seen = ? WHERE grp = ?", string(streamText), string(typeText), toDB(s.now()), name)
		}
	}))
}

// regroup has all sealers read the groups anew: those that seal after this transaction.
func regroup(t *transaction) error { return t.put("UPDATE head SET groups = groups + 1 WHERE id = 1") }

// Deliver runs h on the event for the group and commits what it does together with the end of the delivery. An event that
// the group is not owed (any more, or before its retry is due) is passed over. The order per subject is kept whoever
// delivers: when an earlier event of the subject is to be delivered first, nothing is done and its place is returned; when
// that one waits for its retry, this one is put off until after it. Events without a subject have no order.
// After an error of h nothing is changed and FailDelivery is to be called.
func (s *Store) Deliver(ctx context.Context, group string, e event.Event, h event.Handler) (earlier event.Seq, err error) {
	take := &ahead{group: group, event: e}
	err = s.doAhead(ctx, take, func(t *transaction) error {
		earlier = 0
		t.cause, t.group = &e, group
		if taken, err := t.begin(take); err != nil {
			return err
		} else if taken {
			return h(ctx, t, e)
		}
		d, ok, err := t.nextOwed(group, e)
		switch {
		case err != nil || !ok:
			return err
		case d.Seq < e.Seq && d.State == view.DeliveryPending:
			earlier = d.Seq
			return nil
		case d.Seq < e.Seq:
			_, err := t.exec("UPDATE delivery SET state = 'retry', not_before = ? WHERE grp = ? AND subject = ? AND seq = ?",
				toDB(d.NotBefore)+1, group, e.Subject, int64(e.Seq))
			return err
		case d.State == view.DeliveryRetry && d.NotBefore.After(s.now()):
			return nil
		}
		if err := h(ctx, t, e); err != nil {
			return err
		}
		_, err = t.exec("DELETE FROM delivery WHERE grp = ? AND subject = ? AND seq = ?", group, e.Subject, int64(e.Seq))
		return err
	})
	return earlier, err
}

// begin runs what the transaction begins with, unless it was run ahead, and reports whether it changed anything.
func (t *transaction) begin(a *ahead) (bool, error) {
	if t.taken >= 0 {
		return t.taken > 0, nil
	}
	n, err := a.take(t)
	if err != nil || n == 0 {
		return false, err
	}
	t.undo = a
	return true, nil
}

// nextOwed returns the first delivery of the event's subject up to the event; ok is false when the event is not owed. It locks
// only the event's own: who waited for an earlier one while its own is locked could be waited for by its handler.
func (t *transaction) nextOwed(group string, e event.Event) (d view.Delivery, ok bool, err error) {
	own, ok, err := first(t, scanDelivery, selectDelivery+" WHERE grp = ? AND subject = ? AND seq = ? AND state <> 'dead'{lock}",
		group, e.Subject, int64(e.Seq))
	if err != nil || !ok || e.Subject == "" {
		return own, ok, err
	}
	d, earlier, err := first(t, scanDelivery, selectDelivery+
		" WHERE grp = ? AND subject = ? AND seq < ? AND state <> 'dead' ORDER BY seq LIMIT 1", group, e.Subject, int64(e.Seq))
	if err != nil || !earlier {
		return own, true, err
	}
	return d, true, nil
}

// FailDelivery records that the group's handler failed: the delivery becomes a retry after a wait, or dead, which
// bus.dead_lettered tells. It reports whether it is dead.
func (s *Store) FailDelivery(ctx context.Context, f view.Failure) (dead bool, err error) {
	e := f.Event
	err = s.do(ctx, func(t *transaction) error {
		d, ok, err := first(t, scanDelivery, selectDelivery+
			" WHERE grp = ? AND subject = ? AND seq = ? AND state <> 'dead'{lock}", f.Group, e.Subject, int64(e.Seq))
		if err != nil || !ok {
			return err
		}
		d.Attempts++
		wait, again := f.Retry(d.Attempts)
		if dead = !again; dead {
			d.State, d.NotBefore = view.DeliveryDead, time.Time{}
		} else {
			d.State, d.NotBefore = view.DeliveryRetry, s.now().Add(wait)
		}
		if _, err := t.exec("UPDATE delivery SET state = ?, attempts = ?, not_before = ?, error = ?, begun = 0 WHERE grp = ? AND subject = ? AND seq = ?",
			d.State, d.Attempts, toDB(d.NotBefore), f.Reason, f.Group, e.Subject, int64(e.Seq)); err != nil {
			return err
		}
		if !dead {
			return nil
		}
		return t.deadLettered(ctx, f, d.Attempts)
	})
	return dead, wrapGroup(f.Group, err)
}

const dueRetries = " WHERE grp = ? AND not_before > 0 AND not_before <= ? ORDER BY not_before, seq LIMIT ?"

// RetriesDue reports whether TakeRetries would find any.
func (s *Store) RetriesDue(ctx context.Context, group string) (bool, error) {
	_, some, err := first(s.reader(ctx), scanDelivery, selectDelivery+dueRetries, group, toDB(s.now()), 1)
	return some, wrapGroup(group, err)
}

// TakeRetries returns the group's retries that are due, the longest waiting first, for the caller to deliver
// or hand on within hold. One that is taken and lost is due again after that.
func (s *Store) TakeRetries(ctx context.Context, group string, limit int, hold time.Duration) (list []view.Delivery, err error) {
	if some, err := s.RetriesDue(ctx, group); err != nil || !some { // a look without the lock first: mostly nothing is due
		return nil, err
	}
	err = s.do(ctx, func(t *transaction) error {
		now := s.now()
		if list, err = collect(t, scanDelivery, selectDelivery+dueRetries+"{free}", group, toDB(now), limit); err != nil {
			return err
		}
		for _, d := range list {
			if err := t.put("UPDATE delivery SET state = 'pending', not_before = ? WHERE grp = ? AND subject = ? AND seq = ?",
				toDB(now.Add(hold)), group, d.Subject, int64(d.Seq)); err != nil {
				return err
			}
		}
		return nil
	})
	return list, wrapGroup(group, err)
}

// RetryLost makes retries of the group's deliveries in the stream before the given place: their entries
// were distributed and are nowhere any more. It returns how many there were.
func (s *Store) RetryLost(ctx context.Context, group, stream string, before event.Seq) (n int64, err error) {
	const lost = " WHERE grp = ? AND stream = ? AND seq < ? AND state = 'pending' AND not_before = 0"
	_, some, err := first(s.reader(ctx), scanDelivery, selectDelivery+lost+" LIMIT 1", group, stream, int64(before))
	if err != nil || !some {
		return 0, wrapGroup(group, err)
	}
	err = s.do(ctx, func(t *transaction) error {
		n, err = t.exec("UPDATE delivery SET state = 'retry', not_before = ?"+lost, toDB(s.now()), group, stream, int64(before))
		return err
	})
	return n, wrapGroup(group, err)
}

// OldestPending returns the oldest event in the stream that the group, or any group when it is empty, has not been
// given yet; 0 when there is none.
func (s *Store) OldestPending(ctx context.Context, group, stream string) (event.Seq, error) {
	seq, _, err := first(s.reader(ctx), func(row scanner) (seq event.Seq, err error) { return seq, row.Scan(&seq) },
		"SELECT coalesce(min(seq), 0) FROM delivery WHERE grp = coalesce(nullif(?, ''), grp) AND stream = ? AND state = 'pending' AND not_before = 0", group, stream)
	return seq, wrapGroup(group, err)
}

// DeadDeliveries returns what the groups gave up on, in log order.
func (s *Store) DeadDeliveries(ctx context.Context) ([]view.Delivery, error) {
	list, err := collect(s.reader(ctx), scanDelivery, selectDelivery+" WHERE state = 'dead' ORDER BY seq, grp")
	return list, wrapGroup("", err)
}

// Groups returns how far every consumer group has come, by name.
func (s *Store) Groups(ctx context.Context) ([]view.Group, error) {
	list, err := collect(s.reader(ctx), func(row scanner) (v view.Group, err error) {
		var streams, types []byte
		if err := row.Scan(&v.Name, &streams, &types, &v.Pending, &v.Retry, &v.Dead, &v.Oldest); err != nil {
			return v, err
		}
		return v, errors.Join(json.Unmarshal(streams, &v.Streams), json.Unmarshal(types, &v.Types))
	}, `SELECT c.grp, c.streams, c.types, count(d.seq) FILTER (WHERE d.state = 'pending'), count(d.seq) FILTER (WHERE d.state = 'retry'),
		count(d.seq) FILTER (WHERE d.state = 'dead'), coalesce(min(d.seq) FILTER (WHERE d.state <> 'dead'), 0)
		FROM consumer c LEFT JOIN delivery d ON d.grp = c.grp GROUP BY c.grp, c.streams, c.types ORDER BY c.grp`)
	return list, wrapGroup("", err)
}

const selectDelivery = "SELECT grp, subject, seq, stream, state, attempts, not_before, error FROM delivery"

func scanDelivery(row scanner) (d view.Delivery, err error) {
	err = row.Scan(&d.Group, &d.Subject, &d.Seq, &d.Stream, &d.State, &d.Attempts, timeOf{&d.NotBefore}, &d.Error)
	return d, err
}

func wrapGroup(group string, err error) error {
	switch {
	case err == nil:
		return nil
	case group == "":
		return fmt.Errorf("store: deliveries: %w", err)
	default:
		return fmt.Errorf("store: group %q: %w", group, err)
	}
}
