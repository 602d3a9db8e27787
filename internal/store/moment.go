package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
)

// A oneMoment reads in one transaction, so that all of its queries see the database as it was at one moment.
type oneMoment struct {
	read func(query string, args []any) (rows, error)
}

func (m oneMoment) query(query string, args ...any) (rows, error) { return m.read(query, args) }

// moment implements engine. SQLite's readers see what was committed when their transaction began to read.
func (e *sqliteDB) moment(ctx context.Context, fn func(querier) error) (err error) {
	tx, err := e.reads.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ended(tx.Rollback(), sql.ErrTxDone)) }()
	return fn(oneMoment{func(query string, args []any) (rows, error) {
		return asRows(tx.QueryContext(ctx, e.text(query), args...))
	}})
}

// moment implements engine. In PostgreSQL it takes REPEATABLE READ: else each statement would see a moment of its own.
func (e *postgres) moment(ctx context.Context, fn func(querier) error) (err error) {
	beginning, begun := e.bounded(ctx)
	tx, err := e.reads.BeginTx(beginning, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	_ = begun()
	if err != nil {
		return e.explain(err)
	}
	defer func() {
		ending, over := e.bounded(context.WithoutCancel(ctx))
		err = errors.Join(err, ended(tx.Rollback(ending), pgx.ErrTxClosed), over())
	}()
	return fn(oneMoment{func(query string, args []any) (rows, error) {
		answering, answered := e.bounded(ctx)
		r, err := tx.Query(answering, e.text(query), storable(args)...)
		if err != nil {
			_ = answered()
			return nil, e.explain(err)
		}
		return &pgRows{Rows: r, then: answered}, nil
	}})
}

// ended is the error of the end of a transaction that was only read in, unless it had ended already.
func ended(err, already error) error {
	if errors.Is(err, already) {
		return nil
	}
	return err
}
