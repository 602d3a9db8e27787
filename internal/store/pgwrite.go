package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
)

// pgWriter is the connection that writes. Statements whose results nobody waits for are kept back and sent with the next
// one, for it is the round trips that cost the time: appending is two, one to lock the head and one for all the rest.
type pgWriter struct {
	e     *postgres
	conn  *pgx.Conn // nil while there is none
	kept  []kept    // not sent yet
	era   string    // which run of the server the connection is to, see eraQuery
	xid   string    // the transaction's, known as soon as anything was sent
	sent  bool      // anything was
	stale bool      // the connection is not to be used for another one
	next  time.Time // no connection is tried before, after one that failed
	wait  time.Duration
	why   error // what failed then
}

type kept struct {
	text string
	args []any
	into *string // where its one value goes
	put  bool    // it is a member's statement
}

// The waits between attempts to connect.
const (
	least = 50 * time.Millisecond
	most  = 2 * time.Second
)

func (e *postgres) writer() writer { return &e.w }

func (w *pgWriter) begin(r *request) error {
	w.kept, w.xid, w.sent = w.kept[:0], "", false
	if w.stale && w.conn != nil {
		_ = w.conn.Close(context.Background())
	}
	w.stale = false
	if err := w.connect(r.ctx); err != nil {
		return err
	}
	if err := w.limit(); err != nil {
		return err
	}
	// The transaction's id tells what became of it when the connection is lost at the commit.
	w.kept = append(w.kept, kept{text: "BEGIN"}, kept{text: "SELECT pg_current_xact_id()::text", into: &w.xid})
	return nil
}

// suspect has the next transaction begin on a new connection when this one was for reading only. A session keeps what it began with,
// so it would stay so when the server takes writes again; and of several servers another may be the primary now.
func (w *pgWriter) suspect(cause error) {
	var of *pgconn.PgError
	w.stale = w.stale || errors.As(cause, &of) && of.Code == "25006"
}

// limit bounds how long the next answers are waited for. A statement has no context: to break one off is to lose the
// connection, and with it the work of others.
func (w *pgWriter) limit() error {
	return w.conn.PgConn().Conn().SetDeadline(time.Now().Add(w.e.answer))
}

// connect connects unless there is a connection, or returns the last error while it is too early to try again.
func (w *pgWriter) connect(ctx context.Context) error {
	if w.conn != nil && !w.conn.IsClosed() {
		return nil
	}
	if time.Now().Before(w.next) {
		return w.why
	}
	conn, err := w.e.connect(ctx)
	var era string
	if err == nil {
		if era, err = w.e.era(ctx, conn); err != nil {
			_ = conn.Close(context.Background()) // it is of no use
		}
	}
	if err != nil {
		if ctx.Err() != nil { // the caller's own end says nothing of the server
			return err
		}
		w.wait = min(max(2*w.wait, least), most)
		w.next, w.why = time.Now().Add(jitter(w.wait)), err
		if w.e.away.failed() {
			w.e.s.log.Warn("PostgreSQL cannot be written to", zap.Error(w.e.explain(err)), zap.Int("times", w.e.away.n))
		}
		return err
	}
	if n := w.e.away.ended(); n > 0 {
		w.e.s.log.Info("PostgreSQL can be written to again", zap.Int("after failures", n))
	}
	w.conn, w.era, w.wait, w.next = conn, era, 0, time.Time{}
	return nil
}

// save sets one for those too who only read: after any error PostgreSQL takes no more statements until it is gone back to.
func (w *pgWriter) save(bool) (bool, error) {
	w.kept = append(w.kept, kept{text: "SAVEPOINT s"})
	return true, w.limit()
}

