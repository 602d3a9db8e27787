package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

func scanLease(row scanner) (l view.Lease, err error) {
	err = row.Scan(&l.Key, &l.Holder, &l.Token, timeOf{&l.Expires})
	return l, err
}

// Acquire takes the lease when it is free, has expired, or is the holder's own, which gets a new token so that its former
// self is fenced off. Else it returns who has it, and false.
func (s *Store) Acquire(ctx context.Context, key, holder string, ttl time.Duration) (l view.Lease, ok bool, err error) {
	err = s.do(ctx, func(t *transaction) error {
		l, ok, err = acquire(t, key, holder, ttl)
		return err
	})
	if err != nil {
		return view.Lease{}, false, fmt.Errorf("lease %q: %w", key, err)
	}
	return l, ok, nil
}

func acquire(t *transaction, key, holder string, ttl time.Duration) (l view.Lease, ok bool, err error) {
	l, ok, err = first(t, scanLease, `INSERT INTO lease (key, holder, token, expires) VALUES (?, ?, 1, `+clock+` + ?)
		ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, token = lease.token + 1, expires = excluded.expires, incarnation = 0
		WHERE NOT `+live+` OR lease.holder = excluded.holder
		RETURNING key, holder, token, expires`, key, holder, int64(ttl))
	if err != nil || ok {
		return l, ok, err
	}
	l, _, err = first(t, scanLease, "SELECT key, holder, token, expires FROM lease WHERE key = ?", key)
	return l, false, err
}

// Elect is Acquire for what one worker at a time does for all: when it passes to another worker than the log was told of
// last, leader.elected is appended in the same transaction.
func (s *Store) Elect(ctx context.Context, key, holder string, ttl time.Duration) (l view.Lease, ok bool, err error) {
	err = s.do(ctx, func(t *transaction) error {
		if l, ok, err = acquire(t, key, holder, ttl); err != nil || !ok {
			return err
		}
		before, _, err := first(t, func(row scanner) (name string, err error) { return name, row.Scan(&name) },
			"SELECT elected FROM lease WHERE key = ?", key)
		if err != nil || before == holder {
			return err
		}
		if _, err := t.exec("UPDATE lease SET elected = ? WHERE key = ?", holder, key); err != nil {
			return err
		}
		return t.Append(ctx, event.Draft{
			Type: event.TypeLeaderElected, ActorType: event.ActorSystem, Actor: holder,
			Data: event.Leader{Election: key, Worker: holder, Previous: before, Term: l.Token},
		})
	})
	if err != nil {
		return view.Lease{}, false, fmt.Errorf("lease %q: %w", key, err)
	}
	return l, ok, nil
}

const held = " WHERE key = ? AND holder = ? AND token = ? AND " + live

// Renew lets the lease last for ttl from now. It returns view.ErrLeaseLost when it is not held any more.
func (s *Store) Renew(ctx context.Context, l view.Lease, ttl time.Duration) (renewed view.Lease, err error) {
	err = s.do(ctx, func(t *transaction) error {
		var ok bool
		renewed, ok, err = first(t, scanLease, "UPDATE lease SET expires = "+clock+" + ?"+held+" RETURNING key, holder, token, expires",
			int64(ttl), l.Key, l.Holder, l.Token)
		if err == nil && !ok {
			err = view.ErrLeaseLost
		}
		return err
	})
	if err != nil {
		return view.Lease{}, fmt.Errorf("lease %q: %w", l.Key, err)
	}
	return renewed, nil
}

// Release gives the lease up, so that another may take it at once. Releasing what is not held does nothing.
func (s *Store) Release(ctx context.Context, l view.Lease) error {
	err := s.do(ctx, func(t *transaction) error {
		_, err := t.exec("UPDATE lease SET expires = 0"+held, l.Key, l.Holder, l.Token)
		return err
	})
	if err != nil {
		return fmt.Errorf("lease %q: %w", l.Key, err)
	}
	return nil
}

// Guard returns view.ErrLeaseLost when the lease is not held any more. A transaction that it lets pass commits what
// no other holder can have begun meanwhile.
func (s *Store) Guard(tx event.Tx, l view.Lease) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	_, ok, err := first(t, scanLease, "SELECT key, holder, token, expires FROM lease"+held+"{lock}", l.Key, l.Holder, l.Token)
	if err == nil && !ok {
		err = view.ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("lease %q: %w", l.Key, err)
	}
	return nil
}

// Elections returns the leases that an election was won for and that are held, by key.
func (s *Store) Elections(ctx context.Context) ([]view.Lease, error) {
	list, err := collect(s.reader(ctx), scanLease, "SELECT key, holder, token, expires FROM lease WHERE elected <> '' AND "+live+" ORDER BY key")
	if err != nil {
		return nil, fmt.Errorf("store: elections: %w", err)
	}
	return list, nil
}
