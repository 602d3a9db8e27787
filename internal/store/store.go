// Package store keeps everything that must survive: the event log, what is delivered to whom, generations of intent,
// devices with the leaves Tenter wrote on them, plans, runs, drift episodes, schedules, notifications and leases. It is
// the only package that speaks SQL: to SQLite in a directory, or to PostgreSQL.
//
// All writing goes through Do. What one Do writes and the events it appends commit together or not at all, and durably
// (SQLite in WAL mode, synchronous FULL; PostgreSQL with synchronous_commit). Concurrent Dos share one transaction with a
// savepoint each, so one caller's error undoes only its own work while all share one flush to disk. Events get their
// place in the log, their link in its hash chain and their predecessor within their stream last before the commit, under
// a lock on the log's head, so that log order is commit order and no reader passes over one that commits late.
//
// Several processes may have the same store open. Reading never waits for writing. On SQLite all writers take turns; on
// PostgreSQL only the commits do, and what a Do has read to change it (DeviceIn, PlanIn and their like, Guard) is locked
// until it has committed.
package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"
)

// ErrClosed is returned by every method of a store that was closed.
var ErrClosed = errors.New("store: closed")

// Options say which store to open. Dir or DSN is required.
type Options struct {
	Dir    string // where SQLite's database file is or will be made
	DSN    string // a postgres:// URL, instead of Dir. It may hold a password, and is in no error and no log.
	Fabric string // set on events that name none
	Worker string // the source of events that name none
	// Archive is the directory that ArchiveLog moves events to, and that they are read back from; archive in Dir when empty.
	Archive string
	// Alone says that no other process writes to Dir, so that none is listened for. Others may read, and are rung for.
	Alone bool
	// Check says that what is opened will be written to, and so is looked through for damage first, for a bounded time.
	Check bool
	// Existing says that a store is not to be made where there is none: that is ErrNone.
	Existing bool
	// Committed, when set, is told how long each Do took that was committed. It must be quick.
	Committed func(took time.Duration)
	// Traced gives each event a trace context of its own (event.TraceParent).
	Traced bool
	Log    *zap.Logger
}

// ErrNone is returned by Open when it is not to make a store and there is none.
var ErrNone = errors.New("there is no store")

// A Store is an open store. Its methods may be called by any number of goroutines.
type Store struct {
	opts   Options
	name   string // of the store in errors
	log    *zap.Logger
	now    func() time.Time
	engine engine
	w      writer

	queue  chan *request
	slow   *time.Timer // the committer's
	closed chan struct{}
	stop   sync.Once
	wg     sync.WaitGroup

	consumers consumers // owned by the committer
	apart     int       // how many transactions are of one Do each; the committer's
	recent    recent
	grown     signal
	files     files
	archiving archiving
}

// Open opens the store and makes it if there is none. It refuses a database that a newer version of Tenter has changed,
// and one that was emptied; a directory's that is damaged is a *DamagedError. The caller closes the store.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if (opts.Dir == "") == (opts.DSN == "") {
		return nil, errors.New("store: either a directory or a DSN must be given")
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if opts.Worker == "" {
		opts.Worker = "tenter"
	}
	if opts.Archive == "" && opts.Dir != "" {
		opts.Archive = filepath.Join(opts.Dir, archiveName)
	}
	s := &Store{
		opts: opts, name: opts.Dir, log: opts.Log.Named("store"), now: time.Now,
		queue: make(chan *request, queueSize), slow: time.NewTimer(slowTurn), closed: make(chan struct{}),
	}
	s.grown.init()
	if err := s.open(ctx); err != nil {
		s.stop.Do(func() { close(s.closed) })
		s.wg.Wait()
		if s.engine != nil {
			err = errors.Join(s.engine.explain(err), s.engine.close())
		}
		return nil, fmt.Errorf("store %s: %w", s.name, err)
	}
	s.wg.Go(s.commitLoop)
	s.wg.Go(s.engine.watch)
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if s.opts.DSN == "" {
		if s.opts.Existing && !exists(s.opts.Dir) {
			return ErrNone
		}
		s.engine = newSQLite(s)
	} else {
		s.name = "on PostgreSQL"
		p, err := newPostgres(s)
		if err != nil {
			return err
		}
		s.engine, s.name = p, p.name
	}
	if err := s.engine.open(ctx); err != nil {
		return err
	}
	s.w = s.engine.writer()
	h, err := s.head(ctx)
	if err != nil {
		return err
	}
	s.grown.set(h.seq)
	return nil
}

// Close ends all that the store does, after the transaction that is being committed. Waiting callers get ErrClosed.
func (s *Store) Close() error {
	s.stop.Do(func() { close(s.closed) })
	s.wg.Wait()
	return s.engine.close()
}
