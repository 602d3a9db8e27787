package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
)

// A LostError says that the connection to PostgreSQL was lost while a transaction committed, and that PostgreSQL could
// not be asked since what became of it, or does not know.
type LostError struct{ Err error }

// Error says what is not known, and why.
func (e *LostError) Error() string {
	return fmt.Sprintf("the connection to PostgreSQL was lost at the commit, and it is not known whether this was committed: %v", e.Err)
}

// Unwrap returns why it is not known.
func (e *LostError) Unwrap() error { return e.Err }

// undoneError is a transaction that was undone since its connection was lost.
type undoneError struct{ error }

func (e *undoneError) Unwrap() error { return e.error }

// tip is the log's new end. Its hash stands for all that is before it, so no two transactions have the same one.
type tip struct {
	seq  event.Seq // 0: nothing was appended
	hash []byte
}

// A fate is what became of a transaction.
type fate int

const (
	fateOpen fate = iota // it still runs
	fateCommitted
	fateUndone
	fateUnknown // and never will be known
)

// unanswered is a transaction whose commit was not answered.
type unanswered struct {
	end tip
	xid string
	era string
}

// found is what is in PostgreSQL when the transaction is asked for.
type found struct {
	// Of a transaction that appended, read when it had ended: the hash of the event at its end, nil when there is none, and
	// what the archive has.
	hash  []byte
	floor event.Seq
	// Of one that did not append: "in progress", "committed", "aborted", "forgotten", or "future" for an id that was never given.
	status string
	era    string
}

// fate decides by the log, where the transaction has left something in it: a row that is there was committed, and one that
// is not was not. The id alone says less. An id whose transaction was not flushed is given out again after a crash, and then
// tells of another one; so after a crash it proves only that nothing was committed: no id that was is given out again.
func (u unanswered) fate(f found) fate {
	if u.end.seq > 0 {
		switch {
		case f.hash != nil && bytes.Equal(f.hash, u.end.hash):
			return fateCommitted
		case f.hash == nil && f.floor >= u.end.seq: // archived already, this event or another one
			return fateUnknown
		}
		return fateUndone
	}
	same := u.era != "" && f.era == u.era
	switch f.status {
	case "committed":
		if same {
			return fateCommitted
		}
	case "in progress":
		if same {
			return fateOpen
		}
		return fateUndone
	case "aborted", "future":
		return fateUndone
	}
	return fateUnknown
}

// eraQuery tells one run of a server from the next: when it was started, and when it last threw away what it had counted, which
// is after each crash. One crashed process has the server begin anew without being started.
const eraQuery = "SELECT pg_postmaster_start_time()::text || ' ' || coalesce((SELECT stats_reset::text FROM pg_stat_bgwriter), '')"

// era returns it for the server that the connection is to.
func (e *postgres) era(ctx context.Context, c *pgx.Conn) (era string, err error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	err = c.QueryRow(ctx, eraQuery).Scan(&era)
	return era, err
}

// look asks once. It may wait until the transaction's old connection has ended.
func (u unanswered) look(ctx context.Context, c *pgx.Conn, era string) (f found, err error) {
	f.era = era
	if u.end.seq > 0 {
		// The transaction had the head locked before its commit was sent: who gets that lock knows that it has ended, also where
		// the commit arrives late; and a server that only recovers or follows gives no locks.
		var head int64
		if err = c.QueryRow(ctx, "SELECT seq FROM head WHERE id = 1 FOR UPDATE").Scan(&head); err != nil {
			return f, err
		}
		err = c.QueryRow(ctx, "SELECT (SELECT hash FROM event WHERE seq = $1), (SELECT coalesce(max(last), 0) FROM archive)", int64(u.end.seq)).
			Scan(&f.hash, &f.floor)
		return f, err
	}
	err = c.QueryRow(ctx, "SELECT coalesce(pg_xact_status($1::text::xid8), 'forgotten')", u.xid).Scan(&f.status)
	var of *pgconn.PgError
	if errors.As(err, &of) && of.Code == "22023" {
		f.status, err = "future", nil
	}
	return f, err
}

// resolve finds out what became of a transaction whose commit was not answered: nil when it was committed.
func (w *pgWriter) resolve(u unanswered, cause error) error {
	if u.end.seq == 0 && u.xid == "" { // then nothing of it was answered, and its beginning may not have arrived
		return &LostError{Err: cause}
	}
	w.e.s.log.Warn("the connection to PostgreSQL was lost at a commit; it is asked what became of it", zap.Error(cause))
	for end := time.Now().Add(mostBusy); time.Now().Before(end); {
		var f found
		err := w.connect(context.Background())
		if err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), lockLimit)
			f, err = u.look(ctx, w.conn, w.era)
			cancel()
		}
		if err == nil {
			switch u.fate(f) {
			case fateCommitted:
				w.e.s.log.Info("the transaction was committed")
				return nil
			case fateUndone:
				return &undoneError{cause}
			case fateUnknown:
				return &LostError{Err: cause}
			}
		}
		select {
		case <-time.After(least):
		case <-w.e.s.closed:
			return &LostError{Err: cause}
		}
	}
	return &LostError{Err: cause}
}
