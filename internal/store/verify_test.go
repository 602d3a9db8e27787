package store_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
	"github.com/tenter-net/tenter/internal/store/storetest"
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

// remade is a log that somebody with all of the database wrote anew, with other events and hashes that add up.
func remade(t *testing.T, dir string, devices ...string) {
	t.Helper()
	other := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Dir: other, Fabric: "dc1", Worker: "w1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		appendAll(t, s, synced(d))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, `ATTACH '`+filepath.Join(other, "tenter.db")+`' AS o; DELETE FROM main.event; DELETE FROM main.head;
		INSERT INTO main.event SELECT * FROM o.event; INSERT INTO main.head SELECT * FROM o.head; DETACH o`)
}

func TestVerifyLogFinds(t *testing.T) {
	for name, c := range map[string]struct {
		statement, want string
		sound           event.Seq
	}{
		"an edited event":          {`UPDATE event SET envelope = CAST(replace(envelope, 'leaf2', 'leaf9') AS BLOB) WHERE seq = 2`, "event 2: its hash does not follow", 1},
		"an edited column":         {`UPDATE event SET subject = 'leaf9' WHERE seq = 2`, "event 2: its columns", 1},
		"an edited actor":          {`UPDATE event SET actor = 'mallory' WHERE seq = 2`, "event 2: its columns", 1},
		"an edited severity":       {`UPDATE event SET severity = 'error' WHERE seq = 2`, "event 2: its columns", 1},
		"an edited time":           {`UPDATE event SET time = time + 1 WHERE seq = 3`, "event 3: its columns", 2},
		"a removed event":          {`DELETE FROM event WHERE seq = 2`, "event 2: missing; the next one is 3", 1},
		"the first one removed":    {`DELETE FROM event WHERE seq = 1`, "event 1: missing; the next one is 2; none before it", 0},
		"all events removed":       {`DELETE FROM event`, "event 1: it and all later ones are missing", 0},
		"two swapped events":       {`UPDATE event SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3); UPDATE event SET seq = -seq WHERE seq < 0`, "event 2:", 1},
		"a cut tail":               {`DELETE FROM event WHERE seq > 2`, "event 3: it and all later ones are missing", 2},
		"a cut tail, head moved":   {`DELETE FROM event WHERE seq > 2; UPDATE head SET seq = 2`, "event 3: the head's hash", 2},
		"a stream's end moved":     {`UPDATE head SET device = 1`, "the head says that device ends with event 1, and it ends with 3", 3},
		"an envelope of rubbish":   {`UPDATE event SET envelope = x'00' WHERE seq = 3`, "event 3: its envelope is not one", 2},
		"another predecessor":      {`UPDATE event SET predecessor = 0 WHERE seq = 3`, "event 3: its predecessor in device is 0, not 2", 2},
		"a row behind the head":    {`INSERT INTO event SELECT 4, id, type, stream, predecessor, time, subject, correlation, hash, envelope, actor, severity FROM event WHERE seq = 3`, "a row has the place 4", 3},
		"a row before the first":   {`INSERT INTO event SELECT -1, id, type, stream, predecessor, time, subject, correlation, hash, envelope, actor, severity FROM event WHERE seq = 3`, "a row has the place -1", 3},
		"a file that never was":    {`INSERT INTO archive VALUES (1, 2, 'dc1-1-2', x'00', x'00', 0, 0, 0)`, "event 1: the archive's dc1-1-2 does not go on", 0},
		"a gap before the files":   {`INSERT INTO archive VALUES (2, 3, 'dc1-2-3', x'00', x'00', 0, 0, 0)`, "event 1: no file of the archive begins with it", 0},
		"a file that is not there": {`INSERT INTO archive SELECT 1, 2, 'dc1-1-2', zeroblob(32), hash, 0, 0, 0 FROM event WHERE seq = 2`, "which is not there; next: put it back", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Both(t, func(t *testing.T, at storetest.Place) {
				s := openAt(t, at)
				appendAll(t, s, synced("leaf1"), synced("leaf2"), synced("leaf3"))
				at.Exec(t, c.statement)
				v, err := s.VerifyLog(t.Context())
				var unsound *store.UnsoundError
				if !errors.As(err, &unsound) || !strings.Contains(err.Error(), c.want) || v.Seq != c.sound || unsound.Sound != c.sound || unsound.Seq <= c.sound {
					t.Errorf("VerifyLog() = %+v, %v; want %d, %q", v, err, c.sound, c.want)
				}
			})
		})
	}
}

// TestVerifyLogFindsByMarks has logs in which everything adds up, and which are not what was there when somebody noted it.
func TestVerifyLogFindsByMarks(t *testing.T) {
	for name, c := range map[string]struct {
		devices []string
		want    string
		sound   event.Seq
	}{
		"cut off":                       {[]string{"leaf1"}, "event 2: it was there when event 2 was the head (noted), and is not any more", 1},
		"another ending":                {[]string{"leaf1", "leaf2", "leaf3", "leaf9"}, "event 2: it, or what is before it", 1},
		"cut off before the first mark": {nil, "event 1: it was there when event 2 was the head (noted), and is not any more", 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			var marks []store.Mark
			for i := range 3 {
				appendAll(t, s, synced("leaf1"))
				seq, hash, err := s.Head(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if i > 0 {
					marks = append([]store.Mark{{Seq: seq, Hash: hash, By: "noted"}}, marks...)
				}
			}
			if v, err := s.VerifyLog(t.Context(), marks...); err != nil || v.Marks != 2 {
				t.Fatalf("VerifyLog() = %+v, %v before anything was done", v, err)
			}
			if c.devices == nil {
				tamper(t, dir, `DELETE FROM event; UPDATE head SET seq = 0, hash = zeroblob(32), device = 0`)
			} else {
				remade(t, dir, c.devices...)
			}
			if _, err := s.VerifyLog(t.Context()); err != nil {
				t.Fatalf("without marks it is to look whole: %v", err)
			}
			v, err := s.VerifyLog(t.Context(), marks...)
			if err == nil || !strings.Contains(err.Error(), c.want) || v.Seq != c.sound {
				t.Errorf("VerifyLog() = %+v, %v; want %d, %q", v, err, c.sound, c.want)
			}
		})
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		s, err := store.Open(t.Context(), at.In(store.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		at.Exec(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (4711, 1 = 1)`)
		if s, err := store.Open(t.Context(), at.In(store.Options{})); err == nil || !strings.Contains(err.Error(), "schema version 4711") {
			if err == nil {
				s.Close()
			}
			t.Errorf("Open() = %v", err)
		}
	})
}

// Processes that start together on an empty place take turns to make the schema.
func TestManyOpenAtOnce(t *testing.T) {
	for name, at := range map[string]storetest.Place{"sqlite": {Dir: t.TempDir()}, "postgres": {DSN: pgtest.Database(t)}} {
		t.Run(name, func(t *testing.T) {
			errs := make(chan error)
			for range 8 {
				go func() {
					s, err := store.Open(t.Context(), at.In(store.Options{}))
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
		})
	}
}
