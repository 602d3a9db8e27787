package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

const lockColumns = "lease.key, lease.holder, lease.token, lease.since, lease.expires, lease.elected, " + clock + ", COALESCE(v.operation, ''), " +
	"COALESCE(v.host, ''), COALESCE(v.process, 0), COALESCE(v.joined, 0), COALESCE(v.expires, 0) FROM lease LEFT JOIN worker v ON v.name = lease.holder"

func scanLock(row scanner) (l view.Lock, err error) {
	var now, expires time.Time
	var elected string
	w := &l.Holder
	if err := row.Scan(&l.Name, &w.Name, &l.Token, timeOf{&l.Since}, timeOf{&expires}, &elected, timeOf{&now}, &w.Operation, &w.Host, &w.Process,
		timeOf{&w.Joined}, timeOf{&w.Expires}); err != nil {
		return l, err
	}
	l.Elected = elected != ""
	if !w.Joined.IsZero() {
		w.For, w.Left = now.Sub(w.Joined), w.Expires.Sub(now)
	}
	if l.Until = expires; l.Until.Before(w.Expires) && !l.Elected {
		l.Until = w.Expires
	}
	if l.Elected { // taken again with each renewal
		l.Since = time.Time{}
	}
	if !l.Since.IsZero() {
		l.Age = now.Sub(l.Since)
	}
	return l, nil
}

// Locks returns the leases that are held, by name.
func (s *Store) Locks(ctx context.Context) ([]view.Lock, error) {
	list, err := collect(s.reader(ctx), scanLock, "SELECT "+lockColumns+" WHERE "+live+" ORDER BY lease.key")
	if err != nil {
		return nil, fmt.Errorf("store: locks: %w", err)
	}
	return list, nil
}

// Unlock takes a lease away from whoever holds it, and returns how it was. What they do under it from then on fails with
// view.ErrLeaseLost, for it has another token. It returns view.ErrNotFound when nobody holds it.
func (s *Store) Unlock(tx event.Tx, name string) (view.Lock, error) {
	t, err := s.own(tx)
	if err != nil {
		return view.Lock{}, err
	}
	l, ok, err := first(t, scanLock, "SELECT "+lockColumns+" WHERE lease.key = ? AND "+live, name)
	if err == nil && !ok {
		err = view.ErrNotFound
	}
	if err != nil {
		return l, fmt.Errorf("lock %q: %w", name, err)
	}
	n, err := t.exec("UPDATE lease SET holder = '', expires = 0, incarnation = 0, elected = '', token = token + 1 WHERE key = ? AND token = ?", name, l.Token)
	if err == nil && n == 0 {
		err = view.ErrNotFound
	}
	if err != nil {
		return l, fmt.Errorf("lock %q: %w", name, err)
	}
	return l, nil
}
