package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// stmts prepares every statement once. The texts are constants of this package, so their number is bounded.
type stmts struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)
	mu      sync.Mutex
	byText  map[string]*sql.Stmt
}

func (c *stmts) get(query string) (*sql.Stmt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st, ok := c.byText[query]; ok {
		return st, nil
	}
	st, err := c.prepare(context.Background(), query)
	if err != nil {
		return nil, err
	}
	if c.byText == nil {
		c.byText = map[string]*sql.Stmt{}
	}
	c.byText[query] = st
	return st, nil
}

func (c *stmts) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, st := range c.byText {
		errs = append(errs, st.Close())
	}
	c.byText = nil
	return errors.Join(errs...)
}

// A querier reads: on a connection of its own, or within a transaction.
type querier interface {
	query(query string, args ...any) (rows, error)
}

type reader struct {
	s   *Store
	ctx context.Context // the caller's, for one call
}

func (s *Store) reader(ctx context.Context) querier { return reader{s, ctx} }

func (r reader) query(query string, args ...any) (rows, error) {
	select {
	case <-r.s.closed:
		return nil, ErrClosed
	default:
	}
	return r.s.engine.read(r.ctx, query, args)
}

// collect reads all rows with scan.
func collect[T any](q querier, scan func(scanner) (T, error), query string, args ...any) (list []T, err error) {
	rows, err := q.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// first reads the first row with scan; ok is false when there is none.
func first[T any](q querier, scan func(scanner) (T, error), query string, args ...any) (v T, ok bool, err error) {
	rows, err := q.query(query, args...)
	if err != nil {
		return v, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return v, false, rows.Err()
	}
	v, err = scan(rows)
	return v, err == nil, err
}

type scanner interface{ Scan(dest ...any) error }

// Times are kept as nanoseconds since 1970 in UTC, the zero time as 0.
func toDB(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

type timeOf struct{ t *time.Time }

// Scan implements sql.Scanner.
func (d timeOf) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return errors.New("a time is not an integer")
	}
	*d.t = time.Time{}
	if n != 0 {
		*d.t = time.Unix(0, n).UTC()
	}
	return nil
}
