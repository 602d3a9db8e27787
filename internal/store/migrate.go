package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// migrate brings the schema up to date. Processes that start together take turns by a lock on a file, since
// SQLite would let both find the same migration missing.
func migrate(ctx context.Context, db *sql.DB, file string) (err error) {
	lock, err := os.OpenFile(file+".migrate", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock for migration: %w", err)
	}
	if err := refuseEmptied(file); err != nil {
		return err
	}
	sub, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, sub, goose.WithVerbose(false))
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return fmt.Errorf("the database has schema version %d and this program knows %d: use the newer program", current, target)
	}
	if current == target {
		return nil
	}
	_, err = p.Up(ctx)
	return err
}
