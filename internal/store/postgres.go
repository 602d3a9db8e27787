package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
)

const (
	// oldestServer is the major version below which a server is refused: the oldest that PostgreSQL's own project still
	// mends.
	oldestServer = 15
	// connectTime bounds how long a connection is waited for.
	connectTime = 5 * time.Second
	// idleLimit is after how long PostgreSQL ends a transaction of which it hears nothing: that of a process that was
	// stopped must not keep others from what it has locked for longer than their leases last.
	idleLimit = 5 * time.Second
	// lockLimit is how long a statement waits for what another transaction has locked; that one ends by idleLimit.
	lockLimit = 10 * time.Second
	// answerTime is how long an answer is waited for. PostgreSQL ends what waits for locks long before: it is the net that
	// has gone then.
	answerTime = 30 * time.Second
)

// postgres is a database of a PostgreSQL server. Its transactions are READ COMMITTED: what a method reads in order to
// change it, it locks; what may be there once only, a unique index says; so each method is right by itself, and no
// transaction fails for having read what another changed.
type postgres struct {
	dialect
	s       *Store
	config  *pgxpool.Config
	name    string // for people, without the password
	reads   *pgxpool.Pool
	answer  time.Duration // answerTime
	channel string        // that the log's growth is told on
	away    streak        // of the writer
	w       pgWriter
}

func newPostgres(s *Store) (*postgres, error) {
	config, err := pgxpool.ParseConfig(s.opts.DSN)
	if err != nil {
		return nil, errors.New("the DSN is no URL of PostgreSQL (next: write it as postgres://user:password@host:5432/database?sslmode=verify-full)")
	}
	c := config.ConnConfig
	c.ConnectTimeout = connectTime
	for name, value := range map[string]string{
		"application_name":                    "tenter " + s.opts.Worker,
		"client_encoding":                     "UTF8",
		"default_transaction_isolation":       "read committed",
		"idle_in_transaction_session_timeout": fmt.Sprint(idleLimit.Milliseconds()),
		"lock_timeout":                        fmt.Sprint(lockLimit.Milliseconds()),
		// Tables that are empty now and large in an hour would be planned for as they were: every query that is asked often
		// has its index.
		"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
		"jit": "off", // whatever it takes for a long query is a short one's hundredfold
	} {
		c.RuntimeParams[name] = value
	}
	config.MaxConns, config.MinConns = readers, 0
	config.MaxConnIdleTime = 10 * time.Minute
	e := &postgres{
		s: s, config: config, answer: answerTime, name: fmt.Sprintf("postgres://%s/%s", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), c.Database),
		dialect: dialect{
			now:  "(extract(epoch from clock_timestamp()) * 1000000)::bigint * 1000",
			lock: " FOR UPDATE", free: " FOR UPDATE SKIP LOCKED", numbered: true,
		},
	}
	e.w.e = e
	return e, nil
}

func (e *postgres) open(ctx context.Context) error {
	c, err := e.connect(ctx)
	if err != nil {
		return err
	}
	err = e.prepare(ctx, c)
	if err = errors.Join(err, c.Close(ctx)); err != nil {
		return err
	}
	e.reads, err = pgxpool.NewWithConfig(ctx, e.config)
	return err
}

// connect makes a connection that is told of as the others are.
func (e *postgres) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	return pgx.ConnectConfig(ctx, e.config.ConnConfig.Copy())
}

