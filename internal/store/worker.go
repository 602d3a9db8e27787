package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

const workerColumns = "name, token, operation, roles, host, process, joined, expires, " + clock + " - joined, expires - " + clock

func scanWorker(row scanner) (w view.Worker, err error) {
	var roles string
	if err := row.Scan(&w.Name, &w.Token, &w.Operation, &roles, &w.Host, &w.Process, timeOf{&w.Joined}, timeOf{&w.Expires}, &w.For, &w.Left); err != nil {
		return w, err
	}
	return w, json.Unmarshal([]byte(roles), &w.Roles)
}

// JoinWorker makes the worker live for ttl, with a token that no worker of its name had before: what that one had claimed
// is free. It returns the worker as it is now and, if there was one of its name, that one.
func (s *Store) JoinWorker(tx event.Tx, w view.Worker, ttl time.Duration) (joined view.Worker, before *view.Worker, err error) {
	t, err := s.own(tx)
	if err != nil {
		return w, nil, err
	}
	roles, err := json.Marshal(w.Roles)
	if err != nil {
		return w, nil, fmt.Errorf("worker %q: %w", w.Name, err)
	}
	old, ok, err := first(t, scanWorker, "SELECT "+workerColumns+" FROM worker WHERE name = ?", w.Name)
	if err != nil {
		return w, nil, fmt.Errorf("worker %q: %w", w.Name, err)
	}
	if ok {
		before = &old
	}
	// A worker that left has no row, so tokens also outgrow those that its claims remember.
	if _, err := t.exec(`INSERT INTO worker (name, token, operation, roles, host, process, joined, expires)
		VALUES (?, 1 + COALESCE((SELECT MAX(incarnation) FROM lease WHERE holder = ? AND incarnation > 0), 0), ?, ?, ?, ?, `+clock+`, `+clock+` + ?)
		ON CONFLICT (name) DO UPDATE SET token = CASE WHEN worker.token >= excluded.token THEN worker.token + 1 ELSE excluded.token END,
			operation = excluded.operation, roles = excluded.roles, host = excluded.host, process = excluded.process, joined = excluded.joined, expires = excluded.expires`,
		w.Name, w.Name, w.Operation, string(roles), w.Host, w.Process, int64(ttl)); err != nil {
		return w, nil, fmt.Errorf("worker %q: %w", w.Name, err)
	}
	joined, _, err = first(t, scanWorker, "SELECT "+workerColumns+" FROM worker WHERE name = ?", w.Name)
	if err != nil {
		return w, nil, fmt.Errorf("worker %q: %w", w.Name, err)
	}
	return joined, before, nil
}

// RenewWorker lets the worker live for ttl from now. One that expired and was not buried lives again, with those of its
// claims that nobody took meanwhile. It returns view.ErrLeaseLost when there is no such worker any more.
func (s *Store) RenewWorker(ctx context.Context, w view.Worker, ttl time.Duration) (view.Worker, error) {
	err := s.do(ctx, func(t *transaction) error {
		n, err := t.exec("UPDATE worker SET expires = "+clock+" + ? WHERE name = ? AND token = ?", int64(ttl), w.Name, w.Token)
		if err == nil && n == 0 {
			err = view.ErrLeaseLost
		}
		if err == nil {
			w, _, err = first(t, scanWorker, "SELECT "+workerColumns+" FROM worker WHERE name = ?", w.Name)
		}
		return err
	})
	if err != nil {
		return w, fmt.Errorf("worker %q: %w", w.Name, err)
	}
	return w, nil
}

// LeaveWorker ends the worker, and frees what it has claimed. It reports whether it was there.
func (s *Store) LeaveWorker(tx event.Tx, w view.Worker) (bool, error) {
	t, err := s.own(tx)
	if err != nil {
		return false, err
	}
	n, err := t.exec("DELETE FROM worker WHERE name = ? AND token = ?", w.Name, w.Token)
	if err != nil {
		return false, fmt.Errorf("worker %q: %w", w.Name, err)
	}
	return n > 0, nil
}

// BuryWorkers ends the workers that did not renew in time and returns them: each of them once, whoever asks.
func (s *Store) BuryWorkers(tx event.Tx) ([]view.Worker, error) {
	t, err := s.own(tx)
	if err != nil {
		return nil, err
	}
	dead, err := collect(t, scanWorker, "SELECT "+workerColumns+" FROM worker WHERE expires <= "+clock+" ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("store: workers: %w", err)
	}
	var buried []view.Worker
	for _, w := range dead {
		n, err := t.exec("DELETE FROM worker WHERE name = ? AND token = ? AND expires <= "+clock, w.Name, w.Token)
		if err != nil {
			return nil, fmt.Errorf("worker %q: %w", w.Name, err)
		}
		if n > 0 {
			buried = append(buried, w)
		}
	}
	return buried, nil
}

