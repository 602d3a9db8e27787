// Package storetest runs a test on each kind of store that there is: SQLite in a directory, and a real PostgreSQL.
package storetest

import (
	"context"
	"strings"
	"sync"
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

// migrated is the name of the database that new ones are copies of: making the schema anew takes longer than a test.
var migrated struct {
	sync.Mutex
	name string
}

// Postgres is a new database on the PostgreSQL that the tests of this binary share.
func Postgres(t testing.TB) Place {
	t.Helper()
	server := pgtest.Shared(t)
	migrated.Lock()
	defer migrated.Unlock()
	if migrated.name == "" {
		name, err := server.Create("")
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(context.Background(), store.Options{DSN: server.URL(name)})
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		migrated.name = name
	}
	name, err := server.Create(migrated.name)
	if err != nil {
		t.Fatal(err)
	}
	return Place{DSN: server.URL(name)}
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

// Exec runs a statement on the store as a stranger would, past all that the store does. It is written for SQLite, with
// x'…', zeroblob(32) and replace() of an envelope, which are said otherwise to PostgreSQL.
func (p Place) Exec(t testing.TB, statement string) {
	t.Helper()
	var err error
	if p.DSN == "" {
		err = execSQLite(p.Dir, statement)
	} else {
		for lite, pg := range map[string]string{
			"x'00'": "'\\x00'::bytea", "zeroblob(32)": "decode(repeat('00', 32), 'hex')",
			"CAST(replace(envelope, 'leaf2', 'leaf9') AS BLOB)": "convert_to(replace(convert_from(envelope, 'UTF8'), 'leaf2', 'leaf9'), 'UTF8')",
		} {
			statement = strings.ReplaceAll(statement, lite, pg)
		}
		err = pgtest.Exec(p.DSN, statement)
	}
	if err != nil {
		t.Fatal(err)
	}
}
