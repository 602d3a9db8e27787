package store

import (
	"context"
	"strings"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// deadAtOnce is how many dead deliveries are looked at in one transaction, so that no writer waits long.
const deadAtOnce = 500

// ResolveDead gives dead deliveries all their attempts again, or drops them, and returns how many there were. For each group
// bus.dead_resolved tells so in the same transaction. One that was resolved already is none.
func (s *Store) ResolveDead(ctx context.Context, r view.DeadResolution) (n int, err error) {
	after := view.Delivery{}
	for more := true; more; {
		err := s.do(ctx, func(t *transaction) error {
			list, err := collect(t, scanDelivery, selectDelivery+" WHERE state = 'dead' AND (seq > ? OR seq = ? AND grp > ?) ORDER BY seq, grp LIMIT ?",
				int64(after.Seq), int64(after.Seq), after.Group, deadAtOnce)
			if err != nil {
				return err
			}
			if more = len(list) == deadAtOnce; len(list) > 0 {
				after = list[len(list)-1]
			}
			done, err := t.resolveDead(ctx, r, list)
			n += done
			return err
		})
		if err != nil {
			return n, wrapGroup(r.Group, err)
		}
	}
	return n, nil
}

// resolveDead resolves those of the list that are meant.
func (t *transaction) resolveDead(ctx context.Context, r view.DeadResolution, list []view.Delivery) (n int, err error) {
	groups, seqs := []string(nil), map[string][]event.Seq{}
	for _, d := range list {
		if r.Group != "" && d.Group != r.Group || r.Seq != 0 && d.Seq != r.Seq || !strings.Contains(d.Error, r.Matching) {
			continue
		}
		if r.Drop {
			_, err = t.exec("DELETE FROM delivery WHERE grp = ? AND subject = ? AND seq = ?", d.Group, d.Subject, int64(d.Seq))
		} else {
			_, err = t.exec("UPDATE delivery SET state = 'retry', attempts = 0, begun = 0, not_before = ? WHERE grp = ? AND subject = ? AND seq = ?",
				toDB(t.s.now()), d.Group, d.Subject, int64(d.Seq))
		}
		if err != nil {
			return 0, err
		}
		if seqs[d.Group] == nil {
			groups = append(groups, d.Group)
		}
		seqs[d.Group] = append(seqs[d.Group], d.Seq)
		n++
	}
	action := "requeued"
	if r.Drop {
		action = "dropped"
	}
	for _, g := range groups {
		if err := t.Append(ctx, event.Draft{
			Type: event.TypeDeadResolved, Actor: r.Actor, ActorType: event.ActorUser,
			Data: event.DeadResolved{Group: g, Seqs: seqs[g], Action: action, Reason: r.Reason},
		}); err != nil {
			return 0, err
		}
	}
	return n, nil
}
