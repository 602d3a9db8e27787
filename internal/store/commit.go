package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"go.uber.org/zap"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tenter-net/tenter/internal/event"
)

const (
	queueSize = 1024                 // Dos that wait for their turn; one more waits to get in
	batchSize = 512                  // Dos in one transaction
	batchTime = 5 * time.Millisecond // after which a transaction takes no more Dos in
	mostBusy  = time.Minute          // for which other processes may keep the store locked
	slowTurn  = 2 * time.Second      // after which a Do's function is told of as too slow
)

// A request is one Do on its way: it gets the turn, hands it back with fn's error, and is told the outcome.
type request struct {
	ctx  context.Context
	turn chan *transaction
	back chan error
	done chan error
}

// Do runs fn within a transaction and returns when it is committed, or nothing of it. fn holds the one lock that every
// writer needs: it must be quick, must not call Do, and does no I/O of its own. A panic in fn is an error. The
// context counts until fn's turn comes; from then on Do returns what became of it.
func (s *Store) Do(ctx context.Context, fn func(tx event.Tx) error) error {
	return s.do(ctx, func(t *transaction) error { return fn(t) })
}

func (s *Store) do(ctx context.Context, fn func(*transaction) error) error {
	r := &request{ctx: ctx, turn: make(chan *transaction), back: make(chan error, 1), done: make(chan error, 1)}
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return fmt.Errorf("store: %w", context.Cause(ctx))
	case <-s.closed:
		return ErrClosed
	}
	select {
	case t := <-r.turn:
		runTurn(t, r, fn)
		return <-r.done
	case <-ctx.Done():
		return fmt.Errorf("store: %w", context.Cause(ctx))
	case err := <-r.done: // the transaction could not begin
		return err
	case <-s.closed:
		return ErrClosed
	}
}

// runTurn runs fn on its caller's goroutine, so that a panic or Goexit there never takes the committer with it.
func runTurn(t *transaction, r *request, fn func(*transaction) error) {
	err := errors.New("store: the function ended its goroutine")
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: panic: %v\n%s", p, debug.Stack())
		}
		t.over = true
		r.back <- err
	}()
	err = fn(t)
}

// commitLoop is the one goroutine that begins and commits transactions.
func (s *Store) commitLoop() {
	for {
		select {
		case r := <-s.queue:
			s.batch(r)
		case <-s.closed:
			return
		}
	}
}

// batch commits one transaction with the request and those that come meanwhile.
func (s *Store) batch(r *request) {
	t := &transaction{s: s}
	if err := s.begin(t, r); err != nil {
		r.done <- fmt.Errorf("store: begin: %w", explained(err, s.file()))
		return
	}
	var members []*request
	var events []event.Event
	begun := time.Now()
	for n := 0; r != nil; n++ {
		t, err := s.give(r, n)
		if err != nil { // the transaction is broken, not only this member
			s.abort(append(members, r), err)
			return
		}
		if t != nil {
			members = append(members, r)
			events = append(events, t.events...)
		}
		r = nil
		if len(members) < batchSize && time.Since(begun) < batchTime {
			select {
			case r = <-s.queue:
			default:
			}
		}
	}
	head, err := s.seal(events)
	if err == nil {
		_, err = t.raw("COMMIT")
	}
	if err != nil {
		s.abort(members, err)
		return
	}
	if len(events) > 0 {
		s.recent.add(events)
		s.grown.set(head)
		s.bell.ring()
	}
	for _, m := range members {
		m.done <- nil
	}
	s.written()
}

// begin takes the one lock that writers of all processes need. SQLite gives it to whoever asks at the right moment, so that on a
// busy machine one may have no luck for long: that is no reason to fail, until it lasts longer than it should.
func (s *Store) begin(t *transaction, r *request) error {
	for begun := time.Now(); ; {
		_, err := t.raw("BEGIN IMMEDIATE")
		if errorCode(err) != sqlite3.SQLITE_BUSY || r.ctx.Err() != nil || time.Since(begun) > mostBusy {
			return err
		}
		select {
		case <-s.closed:
			return err
		default:
			s.log.Warn("other processes keep the store locked", zap.Duration("since", time.Since(begun).Round(time.Millisecond)))
		}
	}
}

