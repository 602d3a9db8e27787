package store

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

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

func (e *sqliteDB) openBell() error {
	name := filepath.Join(e.s.opts.Dir, bellName)
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	e.bell.file = file
	if e.s.opts.Alone {
		return nil
	}
	w, err := fsnotify.NewWatcher()
	if err == nil {
		if err = w.Add(name); err != nil {
			_ = w.Close()
		}
	}
	if err != nil {
		e.s.log.Warn("no file system notifications: what other processes write is found by looking only",
			zap.Duration("interval", lookEvery), zap.Error(err))
		return nil
	}
	e.bell.watcher = w
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

func (e *sqliteDB) watch() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	w := watcher{e: e}
	defer w.close()
	var rung <-chan fsnotify.Event
	var lost <-chan error
	if e.bell.watcher != nil {
		rung, lost = e.bell.watcher.Events, e.bell.watcher.Errors
	}
	for {
		select {
		case <-rung:
		case <-lost: // what was lost is found by looking
		case <-tick.C:
		case <-e.s.closed:
			return
		}
		if err := w.look(); err != nil {
			e.s.log.Warn("cannot look for what other processes wrote", zap.Error(err))
			w.close()
		}
	}
}

// A watcher keeps one connection, for data_version is told per connection.
type watcher struct {
	e       *sqliteDB
	conn    *sql.Conn
	stmt    *sql.Stmt
	version int64
}

// look has no context: the driver would start a goroutine for each statement that could be cancelled, and these take
// microseconds.
func (w *watcher) look() (err error) {
	ctx := context.Background()
	if w.conn == nil {
		if w.conn, err = w.e.reads.Conn(ctx); err != nil {
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
	h, err := scanHead(w.conn.QueryRowContext(ctx, w.e.text(selectHead)))
	if err != nil {
		return err
	}
	w.version = version
	w.e.s.grown.set(h.seq)
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
