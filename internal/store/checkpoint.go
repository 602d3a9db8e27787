package store

import (
	"context"
	"errors"

	"go.uber.org/zap"
	"modernc.org/sqlite"
)

const (
	// checkpointPages is after how many pages in the write-ahead log they are copied to the database, beside the writing.
	checkpointPages = 1000
	// mostPages is when the committer does so itself before it goes on. Only that lets the log begin anew while there is no
	// pause in the writing; most of the pages are copied by then.
	mostPages = "8000"
)

// written counts the pages that the transaction just committed has written, and has them copied when they are many. A
// commit that did that by itself would be the slow one of a thousand, two flushes of the disk longer.
func (e *sqliteDB) written() {
	err := e.conn.Raw(func(driver any) error {
		status, ok := driver.(sqlite.DBStatus)
		if !ok {
			return errors.New("the driver does not count pages")
		}
		pages, _, err := status.Status(sqlite.DBStatusCacheWrite, true)
		e.pages += pages
		return err
	})
	if err == nil && e.pages < checkpointPages {
		return
	}
	select { // an error is as good as many pages: it only costs some needless looks
	case e.full <- struct{}{}:
		e.pages = 0
	default:
	}
}

// checkpointLoop copies the pages of the write-ahead log to the database whenever they are many. Nobody waits for it.
func (e *sqliteDB) checkpointLoop() {
	for {
		select {
		case <-e.full:
		case <-e.s.closed:
			return
		}
		ctx := context.Background() // one that is begun ends in milliseconds
		if _, err := e.copier.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
			e.s.log.Warn("the write-ahead log is not copied to the database; committing does it", zap.Error(err))
		}
	}
}
