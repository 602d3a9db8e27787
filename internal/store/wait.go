package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
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

// Wait returns when the log has an event later than after: at once when this process wrote it or the file system
// tells of another process that did, else within a second.
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

// A bell is a file beside the database that every process writes to after it has committed events, and watches. The
// write-ahead log itself would do, but it is written to dozens of times for each commit, and before it.
type bell struct {
	file    *os.File
	watcher *fsnotify.Watcher // nil when the system gives none
}

const (
	bellName = fileName + ".bell"
	// lookEvery is how often the store looks whether another process has written although no bell rang: where the file
	// system tells nothing.
	lookEvery = time.Second
)

func (s *Store) openBell() error {
	name := filepath.Join(s.opts.Dir, bellName)
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.bell.file = file
	if s.opts.Alone {
		return nil
	}
	w, err := fsnotify.NewWatcher()
	if err == nil {
		if err = w.Add(name); err != nil {
			_ = w.Close()
		}
	}
	if err != nil {
		s.log.Warn("no file system notifications: what other processes write is found by looking only",
			zap.Duration("interval", lookEvery), zap.Error(err))
		return nil
	}
	s.bell.watcher = w
	return nil
}

// ring tells the other processes that the log grew. One that does not hear it looks by itself.
func (b *bell) ring() { _, _ = b.file.WriteAt([]byte{'\n'}, 0) }

func (b *bell) close() {
	if b.watcher != nil {
		_ = b.watcher.Close()
	}
	if b.file != nil {
		_ = b.file.Close()
	}
}

// watchLoop wakes waiters for what other processes wrote.
func (s *Store) watchLoop() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	w := watcher{s: s}
	defer w.close()
	var rung <-chan fsnotify.Event
	var lost <-chan error
	if s.bell.watcher != nil {
		rung, lost = s.bell.watcher.Events, s.bell.watcher.Errors
	}
	for {
		select {
		case <-rung:
		case <-lost: // what was lost is found by looking
		case <-tick.C:
		case <-s.closed:
			return
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
