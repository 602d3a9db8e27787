package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

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

// Wait returns when the log has an event later than after: at once when this process wrote it, within
// pollEvery when another did.
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

// pollEvery is how often the store looks whether another process has written. The look costs some microseconds, as
// SQLite answers from the shared memory beside its write-ahead log.
const pollEvery = 5 * time.Millisecond

// watchLoop wakes waiters for what other processes wrote.
func (s *Store) watchLoop() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	w := watcher{s: s}
	defer w.close()
	for {
		select {
		case <-tick.C:
			if err := w.look(ctx); err != nil {
				s.log.Warn("cannot look for what other processes wrote", zap.Error(err))
				w.close()
			}
		case <-s.closed:
			return
		}
	}
}

// A watcher keeps one connection, for data_version is told per connection.
type watcher struct {
	s       *Store
	conn    *sql.Conn
	version int64
}

func (w *watcher) look(ctx context.Context) (err error) {
	if w.conn == nil {
		if w.conn, err = w.s.read.Conn(ctx); err != nil {
			return err
		}
	}
	var version int64
	if err := w.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
		return err
	}
	if version == w.version {
		return nil
	}
	h, err := scanHead(w.conn.QueryRowContext(ctx, selectHead))
	if err != nil {
		return err
	}
	w.version = version
	w.s.grown.set(h.seq)
	return nil
}

func (w *watcher) close() {
	if w.conn != nil {
		_ = w.conn.Close() // only gives it back to the pool
		w.conn = nil
	}
}
