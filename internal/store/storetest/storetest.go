// Package storetest runs a test on each kind of store that there is: SQLite in a directory, and a real PostgreSQL.
package storetest

import (
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
)

// A Place is where a store is or will be made. Several stores opened there are as several processes.
type Place struct {
	Dir string // of SQLite's store
	DSN string // of PostgreSQL's
}

// Both runs the test in a new place of each kind. TestMain must have called pgtest.Main.
func Both(t *testing.T, test func(t *testing.T, at Place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// Bench is Both for a benchmark.
func Bench(b *testing.B, run func(b *testing.B, at Place)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { run(b, SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { run(b, Postgres(b)) })
}

// SQLite is a new place for SQLite.
func SQLite(t testing.TB) Place {
	t.Helper()
	return Place{Dir: t.TempDir()}
}

// Postgres is a new database on the PostgreSQL that the tests of this binary share.
func Postgres(t testing.TB) Place {
	t.Helper()
	return Place{DSN: pgtest.Database(t)}
}

// In puts the place into the options.
func (p Place) In(opts store.Options) store.Options {
	opts.Dir, opts.DSN = p.Dir, p.DSN
	return opts
}

// Open opens the store of the place until the test ends.
func (p Place) Open(t testing.TB, opts store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), p.In(opts))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Exec runs a statement on the store as a stranger would, past all that the store does. Where the kinds differ, the one that
// is for PostgreSQL follows after "--postgres--".
func (p Place) Exec(t testing.TB, statement string) {
	t.Helper()
	lite, pg, differ := strings.Cut(statement, "--postgres--")
	var err error
	switch {
	case p.DSN == "":
		err = execSQLite(p.Dir, lite)
	case differ:
		err = pgtest.Exec(p.DSN, pg)
	default:
		err = pgtest.Exec(p.DSN, statement)
	}
	if err != nil {
		t.Fatal(err)
	}
}
