package store

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

// A transaction is one Do's part of the transaction.
type transaction struct {
	s      *Store
	saved  bool   // the savepoint is set: before the first statement that needs one
	taken  int64  // what was run ahead changed so many rows; less than 0: nothing was
	undo   *ahead // what was done without a savepoint, to be taken back
	events []event.Event
	late   []func(*transaction) error // to run under the lock on the log's head

	cause    *event.Event // what the events appended are caused by
	group    string       // that handles the cause
	children int
	untold   map[intent.DeviceName]event.DeviceState // rows of devices that no event has told of yet

	mu     sync.Mutex // held by a statement, until its rows are closed
	over   bool       // the function has returned, or was given up
	failed error      // the first statement that failed: what comes after it would build on sand
	busy   atomic.Bool
}

// own returns the transaction when it is one of this store and still runs.
func (s *Store) own(t event.Tx) (*transaction, error) {
	mine, ok := t.(*transaction)
	if !ok || mine.s != s {
		return nil, errors.New("store: the transaction is not of this store")
	}
	mine.mu.Lock()
	defer mine.mu.Unlock()
	if mine.over {
		return nil, errOver
	}
	return mine, nil
}

var errOver = errors.New("store: the transaction is over")

// end is called when the function has returned. It returns the statement that failed in it.
func (t *transaction) end() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	return t.failed
}

// giveUp ends the transaction for a function that runs on, unless it uses it right now.
func (t *transaction) giveUp() bool {
	if !t.mu.TryLock() {
		return false
	}
	defer t.mu.Unlock()
	t.over = true
	return true
}

// enter is called before each statement, with the lock on mu held.
func (t *transaction) enter() error {
	t.busy.Store(true)
	switch {
	case t.over:
		return errOver
	case t.failed != nil:
		return t.failed
	}
	return nil
}

func (t *transaction) save(writes bool) (err error) {
	if !t.saved {
		t.saved, err = t.s.w.save(writes)
	}
	return err
}

// exec runs a statement that writes and returns how many rows it changed.
func (t *transaction) exec(query string, args ...any) (n int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.enter(); err != nil {
		return 0, err
	}
	if err = t.save(true); err == nil {
		n, err = t.s.w.exec(query, args)
	}
	t.failed = err
	return n, err
}

// raw is exec without a savepoint; t.undo must be set to take back what it did.
func (t *transaction) raw(query string, args ...any) (n int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.enter(); err != nil {
		return 0, err
	}
	n, err = t.s.w.exec(query, args)
	t.failed = err
	return n, err
}

// put runs a statement that writes, and of which only success counts; its error may be found only when the function has
// returned. It saves PostgreSQL the round trip.
func (t *transaction) put(query string, args ...any) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.enter(); err != nil {
		return err
	}
	if err := t.save(true); err != nil {
		return err
	}
	t.failed = t.s.w.put(query, args)
	return t.failed
}

func (t *transaction) query(query string, args ...any) (rows, error) {
	t.mu.Lock()
	if err := t.enter(); err != nil {
		t.mu.Unlock()
		return nil, err
	}
	// A query that changes rows as well says so by RETURNING.
	err := t.save(returning(query))
	var r rows
	if err == nil {
		r, err = t.s.w.query(query, args)
	}
	if err != nil {
		t.failed = err
		t.mu.Unlock()
		return nil, err
	}
	return &lockedRows{rows: r, t: t}, nil
}

// returning reports whether the query changes what it returns.
func returning(query string) bool { return strings.Contains(query, "RETURNING") }

// lockedRows keep the transaction until they are closed.
type lockedRows struct {
	rows
	t *transaction
}

// Close implements rows.
func (r *lockedRows) Close() error {
	if r.t == nil {
		return nil
	}
	err := r.rows.Err()
	r.t.failed = errors.Join(r.t.failed, err)
	err = r.rows.Close()
	r.t.mu.Unlock()
	r.t = nil
	return err
}
