package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"
	_ "modernc.org/sqlite" // the database driver
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tenter-net/tenter/internal/event"
)

// fileName is the database's name within the directory.
const fileName = "tenter.db"

// exists reports whether there is a store in dir.
func exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, fileName))
	return err == nil
}

// sqliteDB is SQLite in a directory. Its one writer needs no row locks: who has begun a transaction is alone.
type sqliteDB struct {
	dialect
	s      *Store
	file   string
	db     *sql.DB // one connection, used by whoever has the turn
	conn   *sql.Conn
	reads  *sql.DB
	copier *sql.DB // one connection, checkpointLoop's
	onRW   stmts
	onRO   stmts

	pages int // in the write-ahead log since the last checkpoint; the committer's
	full  chan struct{}
	bell  bell
	line  line
}

func newSQLite(s *Store) *sqliteDB {
	return &sqliteDB{
		s: s, file: filepath.Join(s.opts.Dir, fileName), full: make(chan struct{}, 1),
		dialect: dialect{now: "CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000"},
	}
}

func (e *sqliteDB) open(ctx context.Context) error {
	err := os.MkdirAll(e.s.opts.Dir, 0o700)
	if err != nil {
		return err
	}
	if e.db, err = openDB(e.file, 1, "synchronous(FULL)", "journal_mode(WAL)", "cache_size(-16000)", "temp_store(MEMORY)", "wal_autocheckpoint("+mostPages+")"); err != nil {
		return err
	}
	if err := migrate(ctx, e.db, e.file); err != nil {
		return err
	}
	if e.conn, err = e.db.Conn(ctx); err != nil {
		return err
	}
	e.onRW.prepare = e.conn.PrepareContext
	if e.reads, err = openDB(e.file, readers, "query_only(1)", "cache_size(-8000)"); err != nil {
		return err
	}
	e.onRO.prepare = e.reads.PrepareContext
	if e.s.opts.Check {
		if err := e.quickCheck(ctx); err != nil {
			return err
		}
	}
	if e.copier, err = openDB(e.file, 1, "synchronous(FULL)"); err != nil {
		return err
	}
	if err := e.openBell(); err != nil {
		return err
	}
	if !e.s.opts.Alone {
		if err := e.line.open(e.s.opts.Dir); err != nil {
			return err
		}
	}
	e.s.wg.Go(e.checkpointLoop)
	return nil
}

// readers is how many reading connections there are at most, one of them for watching; a reader beyond them waits.
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

func (e *sqliteDB) close() error {
	e.bell.close()
	errs := []error{e.onRW.close(), e.onRO.close()}
	if e.conn != nil {
		errs = append(errs, e.conn.Close())
	}
	for _, db := range []*sql.DB{e.reads, e.copier, e.db} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, e.line.close())...)
}

func (e *sqliteDB) read(ctx context.Context, query string, args []any) (rows, error) {
	st, err := e.onRO.get(e.text(query))
	if err != nil {
		return nil, err
	}
	return asRows(st.QueryContext(ctx, args...))
}

// asRows keeps nil rows from becoming an interface that is not nil.
func asRows(r *sql.Rows, err error) (rows, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (e *sqliteDB) writer() writer          { return e }
func (e *sqliteDB) again(error) bool        { return false } // whoever has begun is alone
func (e *sqliteDB) explain(err error) error { return explained(err, e.file) }
func (e *sqliteDB) patience() time.Duration { return 30 * time.Second }

// begin takes the one lock that writers of all processes need. SQLite gives it to whoever asks at the right moment, so that on a
// busy machine one may have no luck for long: that is no reason to fail, until it lasts longer than it should.
func (e *sqliteDB) begin(r *request) error {
	e.line.enter(e.s.closed)
	err := e.beginLocked(r)
	if err != nil {
		e.line.leave()
	}
	return err
}

func (e *sqliteDB) beginLocked(r *request) error {
	for begun := time.Now(); ; {
		_, err := e.exec("BEGIN IMMEDIATE", nil)
		if errorCode(err) != sqlite3.SQLITE_BUSY || r.ctx.Err() != nil || time.Since(begun) > mostBusy {
			return err
		}
		select {
		case <-e.s.closed:
			return err
		default:
			e.s.log.Warn("other processes keep the store locked", zap.Duration("since", time.Since(begun).Round(time.Millisecond)))
		}
	}
}

// save sets none for those who only read: a statement that fails undoes only itself.
func (e *sqliteDB) save(writes bool) (bool, error) {
	if !writes {
		return false, nil
	}
	_, err := e.exec("SAVEPOINT s", nil)
	return err == nil, err
}

func (e *sqliteDB) release() error {
	_, err := e.exec("RELEASE s", nil)
	return err
}

func (e *sqliteDB) undo(saved bool, _ error) error {
	if !saved { // a statement that fails undoes itself
		return nil
	}
	if _, err := e.exec("ROLLBACK TO s", nil); err != nil {
		return err
	}
	return e.release()
}

// exec runs a statement without a context: an interrupted one would undo the work of the others.
func (e *sqliteDB) exec(query string, args []any) (int64, error) {
	st, err := e.onRW.get(e.text(query))
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// takeAll is never called: a statement costs as much alone.
func (e *sqliteDB) takeAll([]*request) ([]int64, error) { return nil, nil }

func (e *sqliteDB) aheads() bool { return false }

func (e *sqliteDB) put(query string, args []any) error {
	_, err := e.exec(query, args)
	return err
}

func (e *sqliteDB) query(query string, args []any) (rows, error) {
	st, err := e.onRW.get(e.text(query))
	if err != nil {
		return nil, err
	}
	return asRows(st.QueryContext(context.Background(), args...))
}

func (e *sqliteDB) commit(tip) error {
	_, err := e.exec("COMMIT", nil)
	if err == nil {
		e.line.leave()
	}
	return err
}

func (e *sqliteDB) committed(end event.Seq) {
	if end > 0 {
		e.bell.ring()
	}
	e.written()
}

func (e *sqliteDB) rollback(cause error) {
	defer e.line.leave()
	full := errorCode(cause) == sqlite3.SQLITE_FULL // after which SQLite may have undone the transaction by itself
	if _, err := e.conn.ExecContext(context.Background(), "ROLLBACK"); err != nil && !full {
		e.s.log.Warn("transaction could not be rolled back", zap.Error(err), zap.NamedError("cause", cause))
	}
}
