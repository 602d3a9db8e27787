package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
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

const (
	// pollEvery is how often the store looks whether another process has written: at the write-ahead log's size and time,
	// which is one system call.
	pollEvery = 10 * time.Millisecond
	// askEvery is after how many such looks it asks SQLite anyway: a file's time may stand still for some milliseconds.
	askEvery = 10
)

// watchLoop wakes waiters for what other processes wrote.
func (s *Store) watchLoop() {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	w := watcher{s: s}
	defer w.close()
	var size int64
	var at time.Time
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-s.closed:
			return
		}
		if wal, err := os.Stat(filepath.Join(s.opts.Dir, fileName+"-wal")); err == nil && n%askEvery != 0 {
			if wal.Size() == size && wal.ModTime().Equal(at) {
				continue
			}
			size, at = wal.Size(), wal.ModTime()
		}
		if err := w.look(); err != nil {
			s.log.Warn("cannot look for what other processes wrote", zap.Error(err))
			w.close()
		}
	}
}

// A watcher keeps one connection, for data_version is told per connection.
type watcher struct {
	s       *Store
	conn    *sql.Conn
	stmt    *sql.Stmt
	version int64
}

// look has no context: the driver would start a goroutine for each statement that could be cancelled, and these take
// microseconds.
func (w *watcher) look() (err error) {
	ctx := context.Background()
	if w.conn == nil {
		if w.conn, err = w.s.read.Conn(ctx); err != nil {
			return err
		}
		if w.stmt, err = w.conn.PrepareContext(ctx, "PRAGMA data_version"); err != nil {
			return err
		}
	}
	var version int64
	if err := w.stmt.QueryRowContext(ctx).Scan(&version); err != nil {
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

// close lets go of the connection; look gets another.
func (w *watcher) close() {
	if w.stmt != nil {
		_ = w.stmt.Close()
	}
	if w.conn != nil {
		_ = w.conn.Close() // only gives it back to the pool
	}
	w.conn, w.stmt = nil, nil
}