// give lets the request's function run. It returns the function's transaction when it counts, nil when it was undone or
// its caller has left, and an error when the whole transaction is lost.
func (s *Store) give(r *request, n int) (*transaction, error) {
	t := &transaction{s: s, savepoint: "s" + strconv.Itoa(n)}
	select {
	case r.turn <- t:
	case <-r.ctx.Done():
		return nil, nil
	case <-s.closed:
		return nil, nil
	}
	failed := s.back(r)
	if failed == nil {
		if !t.saved {
			return t, nil
		}
		_, err := t.raw("RELEASE " + t.savepoint)
		return t, err
	}
	if t.saved {
		if _, err := t.raw("ROLLBACK TO " + t.savepoint); err != nil {
			return nil, errors.Join(failed, err)
		}
		if _, err := t.raw("RELEASE " + t.savepoint); err != nil {
			return nil, errors.Join(failed, err)
		}
	}
	if t.undo != nil {
		if err := t.undo(); err != nil {
			return nil, errors.Join(failed, err)
		}
	}
	r.done <- explained(failed, s.file())
	return nil, nil
}

// back waits for the function to end. One that keeps every writer waiting is told of, for it may wait for one of them.
func (s *Store) back(r *request) error {
	s.slow.Reset(slowTurn)
	defer s.slow.Stop()
	select {
	case err := <-r.back:
		return err
	case <-s.slow.C:
		s.log.Error("a transaction keeps all writers waiting", zap.Duration("for", slowTurn))
		return <-r.back
	}
}

// abort undoes the transaction and tells its members so.
func (s *Store) abort(members []*request, cause error) {
	full := errorCode(cause) == sqlite3.SQLITE_FULL // after which SQLite may have undone the transaction by itself
	cause = fmt.Errorf("store: commit: %w", explained(cause, s.file()))
	if _, err := s.conn.ExecContext(context.Background(), "ROLLBACK"); err != nil && !full {
		s.log.Warn("transaction could not be rolled back", zap.Error(err), zap.NamedError("cause", cause))
	}
	s.consumers.known = false
	for _, m := range members {
		m.done <- cause
	}
}

// A transaction is one Do's part of the transaction.
type transaction struct {
	s         *Store
	savepoint string
	saved     bool         // the savepoint is set: before the first statement that writes
	over      bool         // the function has returned
	undo      func() error // takes back what was written without a savepoint
	events    []event.Event
	cause     *event.Event // what the events appended are caused by
	group     string       // that handles the cause
	children  int
}

// own returns the transaction when it is one of this store and still runs.
func (s *Store) own(t event.Tx) (*transaction, error) {
	mine, ok := t.(*transaction)
	switch {
	case !ok || mine.s != s:
		return nil, errors.New("store: the transaction is not of this store")
	case mine.over:
		return nil, errors.New("store: the transaction is over")
	}
	return mine, nil
}

// exec runs a statement that writes and returns how many rows it changed.
func (t *transaction) exec(query string, args ...any) (int64, error) {
	if !t.saved {
		if _, err := t.raw("SAVEPOINT " + t.savepoint); err != nil {
			return 0, err
		}
		t.saved = true
	}
	return t.raw(query, args...)
}

// raw runs a statement without a context: an interrupted statement would undo the work of the others.
func (t *transaction) raw(query string, args ...any) (int64, error) {
	st, err := t.s.onRW.get(query)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (t *transaction) query(query string, args ...any) (*sql.Rows, error) {
	st, err := t.s.onRW.get(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(context.Background(), args...)
}