// release waits for what the member has put: an error of that is its own.
func (w *pgWriter) release() error {
	if n := len(w.kept); n > 0 && w.kept[n-1].put {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.kept = append(w.kept, kept{text: "RELEASE s"})
	return nil
}

func (w *pgWriter) undo(saved bool, cause error) error {
	w.suspect(cause)
	if !saved {
		if w.conn.IsClosed() || w.conn.PgConn().TxStatus() == 'E' {
			return errors.New("the transaction cannot go on")
		}
		return nil
	}
	if err := w.flush(); err != nil && w.conn.IsClosed() {
		return err
	}
	_, err := w.conn.PgConn().Exec(context.Background(), "ROLLBACK TO s; RELEASE s").ReadAll()
	return err
}

func (w *pgWriter) put(query string, args []any) error {
	w.kept = append(w.kept, kept{text: w.e.text(query), args: storable(args), put: true})
	return nil
}

func (w *pgWriter) exec(query string, args []any) (int64, error) {
	w.kept = append(w.kept, kept{text: w.e.text(query), args: storable(args)})
	br, err := w.send(1)
	if err != nil {
		return 0, err
	}
	tag, err := br.Exec()
	err = errors.Join(err, br.Close())
	return tag.RowsAffected(), err
}

// takeMany is ahead.take for many: each is looked for in the index by itself (OFFSET keeps what must not be there from becoming a
// join, see takeFirst).
const takeMany = "DELETE FROM delivery USING unnest(?::text[], ?::text[], ?::bigint[]) WITH ORDINALITY AS k(grp, subject, seq, n)" +
	" WHERE delivery.grp = k.grp AND delivery.subject = k.subject AND delivery.seq = k.seq AND " + ordinary +
	" AND (k.subject = '' OR NOT EXISTS (SELECT 1 FROM delivery e WHERE e.grp = k.grp AND e.subject = k.subject AND e.seq < k.seq AND e.state <> 'dead' OFFSET 0))" +
	" RETURNING k.n"

func (w *pgWriter) takeAll(list []*request) (changed []int64, err error) {
	groups, subjects, seqs := make([]string, len(list)), make([]string, len(list)), make([]int64, len(list))
	for i, r := range list {
		groups[i], subjects[i], seqs[i] = r.ahead.group, r.ahead.event.Subject, int64(r.ahead.event.Seq)
	}
	rows, err := w.query(takeMany, []any{groups, subjects, seqs})
	if err != nil {
		return nil, err
	}
	changed = make([]int64, len(list))
	for rows.Next() && err == nil {
		var n int64
		if err = rows.Scan(&n); err == nil {
			changed[n-1]++
		}
	}
	return changed, errors.Join(err, rows.Err(), rows.Close())
}

func (w *pgWriter) query(query string, args []any) (rows, error) {
	w.kept = append(w.kept, kept{text: w.e.text(query), args: storable(args)})
	br, err := w.send(1)
	if err != nil {
		return nil, err
	}
	r, err := br.Query()
	if err != nil {
		return nil, errors.Join(err, br.Close())
	}
	return &pgRows{Rows: r, then: br.Close}, nil
}

// flush sends what is kept back and takes its answers.
func (w *pgWriter) flush() error {
	if len(w.kept) == 0 {
		return nil
	}
	br, err := w.send(0)
	if err != nil {
		return err
	}
	return br.Close()
}

// send sends what is kept back and takes all answers but those of the last so many statements.
func (w *pgWriter) send(last int) (pgx.BatchResults, error) {
	var b pgx.Batch
	for _, k := range w.kept {
		b.Queue(k.text, k.args...)
	}
	list := w.kept[:len(w.kept)-last]
	w.sent = true
	br := w.conn.SendBatch(context.Background(), &b)
	for _, k := range list {
		var err error
		if k.into != nil {
			err = br.QueryRow().Scan(k.into)
		} else {
			_, err = br.Exec()
		}
		if err != nil {
			w.kept = w.kept[:0]
			return nil, errors.Join(err, br.Close())
		}
	}
	w.kept = w.kept[:0]
	return br, nil
}

func (w *pgWriter) commit(end tip) error {
	if !w.sent && len(w.kept) <= 2 { // nobody made any use of it
		return nil
	}
	if end.seq > 0 {
		w.kept = append(w.kept, kept{text: "SELECT pg_notify($1, $2)", args: []any{w.e.channel, strconv.FormatUint(uint64(end.seq), 10)}})
	}
	// All before the commit is sent in the same packet. So an error before it, and not only one of it, may be the last that
	// is heard of a transaction that was committed.
	w.kept = append(w.kept, kept{text: "COMMIT"})
	if err := w.limit(); err != nil {
		return err
	}
	br, err := w.send(1)
	var tag pgconn.CommandTag
	if err == nil {
		tag, err = br.Exec()
		err = errors.Join(err, br.Close())
	}
	switch {
	case err == nil && tag.String() != "COMMIT":
		return fmt.Errorf("PostgreSQL undid the transaction: %s", tag)
	case err != nil && w.conn.IsClosed():
		return w.resolve(unanswered{end: end, xid: w.xid, era: w.era}, err)
	}
	return err
}

func (w *pgWriter) committed(event.Seq) {}

func (w *pgWriter) rollback(cause error) {
	w.suspect(cause)
	if w.conn == nil || w.conn.IsClosed() || w.conn.PgConn().TxStatus() == 'I' {
		return
	}
	_ = w.limit()
	if _, err := w.conn.Exec(context.Background(), "ROLLBACK"); err != nil {
		_ = w.conn.Close(context.Background()) // which undoes it as well
	}
}
