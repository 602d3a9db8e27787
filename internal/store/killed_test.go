package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
)

// archiverVariable makes the test binary a process that archives the log of the place it names, until it is killed.
const archiverVariable = "TENTER_TEST_ARCHIVER"

// archiver is that process: it moves the log a part at a time, in many small files.
func archiver(dir string) error {
	ctx := context.Background()
	opts := store.Options{Dir: dir, DSN: os.Getenv(archiverVariable + "_DSN"), Fabric: "dc1", Worker: "w1", Archive: os.Getenv(archiverVariable + "_FILES")}
	if opts.DSN != "" {
		opts.Dir = ""
	}
	s, err := store.Open(ctx, opts)
	if err != nil {
		return err
	}
	for minutes := time.Duration(1); ; minutes += time.Duration(1 + rand.IntN(5)) {
		if _, err := s.ArchiveLog(ctx, store.ArchiveOptions{Before: noon.Add(minutes * time.Minute)}); err != nil {
			return err
		}
	}
}

// TestArchiverIsKilled kills a process with -9 while it archives, wherever it is, again and again. Whatever it leaves, the log is
// whole, no event is in two files, and the next process goes on.
func TestArchiverIsKilled(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		files := t.TempDir()
		s := archiving(t, at, files)
		const events = 200
		var drafts []event.Draft
		for i := range events {
			d := synced("leaf1")
			d.Time = noon.Add(time.Duration(i) * time.Minute)
			drafts = append(drafts, d)
		}
		appendAll(t, s, drafts...)
		kills, between := 0, 0
		for archivedTo(t, s) < events && kills < 4 {
			cmd := exec.Command(os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), archiverVariable+"="+at.Dir, archiverVariable+"_DSN="+at.DSN, archiverVariable+"_FILES="+files)
			if at.Dir == "" {
				cmd.Env = append(cmd.Env, archiverVariable+"=postgres")
			}
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			some := names(t, files)
			for deadline := time.Now().Add(time.Minute); len(names(t, files)) <= len(some)+rand.IntN(4); {
				if time.Now().After(deadline) {
					t.Fatalf("nothing was archived after event %d", archivedTo(t, s))
				}
				time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond) // a moment to be killed at, not a wait
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			kills++
			if len(names(t, files)) > fileRows(t, s) {
				between++
			}
			if _, err := s.VerifyLog(t.Context()); err != nil {
				t.Fatalf("after kill %d: %v", kills, err)
			}
		}
		if _, err := s.ArchiveLog(t.Context(), store.ArchiveOptions{Before: noon.Add(events * time.Minute)}); err != nil {
			t.Fatal(err)
		}
		if v, err := s.VerifyLog(t.Context()); err != nil || v.Archived < events || v.Files != len(names(t, files)) {
			t.Errorf("%+v, %v; %d files", v, err, len(names(t, files)))
		}
		t.Logf("killed %d times, %d of them between a file's name and the log's word for it", kills, between)
	})
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// fileRows is how many files the log knows of.
func fileRows(t *testing.T, s *store.Store) int {
	t.Helper()
	v, err := s.VerifyLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v.Files
}

func archivedTo(t *testing.T, s *store.Store) event.Seq {
	t.Helper()
	v, err := s.VerifyLog(t.Context())
	if err != nil {
		t.Fatal(fmt.Errorf("after a kill: %w", err))
	}
	return v.Archived
}
