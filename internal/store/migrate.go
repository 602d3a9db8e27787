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

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
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
	return up(ctx, goose.DialectSQLite3, "migrations/sqlite", db)
}

// schemaLock is the advisory lock that processes take turns by which bring the same database's schema up to date.
const schemaLock = 0x74656e746572

// migratePostgres is migrate on PostgreSQL; the lock is on the connection.
func migratePostgres(ctx context.Context, c *pgx.Conn, config *pgx.ConnConfig) (err error) {
	config = config.Copy()
	config.RuntimeParams["lock_timeout"] = "0" // another one's migration is waited for
	if _, err := c.Exec(ctx, "SET lock_timeout = 0"); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(schemaLock)); err != nil {
		return fmt.Errorf("lock for migration: %w", err)
	}
	db := stdlib.OpenDB(*config)
	defer func() {
		_, unlocked := c.Exec(ctx, "SELECT pg_advisory_unlock($1)", int64(schemaLock))
		err = errors.Join(err, db.Close(), unlocked)
	}()
	return up(ctx, goose.DialectPostgres, "migrations/postgres", db)
}

// up runs the migrations that the database has not seen.
func up(ctx context.Context, dialect goose.Dialect, dir string, db *sql.DB) error {
	sub, err := fs.Sub(migrations, dir)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, sub, goose.WithVerbose(false))
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