// prepare looks whether the server is fit, and brings the schema up to date.
func (e *postgres) prepare(ctx context.Context, c *pgx.Conn) error {
	var version int
	var encoding, fsync, lasting string
	err := c.QueryRow(ctx, "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('fsync'), current_setting('synchronous_commit')").
		Scan(&version, &encoding, &fsync, &lasting)
	switch {
	case err != nil:
		return err
	case version/10000 < oldestServer:
		return fmt.Errorf("the server is PostgreSQL %d, and the oldest that will do is %d (next: move the database to a newer server: pg_dump there, psql here)", version/10000, oldestServer)
	case encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s (next: make one with CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8')", encoding)
	}
	if fsync == "off" {
		e.s.log.Warn("the server does not flush to its disk (fsync = off): what it confirms is lost when its machine stops")
	}
	if lasting == "off" { // a Do that has returned must be there after a crash
		e.config.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	}
	var there, may bool
	if err := c.QueryRow(ctx, "SELECT to_regclass('head') IS NOT NULL, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)").Scan(&there, &may); err != nil {
		return err
	}
	switch {
	case !there && e.s.opts.Existing:
		return ErrNone
	case !there && !may:
		return fmt.Errorf("the role %q may not make tables in the database %q (next: %s)", c.Config().User, c.Config().Database, hints["42501"])
	}
	if err := migratePostgres(ctx, c, e.config.ConnConfig); err != nil {
		return err
	}
	// Stores in other schemas of the same database have other logs.
	return c.QueryRow(ctx, "SELECT 'tenter_' || 'head'::regclass::oid").Scan(&e.channel)
}

func (e *postgres) close() error {
	if e.reads != nil {
		e.reads.Close()
	}
	if e.w.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	_ = e.w.conn.Close(ctx) // what was not committed was told as such
	return nil
}

func (e *postgres) aheads() bool { return true }

func (e *postgres) patience() time.Duration { return idleLimit - time.Second }

// read runs the query, once more for each connection that turns out to have been lost meanwhile.
func (e *postgres) read(ctx context.Context, query string, args []any) (rows, error) {
	text := e.text(query)
	ctx, cancel := e.bounded(ctx)
	for n := 0; ; n++ {
		r, err := e.reads.Query(ctx, text, storable(args)...)
		if err == nil {
			p := &pgRows{Rows: r, then: cancel}
			p.peeked = true
			if p.more = r.Next(); p.more || r.Err() == nil {
				return p, nil
			}
			err = r.Err()
		}
		if n == readers || !lost(err) || ctx.Err() != nil {
			_ = cancel()
			return nil, e.explain(err)
		}
	}
}

// bounded bounds what is waited for until the function is called: many readers' contexts end with the process only, and a
// server that was stopped, or that the net has gone from, says nothing.
func (e *postgres) bounded(ctx context.Context) (context.Context, func() error) {
	ctx, cancel := context.WithTimeout(ctx, e.answer)
	return ctx, func() error { cancel(); return nil }
}

// pgRows are rows of which the first may have been asked for already.
type pgRows struct {
	pgx.Rows
	peeked, more bool
	then         func() error // ends what the rows are a part of
}

// Next implements rows.
func (r *pgRows) Next() bool {
	if r.peeked {
		r.peeked = false
		return r.more
	}
	return r.Rows.Next()
}

// Close implements rows.
func (r *pgRows) Close() error {
	r.Rows.Close()
	if r.then != nil {
		then := r.then
		r.then = nil
		return then()
	}
	return nil
}

// watch listens for what is told by whoever commits, this process too, and looks by itself now and then: a connection that
// the net has swallowed tells nothing.
func (e *postgres) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e.s.wg.Go(func() {
		<-e.s.closed
		cancel()
	})
	var away streak
	for wait := least; ; wait = min(2*wait, most) {
		err := e.listen(ctx, &away, e.s.log)
		if ctx.Err() != nil {
			return
		}
		if away.failed() {
			e.s.log.Warn("PostgreSQL does not tell of what other processes wrote", zap.Error(e.explain(err)), zap.Int("times", away.n))
		}
		if away.n == 1 { // it told until now
			wait = least
		}
		select {
		case <-time.After(jitter(wait)):
		case <-ctx.Done():
			return
		}
	}
}

// lookAfter is after how much silence the head is looked at.
const lookAfter = 5 * time.Second

func (e *postgres) listen(ctx context.Context, away *streak, log *zap.Logger) error {
	c, err := e.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.Background()) }()
	listening, cancel := context.WithTimeout(ctx, lookAfter)
	_, err = c.Exec(listening, "LISTEN "+pgx.Identifier{e.channel}.Sanitize())
	cancel()
	if err != nil {
		return err
	}
	if n := away.ended(); n > 0 {
		log.Info("PostgreSQL tells again of what other processes wrote", zap.Int("after failures", n))
	}
	for {
		looking, cancel := context.WithTimeout(ctx, lookAfter)
		var head int64
		err := c.QueryRow(looking, "SELECT seq FROM head WHERE id = 1").Scan(&head)
		cancel()
		if err != nil {
			return err
		}
		e.s.grown.set(event.Seq(head))
		if err := e.hear(ctx, c); err != nil {
			return err
		}
	}
}

// hear takes in what is told, until there was silence for a while.
func (e *postgres) hear(ctx context.Context, c *pgx.Conn) error {
	for {
		silence, cancel := context.WithTimeout(ctx, lookAfter)
		n, err := c.WaitForNotification(silence)
		quiet := silence.Err() != nil
		cancel()
		switch {
		case err == nil:
			var head event.Seq
			if _, err := fmt.Sscan(n.Payload, &head); err == nil {
				e.s.grown.set(head)
			}
		case quiet && ctx.Err() == nil && !c.IsClosed():
			return nil
		default:
			return err
		}
	}
}
