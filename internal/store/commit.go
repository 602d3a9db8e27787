package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
)

const (
	queueSize = 1024                 // Dos that wait for their turn; one more waits to get in
	batchSize = 512                  // Dos in one transaction
	batchTime = 5 * time.Millisecond // after which a transaction takes no more Dos in
	mostBusy  = time.Minute          // for which other processes may keep the store locked
	slowTurn  = 2 * time.Second      // after which a Do's function is told of as too slow
	mostTries = 5                    // for a Do that other transactions are in the way of
)

// A request is one Do on its way: it gets the turn, hands it back with fn's error, and is told the outcome.
type request struct {
	ctx  context.Context
	turn chan *transaction
	back chan error
	done chan error

	ahead *ahead // what it begins with, if that is known
	taken int64  // the rows that this changed; less than 0 before it was run
}

// Do runs fn within a transaction and returns when it is committed, or nothing of it. fn holds the transaction that all
// callers share: it must be quick, must not call Do, and does no I/O of its own. One that makes no use of the transaction for
// as long as the engine's patience is given up, and undone. A panic in fn is an error, and so is a statement that failed
// in it, whatever it returns.
//
// fn may run again from its beginning, when a transaction of another process was in its way or when the connection to
// PostgreSQL was lost before the commit. So what it sets outside must not depend on how often it ran.
//
// The context counts until fn's turn comes; from then on Do returns what became of it. A *LostError says that nobody knows.
func (s *Store) Do(ctx context.Context, fn func(tx event.Tx) error) error {
	return s.do(ctx, func(t *transaction) error { return fn(t) })
}

func (s *Store) do(ctx context.Context, fn func(*transaction) error) error {
	return s.doAhead(ctx, nil, fn)
}

// doAhead is do for a function that begins with what is known: many of those make one statement.
func (s *Store) doAhead(ctx context.Context, a *ahead, fn func(*transaction) error) error {
	begun := time.Now()
	for n := 1; ; n++ {
		err := s.try(ctx, a, fn)
		if err == nil && s.opts.Committed != nil {
			s.opts.Committed(time.Since(begun))
		}
		if err == nil || n == mostTries || !s.engine.again(err) {
			return err
		}
		select { // so that two that were in each other's way are not again
		case <-time.After(rand.N(time.Duration(n) * 20 * time.Millisecond)):
		case <-ctx.Done():
			return err
		case <-s.closed:
			return err
		}
	}
}

func (s *Store) try(ctx context.Context, a *ahead, fn func(*transaction) error) error {
	r := &request{ctx: ctx, turn: make(chan *transaction), back: make(chan error, 1), done: make(chan error, 1), ahead: a, taken: -1}
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
		if failed := t.end(); err == nil {
			err = failed
		}
		r.back <- err
	}()
	if err = fn(t); err == nil {
		err = t.tellRest()
	}
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
	if err := s.w.begin(r); err != nil {
		r.done <- fmt.Errorf("store: begin: %w", s.engine.explain(err))
		return
	}
	var members []*request
	var events []event.Event
	var late []func(*transaction) error
	begun, most := time.Now(), batchSize
	if s.apart > 0 {
		most, s.apart = 1, s.apart-1
	}
	for r != nil {
		list := s.gather(r, most-len(members))
		err := s.takeAhead(list)
		for err == nil && len(list) > 0 {
			if list[0].taken == 0 { // it is to look for itself, and to see what those behind it have not done yet
				if err = s.takeBack(list); err != nil {
					break
				}
			}
			var t *transaction
			if t, err = s.give(list[0]); err != nil {
				break
			}
			if t == nil {
				err = s.takeBack(list[1:])
			} else {
				members = append(members, list[0])
				events = append(events, t.events...)
				late = append(late, t.late...)
			}
			list = list[1:]
		}
		if err != nil { // the transaction is broken, not only one member
			s.abort(append(members, list...), err)
			return
		}
		r = nil
		if len(members) < most && time.Since(begun) < batchTime {
			select {
			case r = <-s.queue:
			default:
			}
		}
	}
	end, err := s.seal(events, late)
	if err == nil {
		err = s.w.commit(end)
	}
	if err != nil {
		s.abort(members, err)
		return
	}
	if len(events) > 0 {
		s.recent.add(events)
		s.grown.set(end.seq)
	}
	for _, m := range members {
		m.done <- nil
	}
	s.w.committed(end.seq)
}

// give lets the request's function run. It returns the function's transaction when it counts, nil when it was undone or
// its caller has left, and an error when the whole transaction is lost.
func (s *Store) give(r *request) (*transaction, error) {
	t := &transaction{s: s, taken: r.taken}
	if r.taken > 0 {
		t.undo = r.ahead
	}
	select {
	case r.turn <- t:
	case <-r.ctx.Done():
		return nil, s.takeBack([]*request{r})
	case <-s.closed:
		return nil, s.takeBack([]*request{r})
	}
	failed := s.back(r, t)
	if failed == nil && t.saved {
		failed = s.w.release()
	}
	if failed == nil {
		return t, nil
	}
	if err := s.w.undo(t.saved, failed); err != nil {
		return nil, errors.Join(failed, err)
	}
	if t.undo != nil {
		if err := t.undo.undo(s.w); err != nil {
			return nil, errors.Join(failed, err)
		}
	}
	r.done <- s.engine.explain(failed)
	return nil, nil
}

// errGivenUp is what a function gets that kept all writers waiting without doing anything.
var errGivenUp = errors.New("store: the function made no use of its transaction for too long, and all of it was undone")

// back waits for the function to end. One that keeps every writer waiting is told of, and is given up when it does not even
// use the transaction: it may wait for one of those who wait for it.
func (s *Store) back(r *request, t *transaction) error {
	s.slow.Reset(slowTurn)
	defer s.slow.Stop()
	for idle := slowTurn; ; {
		select {
		case err := <-r.back:
			return err
		case <-s.slow.C:
		}
		if idle == slowTurn {
			s.log.Error("a transaction keeps all writers waiting", zap.Duration("for", idle))
		}
		// Counted by looks and not by the clock, which also goes on while the whole process is stopped.
		const look = 500 * time.Millisecond
		if idle += look; t.busy.Swap(false) {
			idle = slowTurn + look
		}
		if idle > s.engine.patience() && t.giveUp() {
			return errGivenUp
		}
		s.slow.Reset(look)
	}
}

// abort undoes the transaction and tells its members so.
func (s *Store) abort(members []*request, cause error) {
	s.w.rollback(cause)
	cause = fmt.Errorf("store: commit: %w", s.engine.explain(cause))
	s.consumers.known = false
	if contended(cause) { // together they hold what each of them needs a part of: they come again one by one
		s.apart = len(members)
	}
	for _, m := range members {
		m.done <- cause
	}
}
