package store_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// filled makes a store of many pages in dir and closes it.
func filled(t *testing.T, dir string) string {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for range 300 {
		appendAll(t, s, synced("leaf1"), synced("leaf2"))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "tenter.db")
}

func refused(t *testing.T, dir string) error {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Check: true})
	if err == nil {
		t.Fatal("it was opened", s.Close())
	}
	return err
}

func TestAnEmptiedStoreIsNoNewOne(t *testing.T) {
	dir := t.TempDir()
	file := filled(t, dir)
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, dir); !strings.Contains(err.Error(), "has 0 bytes") || !strings.Contains(err.Error(), "put the backup there") {
		t.Errorf("error %v", err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() != 0 {
		t.Errorf("the file has now %d bytes, %v", info.Size(), err)
	}
}

// Who comes while the file is away from a process that has it open leaves everything as it is.
func TestAStoreThatWasTakenAwayIsNotBegunAnew(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	appendAll(t, s, synced("leaf1"))
	file := filepath.Join(dir, "tenter.db")
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, dir); !strings.Contains(err.Error(), "somebody took it away") {
		t.Errorf("error %v", err)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	appendAll(t, s, synced("leaf2"))
	if list, err := open(t, dir).Events(t.Context(), event.Query{}); err != nil || len(list) != 2 {
		t.Errorf("%d events, %v", len(list), err)
	}
}

// Whatever page of the database is overwritten, who is to write there is told.
func TestADamagedStoreIsNotWrittenTo(t *testing.T) {
	for name, harm := range map[string]func(b []byte){
		"the head":      func(b []byte) { clear(b[:512]) },
		"a page inside": func(b []byte) { clear(b[len(b)/2&^4095:][:4096]) },
		"the last page": func(b []byte) { clear(b[len(b)-4096:]) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filled(t, dir)
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			harm(b)
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			err = refused(t, dir)
			var damaged *store.DamagedError
			if !errors.As(err, &damaged) || !strings.Contains(err.Error(), file+" is damaged") || !strings.Contains(err.Error(), ".recover") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// A store that may not grow behaves as one whose disk is full, and goes on when there is room.
func TestAFullDiskIsNamedAndLosesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	appendAll(t, s, synced("leaf1"))
	store.SetMaxPages(t, s, 1)
	var full error
	written := 1
	for full == nil && written < 5000 {
		full = s.Do(context.Background(), func(tx event.Tx) error { return tx.Append(context.Background(), synced("leaf1")) })
		if full == nil {
			written++
		}
	}
	if full == nil || !strings.Contains(full.Error(), "no space is left for "+filepath.Join(dir, "tenter.db")) || !strings.Contains(full.Error(), "free some") {
		t.Fatalf("error %v after %d events", full, written)
	}
	if n, err := s.Events(t.Context(), event.Query{Limit: 10_000}); err != nil || len(n) != written {
		t.Errorf("%d events, %v; written were %d", len(n), err, written)
	}
	store.SetMaxPages(t, s, 1<<30)
	appendAll(t, s, synced("leaf1"))
	if _, err := s.VerifyLog(t.Context()); err != nil {
		t.Error(err)
	}
}

// A writer that has no luck with the lock is not told to give up.
func TestABusyStoreIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	seen := make(chan struct{}, 1)
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{}), zapcore.AddSync(io.Discard), zap.WarnLevel),
		zap.Hooks(func(zapcore.Entry) error {
			select {
			case seen <- struct{}{}:
			default:
			}
			return nil
		}))
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Alone: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	store.SetPatience(t, s, 1)
	other, err := sql.Open("sqlite", filepath.Join(dir, "tenter.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- s.Do(context.Background(), func(tx event.Tx) error { return tx.Append(context.Background(), synced("leaf1")) })
	}()
	select {
	case <-seen:
	case err := <-done:
		t.Fatalf("gave up: %v", err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
