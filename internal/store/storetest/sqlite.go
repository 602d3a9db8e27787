package storetest

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tenter-net/tenter/internal/store"
)

// empty returns the file of a store in which nothing is yet.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "tenter-store-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := store.Open(context.Background(), store.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "tenter.db"))
})

// SQLite is a new place for SQLite. There is a store in it already, as making the schema anew takes longer than a test.
func SQLite(t testing.TB) Place {
	t.Helper()
	dir := t.TempDir()
	file, err := empty()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "tenter.db"), file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Place{Dir: dir}
}

func execSQLite(dir, statement string) error {
	db, err := sql.Open("sqlite", filepath.Join(dir, "tenter.db"))
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}
