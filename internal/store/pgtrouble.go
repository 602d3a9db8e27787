package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// streak counts what fails again and again, to tell of it now and then only.
type streak struct{ n int }

// failed counts one more and reports whether to tell of it: the first and every hundredth.
func (s *streak) failed() bool {
	s.n++
	return s.n%100 == 1
}

// ended returns how many there were.
func (s *streak) ended() int {
	n := s.n
	s.n = 0
	return n
}

// jitter is about d, so that many do not come at once.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// lost reports whether the error is that of a connection that is no more, or is none yet.
func lost(err error) bool {
	var of *pgconn.PgError
	if errors.As(err, &of) {
		return strings.HasPrefix(of.Code, "08") || strings.HasPrefix(of.Code, "57P") || of.Code == "25P03"
	}
	var n net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &n) ||
		err != nil && strings.Contains(err.Error(), "conn closed")
}

func (e *postgres) again(err error) bool {
	var unknown *LostError
	var away *awayError
	var refused *refusedError
	var undone *undoneError
	var of *pgconn.PgError
	switch {
	case errors.As(err, &undone):
		return true
	case errors.As(err, &unknown), errors.As(err, &refused):
		return false
	case errors.As(err, &away): // a connection that was lost may be the last of a server that is back already
		var connecting *pgconn.ConnectError
		return !errors.As(err, &connecting)
	case errors.As(err, &of):
		return contended(err) || of.Code == "23505" // unique violation: of what another transaction wrote since it was looked for
	}
	return false
}

// contended reports whether the error says that two transactions held what the other one needed.
func contended(err error) bool {
	var of *pgconn.PgError
	if !errors.As(err, &of) {
		return false
	}
	switch of.Code {
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock not available
		return true
	}
	return false
}

// An awayError is a server that cannot be reached. It is not worth to be tried again at once.
type awayError struct{ err error }

// Error says what to look at: in one line, which pgx's errors are not.
func (e *awayError) Error() string {
	text, next := oneLine(e.err), "pg_isready says whether it runs; see that store.dsn names its host and port; a server goes on by itself when it is back"
	if strings.Contains(text, "tls error") {
		next = "see sslmode in store.dsn: disable, prefer, require, verify-ca or verify-full, and sslrootcert"
	}
	return fmt.Sprintf("PostgreSQL cannot be reached, and nothing was written: %s (next: %s)", text, next)
}

func (e *awayError) Unwrap() error { return e.err }

func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\t' }), "; ")
}

// A refusedError is a server that answers, and lets nobody in.
type refusedError struct {
	err  error
	says *pgconn.PgError
	next string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("PostgreSQL refuses: %s (SQLSTATE %s) (next: %s)", e.says.Message, e.says.Code, e.next)
}

func (e *refusedError) Unwrap() error { return e.err }

// hints say what to do about what the server says.
var hints = map[string]string{
	"28P01": "set the password: in store.dsn, best by TENTER_STORE_DSN, in PGPASSWORD or in a password file that PGPASSFILE names",
	"28000": "let the role log in from here: pg_hba.conf on the server, ALTER ROLE … LOGIN",
	"3D000": "make it: createdb -O ROLE DATABASE, as PostgreSQL's administrator",
	"42501": "make the role of store.dsn the owner of its database: ALTER DATABASE … OWNER TO …",
	"25006": "name the primary in store.dsn, or all servers and target_session_attrs=read-write",
	"53100": "free some space on the server's disk; tenter goes on by itself then",
	"53300": "raise max_connections, or give tenter's role its own (each process takes up to eight)",
}

// explain leaves out nothing and adds what to do. pgx's errors name the host, user and database and never the password.
func (e *postgres) explain(err error) error {
	var away *awayError
	var refused *refusedError
	var unknown *LostError
	if err == nil || errors.As(err, &away) || errors.As(err, &refused) || errors.As(err, &unknown) || errors.Is(err, context.Canceled) {
		return err
	}
	var says *pgconn.PgError
	if errors.As(err, &says) && hints[says.Code] != "" {
		return &refusedError{err: err, says: says, next: hints[says.Code]}
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) || lost(err) {
		return &awayError{err: err}
	}
	return err
}
