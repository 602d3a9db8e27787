package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/tenter-net/tenter/internal/event"
)

// signal tells waiters that the log grew.
type signal struct {
	mu   sync.Mutex
	seq  event.Seq
	wake chan struct{}
}

func (g *signal) init() { g.wake = make(chan struct{}) }

func (g *signal) set(seq event.Seq) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if seq > g.seq {
		g.seq = seq
		close(g.wake)
		g.wake = make(chan struct{})
	}
}

func (g *signal) get() (event.Seq, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seq, g.wake
}

// Wait returns when the log has an event later than after: at once when this process wrote it, and when
// the file system or PostgreSQL tells of another process that did; within a second where the file system does not tell,
// and within a few after PostgreSQL could not be reached.
func (s *Store) Wait(ctx context.Context, after event.Seq) error {
	for {
		seq, wake := s.grown.get()
		if seq > after {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return fmt.Errorf("store: wait: %w", context.Cause(ctx))
		case <-s.closed:
			return ErrClosed
		}
	}
}
