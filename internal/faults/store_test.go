package faults

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// storeFaults are what happens to the store, below the log.
var storeFaults = []fault{
	{name: "store away for a minute", done: "another process locks SQLite while events flow", short: true, run: inWorld(lockedStore)},
	{name: "disk full on SQLite", done: "a small disk is filled while events flow, and then emptied", short: true, run: fullDisk},
	{name: "newer producer with older consumer", done: "a newer build appends other fields, a newer minor version and an unknown type", short: true, run: inWorld(newerProducer)},
}

func lockedStore(w *world) {
	w.pair()
	stop := w.flow(100)
	w.pass(50)
	db, err := sql.Open("sqlite", filepath.Join(w.job.Dir, "tenter.db")+"?_pragma=busy_timeout(60000)")
	w.must(err)
	defer db.Close()
	conn, err := db.Conn(w.Context())
	w.must(err)
	defer conn.Close()
	_, err = conn.ExecContext(w.Context(), "BEGIN IMMEDIATE")
	w.must(err)
	long := pick(55*time.Second, 4*time.Second) // a writer is told to give up after a minute
	time.Sleep(long)                            // the fault itself
	_, err = conn.ExecContext(w.Context(), "ROLLBACK")
	w.must(err)
	w.ended()
	w.pass(50)
	stop()
	w.note("locked for %v, %d appends refused", long, w.refused)
}

// fullDisk has the store on a disk of its own, a tmpfs. So that nobody else sees that one, and it goes with who made it,
// the whole fault is another process with mounts of its own.
func fullDisk(t *testing.T, r *row) {
	result := os.Getenv(diskEnv)
	if result == "" {
		apart(t, r)
		return
	}
	dir := smallDisk(t)
	w := newWorldOn(t, r, store.Options{Dir: filepath.Join(dir, "store")})
	w.startRedis()
	w.pair()
	stop := w.flow(100)
	w.pass(50)
	filler := fill(t, dir)
	refused := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.refused
	}
	w.until("appends are refused", func() bool { return refused() >= pick(100, 20) }, func() int { w.mu.Lock(); defer w.mu.Unlock(); return len(w.acked) })
	if err := w.try(draft("leaf1", "")); err == nil || !strings.Contains(err.Error(), "no space is left") {
		w.Errorf("the error does not say that the disk is full: %v", err)
	}
	w.must(filler())
	w.ended()
	w.pass(50)
	stop()
	w.note("%d appends refused, each with its reason", refused())
	w.finish()
	text, err := json.Marshal(r.cost)
	w.must(err)
	w.must(os.WriteFile(result, text, 0o600))
}

// newerProducer writes to the log what a newer build would: this one cannot.
func newerProducer(w *world) {
	w.pair()
	w.drift(1)
	w.quiet()
	db, err := sql.Open("sqlite", filepath.Join(w.job.Dir, "tenter.db")+"?_pragma=busy_timeout(60000)")
	w.must(err)
	defer db.Close()
	for i := range 10 {
		typ, extra := event.TypeDriftDetected, `,"horizon":{"days":3}`
		if i%2 == 1 {
			typ = "drift.forecast"
		}
		id, err := uuid.NewV7()
		w.must(err)
		w.must(foreignAppend(w.Context(), db, typ, fmt.Sprintf(`{"specversion":"1.0","id":%q,"type":%q,"source":"newer","subject":"leaf1",`+
			`"time":%q,"datacontenttype":"application/json","schemaversion":"1.9","fabric":"dc1","correlationid":"n","severity":"info","tenant":"x",`+
			`"data":{"episode":"e","device":"leaf1","findings":null,"total":0,"mode":"","first_seen":"2026-01-01T00:00:00Z"%s}}`,
			id, typ, time.Now().UTC().Format(time.RFC3339Nano), extra), string(id.String())))
		w.drift(1)
	}
	w.ended()
	w.quiet()
	b := w.logTail()
	w.note("5 events with unknown fields handled, 5 of an unknown type passed over, told of %d times", strings.Count(b, "drift.forecast"))
}

// foreignAppend appends an event as DESIGN says that it is sealed: its place, its predecessor, its link, what every group is owed.
func foreignAppend(ctx context.Context, db *sql.DB, typ event.Type, envelope, id string) (err error) {
	e, err := event.Parse([]byte(envelope))
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	var seq, last int64
	var before []byte
	if err := conn.QueryRowContext(ctx, "SELECT seq, hash, drift FROM head").Scan(&seq, &before, &last); err != nil {
		return err
	}
	seq++
	var places [16]byte
	binary.BigEndian.PutUint64(places[:8], uint64(seq))
	binary.BigEndian.PutUint64(places[8:], uint64(last))
	hash := sha256.Sum256(bytes.Join([][]byte{before, places[:], []byte(envelope)}, nil))
	for _, stmt := range []struct {
		text string
		args []any
	}{
		{
			"INSERT INTO event (seq, id, type, stream, predecessor, time, subject, correlation, hash, envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			[]any{seq, id, string(typ), event.StreamDrift, last, e.Time.UnixNano(), e.Subject, e.Correlation, hash[:], []byte(envelope)},
		},
		{"INSERT INTO delivery (grp, subject, seq, stream) SELECT grp, ?, ?, ? FROM consumer", []any{e.Subject, seq, event.StreamDrift}},
		{"UPDATE head SET seq = ?, hash = ?, drift = ?", []any{seq, hash[:], seq}},
		{"COMMIT", nil},
	} {
		if _, err := conn.ExecContext(ctx, stmt.text, stmt.args...); err != nil {
			return err
		}
	}
	return nil
}
