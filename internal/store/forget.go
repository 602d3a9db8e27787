package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// forgetAtOnce is how many rows go in one transaction, so that no writer waits long.
const forgetAtOnce = 100

// Forget removes what ended before the given time: notifications that were sent or given up, runs, plans that are
// closed and were never run or whose runs are gone, episodes of drift, and consumer groups that nobody has joined since,
// with what they are owed. It returns how many rows that were. The event log stays whole: it is what tells of the past.
func (s *Store) Forget(ctx context.Context, before time.Time) (n int, err error) {
	if err := s.do(ctx, func(t *transaction) error {
		_, err := t.exec("UPDATE telling SET forgotten = ? WHERE forgotten < ?", toDB(before), toDB(before))
		return err
	}); err != nil {
		return 0, fmt.Errorf("store: forget: %w", err)
	}
	for _, part := range []func(*transaction, int64) (int, error){
		forgetNotifications, forgetRuns, forgetPlans, forgetEpisodes, forgetGroups, forgetDeliveries,
	} {
		for gone := 1; gone > 0; n += gone {
			if err := s.do(ctx, func(t *transaction) (err error) {
				gone, err = part(t, toDB(before))
				return err
			}); err != nil {
				return n, fmt.Errorf("store: forget: %w", err)
			}
		}
	}
	return n, nil
}

// Each of the parts takes away so many rows at most, and returns 0 when none are left.

func forgetNotifications(t *transaction, before int64) (int, error) {
	n, err := t.exec("DELETE FROM notification WHERE (receiver, key) IN"+
		" (SELECT receiver, key FROM notification WHERE state <> 'pending' AND updated < ? LIMIT ?)", before, forgetAtOnce)
	return int(n), err
}

func forgetEpisodes(t *transaction, before int64) (int, error) {
	n, err := t.exec("DELETE FROM episode WHERE id IN (SELECT id FROM episode WHERE closed > 0 AND closed < ? LIMIT ?)", before, forgetAtOnce)
	return int(n), err
}

// forgetRuns leaves those that a device is still marked with.
func forgetRuns(t *transaction, before int64) (int, error) {
	ids, err := collect(t, scanText, "SELECT id FROM run WHERE status <> 'running' AND ended > 0 AND ended < ?"+
		" AND id NOT IN (SELECT run FROM device) ORDER BY created LIMIT ?", before, forgetAtOnce)
	for _, id := range ids {
		if err := t.put("DELETE FROM run_device WHERE run = ?", id); err != nil {
			return 0, err
		}
		if err := t.put("DELETE FROM run WHERE id = ?", id); err != nil {
			return 0, err
		}
	}
	return len(ids), err
}

func forgetPlans(t *transaction, before int64) (int, error) {
	plans, err := collect(t, scanPlan, "SELECT "+strings.TrimSuffix(planColumns, "body")+"'' FROM plan"+
		" WHERE status IN ('rejected', 'done', 'expired', 'stale') AND created < ?"+
		" AND NOT EXISTS (SELECT 1 FROM run WHERE run.plan = plan.id) ORDER BY created LIMIT ?", before, forgetAtOnce)
	for _, p := range plans {
		for _, name := range p.Devices {
			if err := t.put("DELETE FROM plan_device WHERE device = ? AND created = ? AND plan = ?", string(name), toDB(p.Created), p.ID); err != nil {
				return 0, err
			}
		}
		if err := t.put("DELETE FROM plan WHERE id = ?", p.ID); err != nil {
			return 0, err
		}
	}
	return len(plans), err
}

// forgetGroups only ends what more a group would be owed; forgetDeliveries takes the rest.
func forgetGroups(t *transaction, before int64) (int, error) {
	n, err := t.exec("DELETE FROM consumer WHERE seen < ?", before)
	if err != nil || n == 0 {
		return 0, err
	}
	t.late = append(t.late, regroup)
	return int(n), nil
}

// forgetDeliveries takes away what is owed to a group that there is no more.
func forgetDeliveries(t *transaction, _ int64) (int, error) {
	for group := ""; ; {
		// From group to group by the primary key, not through all that each is owed.
		next, some, err := first(t, scanText, "SELECT grp FROM delivery WHERE grp > ? ORDER BY grp LIMIT 1", group)
		if err != nil || !some {
			return 0, err
		}
		_, known, err := first(t, scanText, "SELECT grp FROM consumer WHERE grp = ?", next)
		if err != nil {
			return 0, err
		}
		if !known {
			// One statement sees a group that joins right now as a whole, or nothing of it.
			n, err := t.exec("DELETE FROM delivery WHERE grp = ? AND (subject, seq) IN (SELECT subject, seq FROM delivery WHERE grp = ? LIMIT ?)"+
				" AND NOT EXISTS (SELECT 1 FROM consumer WHERE consumer.grp = delivery.grp)", next, next, forgetAtOnce)
			return int(n), err
		}
		group = next
	}
}

func scanText(row scanner) (text string, err error) { return text, row.Scan(&text) }
