// Package store keeps everything that must survive: the event log, what is delivered to whom, generations of intent,
// devices with the leaves Tenter wrote on them, plans, runs, drift episodes, schedules, notifications and leases. It is
// the only package that speaks SQL.
//
// All writing goes through Do. What one Do writes and the events it appends commit together or not at all, and durably
// (SQLite in WAL mode, synchronous FULL). Concurrent Dos share one transaction with a savepoint each, so one caller's
// error undoes only its own work while all share one flush to disk. Events get their place in the log, their link in
// its hash chain and their predecessor within their stream last before the commit, so that log order is commit order.
//
// Several processes may have the same directory open. Reading never waits for writing.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	_ "modernc.org/sqlite" // the database driver
)

// ErrClosed is returned by every method of a store that was closed.
var ErrClosed = errors.New("store: closed")

// Options say which store to open. Dir is required.
type Options struct {
	Dir    string // where the database file is or will be made
	Fabric string // set on events that name none
	Worker string // the source of events that name none
	// Alone says that no other process writes here, so that none is listened for. Others may read, and are rung for.
	Alone bool
	// Check says that what is opened will be written to, and so is looked through for damage first, for a bounded time.
	Check bool
	Log   *zap.Logger
}

// A Store is an open store. Its methods may be called by any number of goroutines.
type Store struct {
	opts   Options
	log    *zap.Logger
	now    func() time.Time
	write  *sql.DB // one connection, used by whoever has the turn
	conn   *sql.Conn
	read   *sql.DB
	copier *sql.DB // one connection, checkpointLoop's
	onRW   stmts
	onRO   stmts

	queue  chan *request
	slow   *time.Timer // the committer's
	closed chan struct{}
	stop   sync.Once
	wg     sync.WaitGroup

	consumers consumers // owned by the committer
	pages     int       // in the write-ahead log since the last checkpoint; the committer's
	full      chan struct{}
	recent    recent
	grown     signal
	bell      bell
}

// fileName is the database's name within the directory.
const fileName = "tenter.db"

// Exists reports whether there is a store in dir.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, fileName))
	return err == nil
}

// Open opens the store in the directory and makes it if there is none. It refuses a database that a newer version
// of Tenter has changed, and one that was emptied; one that is damaged is a *DamagedError. The caller closes the store.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if opts.Dir == "" {
		return nil, errors.New("store: no directory given")
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if opts.Worker == "" {
		opts.Worker = "tenter"
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s := &Store{
		opts: opts, log: opts.Log.Named("store"), now: time.Now,
		queue: make(chan *request, queueSize), slow: time.NewTimer(slowTurn), closed: make(chan struct{}),
		full: make(chan struct{}, 1),
	}
	s.grown.init()
	file := filepath.Join(opts.Dir, fileName)
	if err := s.open(ctx, file); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", opts.Dir, explained(err, file)), s.closeDBs())
	}
	s.wg.Go(s.commitLoop)
	s.wg.Go(s.watchLoop)
	s.wg.Go(s.checkpointLoop)
	return s, nil
}

func (s *Store) file() string { return filepath.Join(s.opts.Dir, fileName) }

func (s *Store) open(ctx context.Context, file string) error {
	var err error
	if s.write, err = openDB(file, 1, "synchronous(FULL)", "journal_mode(WAL)", "cache_size(-16000)", "temp_store(MEMORY)", "wal_autocheckpoint("+mostPages+")"); err != nil {
		return err
	}
	if err := migrate(ctx, s.write, file); err != nil {
		return err
	}
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return err
	}
	s.onRW.prepare = s.conn.PrepareContext
	if s.read, err = openDB(file, readers, "query_only(1)", "cache_size(-8000)"); err != nil {
		return err
	}
	s.onRO.prepare = s.read.PrepareContext
	if s.opts.Check {
		if err := s.quickCheck(ctx, file); err != nil {
			return err
		}
	}
	if s.copier, err = openDB(file, 1, "synchronous(FULL)"); err != nil {
		return err
	}
	h, err := s.head(ctx)
	if err != nil {
		return err
	}
	s.grown.set(h.seq)
	return s.openBell()
}

// readers is how many reading connections there are at most, one of them for watchLoop; a reader beyond them waits.
const readers = 5

func openDB(file string, conns int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close ends all that the store does, after the transaction that is being committed. Waiting callers get ErrClosed.
func (s *Store) Close() error {
	s.stop.Do(func() { close(s.closed) })
	s.wg.Wait()
	return s.closeDBs()
}

func (s *Store) closeDBs() error {
	s.bell.close()
	errs := []error{s.onRW.close(), s.onRO.close()}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	for _, db := range []*sql.DB{s.read, s.copier, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}