// Workers returns all workers by name, those too that died and are not buried yet.
func (s *Store) Workers(ctx context.Context) ([]view.Worker, error) {
	list, err := collect(s.reader(ctx), scanWorker, "SELECT "+workerColumns+" FROM worker ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("store: workers: %w", err)
	}
	return list, nil
}

// live is true of a lease that is held: by its own end, or as its holder is a worker that is live.
const live = "(lease.expires > " + clock + " OR lease.incarnation > 0 AND EXISTS (SELECT 1 FROM worker w" +
	" WHERE w.name = lease.holder AND w.token = lease.incarnation AND w.expires > " + clock + "))"

// Claim takes those of the leases that nobody holds, for as long as the worker is live, and returns them. It returns
// view.ErrLeaseLost when the worker itself is not live.
func (s *Store) Claim(ctx context.Context, w view.Worker, keys ...string) (got []view.Lease, err error) {
	err = s.do(ctx, func(t *transaction) error {
		got = nil
		_, ok, err := first(t, scanWorker, "SELECT "+workerColumns+" FROM worker WHERE name = ? AND token = ? AND expires > "+clock, w.Name, w.Token)
		if err == nil && !ok {
			err = view.ErrLeaseLost
		}
		if err != nil {
			return fmt.Errorf("worker %q: %w", w.Name, err)
		}
		for _, key := range keys {
			n, err := t.exec(`INSERT INTO lease (key, holder, token, expires, incarnation, since) VALUES (?, ?, 1, 0, ?, `+clock+`)
				ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, token = lease.token + 1, expires = 0,
					incarnation = excluded.incarnation, since = excluded.since
				WHERE NOT `+live, key, w.Name, w.Token)
			if err != nil {
				return fmt.Errorf("lease %q: %w", key, err)
			}
			if n == 0 {
				continue
			}
			l, _, err := first(t, scanLease, "SELECT key, holder, token, expires FROM lease WHERE key = ?", key)
			if err != nil {
				return fmt.Errorf("lease %q: %w", key, err)
			}
			got = append(got, l)
		}
		return nil
	})
	return got, err
}

// Unclaim gives leases up, so that others may take them at once. What is not held any more is left alone.
func (s *Store) Unclaim(ctx context.Context, leases ...view.Lease) error {
	return s.do(ctx, func(t *transaction) error {
		for _, l := range leases {
			if _, err := t.exec("UPDATE lease SET expires = 0, incarnation = 0 WHERE key = ? AND holder = ? AND token = ?", l.Key, l.Holder, l.Token); err != nil {
				return fmt.Errorf("lease %q: %w", l.Key, err)
			}
		}
		return nil
	})
}

// Extend lets a claim last for at least d from now, even if its worker dies; with no d, only as long as the worker does. It
// returns view.ErrLeaseLost when it is not held any more.
func (s *Store) Extend(ctx context.Context, l view.Lease, d time.Duration) error {
	end, args := "0", []any{l.Key, l.Holder, l.Token}
	if d > 0 {
		end, args = clock+" + ?", []any{int64(d), l.Key, l.Holder, l.Token}
	}
	err := s.do(ctx, func(t *transaction) error {
		n, err := t.exec("UPDATE lease SET expires = "+end+" WHERE key = ? AND holder = ? AND token = ? AND "+live, args...)
		if err == nil && n == 0 {
			err = view.ErrLeaseLost
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("lease %q: %w", l.Key, err)
	}
	return nil
}

// Claims returns the claimed leases whose keys begin with the prefix, by key; also those that are not held any more.
func (s *Store) Claims(ctx context.Context, prefix string) ([]view.Claim, error) {
	if strings.ContainsAny(prefix, "%_") {
		return nil, fmt.Errorf("store: claims of %q: not a prefix of keys", prefix)
	}
	list, err := collect(s.reader(ctx), func(row scanner) (c view.Claim, err error) {
		var alive int64
		err = row.Scan(&c.Key, &c.Holder, &c.Token, timeOf{&c.Expires}, &c.Incarnation, timeOf{&c.Since}, &alive)
		c.Live = alive != 0
		return c, err
	}, "SELECT key, holder, token, expires, incarnation, since, CASE WHEN "+live+" THEN 1 ELSE 0 END FROM lease"+
		" WHERE incarnation > 0 AND key LIKE ? ORDER BY key", prefix+"%")
	if err != nil {
		return nil, fmt.Errorf("store: claims: %w", err)
	}
	return list, nil
}
