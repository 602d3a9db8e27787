package store_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// tamper runs a statement on the store's file as a stranger would.
func tamper(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "tenter.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyLogFinds(t *testing.T) {
	for name, c := range map[string]struct {
		statement, want string
		sound           event.Seq
	}{
		"an edited event":        {`UPDATE event SET envelope = replace(envelope, 'leaf2', 'leaf9') WHERE seq = 2`, "event 2: its hash", 1},
		"an edited column":       {`UPDATE event SET subject = 'leaf9' WHERE seq = 2`, "event 2: its columns", 1},
		"a removed event":        {`DELETE FROM event WHERE seq = 2`, "event 2: missing", 1},
		"two swapped events":     {`UPDATE event SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3); UPDATE event SET seq = -seq WHERE seq < 0`, "event 2:", 1},
		"a cut tail":             {`DELETE FROM event WHERE seq > 2`, "event 3 and all later ones are missing", 2},
		"a cut tail, head moved": {`DELETE FROM event WHERE seq > 2; UPDATE head SET seq = 2`, "hash is not the head's", 2},
		"an envelope of rubbish": {`UPDATE event SET envelope = x'00' WHERE seq = 3`, "event after 0", 0},
		"another predecessor":    {`UPDATE event SET predecessor = 0 WHERE seq = 3`, "event 3: its predecessor", 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			appendAll(t, s, synced("leaf1"), synced("leaf2"), synced("leaf3"))
			tamper(t, dir, c.statement)
			if sound, err := s.VerifyLog(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || sound != c.sound {
				t.Errorf("VerifyLog() = %d, %v; want %d, %q", sound, err, c.sound, c.want)
			}
		})
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (4711, 1)`)
	if s, err := store.Open(t.Context(), store.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "schema version 4711") {
		if err == nil {
			s.Close()
		}
		t.Errorf("Open() = %v", err)
	}
}

func TestManyOpenAtOnce(t *testing.T) {
	dir := t.TempDir()
	errs := make(chan error)
	for range 8 {
		go func() {
			s, err := store.Open(t.Context(), store.Options{Dir: dir})
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
