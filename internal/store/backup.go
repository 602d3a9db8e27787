package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// backupsKept is how long what a plan brings back is kept: longer than a plan may wait and a run may take.
const backupsKept = 30 * 24 * time.Hour

// SaveBackup keeps what a plan is to bring back to a device, and drops what was kept for long.
func (s *Store) SaveBackup(tx event.Tx, b view.Backup) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if _, err := t.exec("DELETE FROM backup WHERE saved < ?", toDB(b.Saved.Add(-backupsKept))); err != nil {
		return fmt.Errorf("backup %q: %w", b.ID, err)
	}
	_, err = t.exec("INSERT INTO backup (id, device, saved, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET saved = excluded.saved",
		b.ID, string(b.Device), toDB(b.Saved), nonNil(b.Body))
	if err != nil {
		return fmt.Errorf("backup %q: %w", b.ID, err)
	}
	return nil
}

// Backup returns what a plan is to bring back, view.ErrNotFound if it is not kept any more.
func (s *Store) Backup(ctx context.Context, id string) (view.Backup, error) {
	return one(s.reader(ctx), "backup", id, scanBackup, "SELECT id, device, saved, body FROM backup WHERE id = ?")
}

func scanBackup(row scanner) (b view.Backup, err error) {
	return b, row.Scan(&b.ID, &b.Device, timeOf{&b.Saved}, &b.Body)
}
