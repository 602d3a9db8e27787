package reconcile

import (
	"context"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// A job is work that is due. Jobs of one key are done one after the other, and those that wait coalesce: what
// is done is decided by the state of things when it is done, so once is enough.
type job struct {
	key     string
	kind    kind
	device  intent.DeviceName
	run     string
	command event.Event // of kindCommand
	ask     view.Ask    // of kindAsk
	cause   event.Event // what asked for it; zero when it was found
	due     time.Time   // not to be done before
}

type kind int

const (
	kindRun      kind = iota // drive a run
	kindDrift                // plan a device's drift
	kindIntent               // plan the current generation
	kindBack                 // a device answers again
	kindCommand              // carry out a command
	kindEscalate             // tell others that a plan waits
	kindOpening              // it may be time for what waited
	kindAsk                  // answer what another process asks of a device
)

// A queue holds jobs by key. It is bounded by the number of keys: devices, open runs and commands that wait.
type queue struct {
	mu      sync.Mutex
	waiting []job
	busy    map[string]bool
	signal  chan struct{} // has a token when a job may be ready
	now     func() time.Time
}

func newQueue() *queue {
	return &queue{busy: map[string]bool{}, signal: make(chan struct{}, 1), now: time.Now}
}

// add queues a job unless one of its key waits already, which then tells of the newer cause.
func (q *queue) add(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, w := range q.waiting {
		if w.key == j.key {
			if j.cause.ID != "" {
				q.waiting[i].cause = j.cause
			}
			if j.due.Before(w.due) {
				q.waiting[i].due = j.due
				q.wake()
			}
			return
		}
	}
	q.waiting = append(q.waiting, j)
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.signal <- struct{}{}:
	default:
	}
}

// next waits for a job that is due and whose key nobody works on. Whoever gets it calls done.
func (q *queue) next(ctx context.Context) (job, error) {
	for {
		j, wait, ok := q.take(q.now())
		if ok {
			return j, nil
		}
		var due <-chan time.Time
		if wait > 0 {
			t := time.NewTimer(wait)
			defer t.Stop()
			due = t.C
		}
		select {
		case <-ctx.Done():
			return job{}, ctx.Err()
		case <-q.signal:
		case <-due:
		}
	}
}

// take returns a job that is ready, or how long it is until one may be; 0 is until the signal.
func (q *queue) take(now time.Time) (j job, wait time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, j := range q.waiting {
		if q.busy[j.key] {
			continue
		}
		if left := j.due.Sub(now); left > 0 {
			if wait == 0 || left < wait {
				wait = left
			}
			continue
		}
		q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
		q.busy[j.key] = true
		q.wake() // others may find more
		return j, 0, true
	}
	return job{}, wait, false
}

func (q *queue) done(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.busy, j.key)
	q.wake()
}
