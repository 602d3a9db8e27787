package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// checkTime bounds how long a store is looked through before it is written to; a larger one than that is looked through
// in part.
const checkTime = 10 * time.Second

// A DamagedError says that the database is not what was written.
type DamagedError struct {
	File string
	What string // what is wrong with it
}

// Error names the file and what to do.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged: %s; nothing was changed; next: stop every tenter that uses it, move it away with "+
		"the files beside it that begin with its name, and put the backup there, or what this saves of it: "+
		"sqlite3 DAMAGED .recover | sqlite3 %s; tenter audit verify says whether that is whole", e.File, e.What, e.File)
}

// refuseEmptied says so when somebody emptied the database: SQLite would take it for a new one, and Tenter would forget
// what it wrote on the devices.
func refuseEmptied(file string) error {
	info, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) {
		return refuseRemoved(file)
	}
	if err != nil {
		return err
	}
	if info.Size() > 0 {
		return nil
	}
	return fmt.Errorf("%s has 0 bytes, and so nothing of what Tenter knew; next: put the backup there, or, if nothing "+
		"was ever kept in it, delete it together with the files beside it that begin with its name", file)
}

// refuseRemoved refuses to begin a new database beside the write-ahead log of another one, to whom it may still be open: the two
// would be written into each other.
func refuseRemoved(file string) error {
	info, err := os.Stat(file + "-wal")
	if err != nil || info.Size() == 0 {
		return nil
	}
	return fmt.Errorf("%s is not there, and the last of what was written to it is, in %s-wal: somebody took it away; next: stop "+
		"tenter serve and put it back, or its backup after the files beside it that begin with its name were moved away", file, file)
}

// quickCheck looks at the pages of the database, for as long as checkTime.
func (e *sqliteDB) quickCheck(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var said string
	err := e.reads.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&said)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		e.s.log.Info("the store is too large to be looked through whole", zap.Duration("stopped after", checkTime))
		return nil
	case errors.Is(err, sql.ErrNoRows), err == nil && said == "ok":
		return nil
	case err == nil:
		return &DamagedError{File: e.file, What: said}
	}
	return err
}

// explained makes an error of the database one that says what to do, where that can be told.
func explained(err error, file string) error {
	switch errorCode(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		var damaged *DamagedError
		if !errors.As(err, &damaged) {
			return &DamagedError{File: file, What: err.Error()}
		}
	case sqlite3.SQLITE_FULL:
		return noSpace(err, file)
	case sqlite3.SQLITE_IOERR:
		var fs unix.Statfs_t
		if unix.Statfs(filepath.Dir(file), &fs) == nil && fs.Bavail == 0 {
			return noSpace(err, file)
		}
	}
	return err
}

// errorCode is the primary code of an error of the database, 0 for every other.
func errorCode(err error) int {
	var of *sqlite.Error
	if !errors.As(err, &of) {
		return 0
	}
	return of.Code() & 0xff
}

func noSpace(err error, file string) error {
	return fmt.Errorf("no space is left for %s, and nothing of this was written (next: free some on its disk; a server goes on by itself then): %w", file, err)
}
