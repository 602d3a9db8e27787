package app

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// logKeeper is as much of an App as looks after the log.
func logKeeper(t *testing.T) (*App, *zapobserver.ObservedLogs) {
	t.Helper()
	set := settings.Default()
	set.StateDir = t.TempDir()
	core, seen := zapobserver.New(zap.InfoLevel)
	st, err := OpenStore(t.Context(), &set, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return &App{set: &set, log: zap.New(core), store: st, now: time.Now}, seen
}

func tell(t *testing.T, a *App, at time.Time) {
	t.Helper()
	if err := a.store.Do(t.Context(), func(tx event.Tx) error {
		return tx.Append(t.Context(), event.Draft{Type: event.TypeDeviceSynced, Subject: "leaf1", Time: at, Data: event.Device{Device: "leaf1"}})
	}); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, a *App, typ event.Type) int {
	t.Helper()
	list, err := a.store.Events(t.Context(), event.Query{Types: []event.Type{typ}})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestLaggardsAreToldOfOnce keeps what a group has not handled, says so once, and again only when the group was there in between.
func TestLaggardsAreToldOfOnce(t *testing.T) {
	a, seen := logKeeper(t)
	a.set.Store.LogRetention = 24 * time.Hour
	if err := a.store.JoinGroup(t.Context(), view.Group{Name: "slow", Streams: []string{event.StreamDevice}}); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-72 * time.Hour)
	tell(t, a, old)
	held := map[string]bool{}
	archive := func(moved, told int) {
		t.Helper()
		if err := a.archive(t.Context(), held); err != nil {
			t.Fatal(err)
		}
		if n := count(t, a, event.TypeLogArchived); n != moved {
			t.Errorf("%d files, want %d", n, moved)
		}
		if n := count(t, a, event.TypeLogHeld); n != told {
			t.Errorf("told %d times, want %d", n, told)
		}
		if n := seen.FilterMessage("a group of consumers keeps old events in the log").Len(); n != told {
			t.Errorf("warned %d times, want %d", n, told)
		}
	}
	deliver := func(seq event.Seq) {
		t.Helper()
		list, err := a.store.EventsAt(t.Context(), []event.Seq{seq})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		if _, err := a.store.Deliver(t.Context(), "slow", list[0], func(context.Context, event.Tx, event.Event) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	archive(0, 1)
	archive(0, 1)
	deliver(1)
	archive(1, 1)
	tell(t, a, old) // behind log.held of now: it is not the oldest, and waits with it
	archive(1, 2)
	a.set.Store.LogRetention = 0
	archive(1, 2)
}

// TestAuditIsOfWhatWasSigned goes the way from a serving process's heads to the proof.
func TestAuditIsOfWhatWasSigned(t *testing.T) {
	a, seen := logKeeper(t)
	a.exportHead(t.Context()) // of nothing
	for range 3 {
		tell(t, a, time.Now())
		a.exportHead(t.Context())
		a.exportHead(t.Context())
	}
	if seen.Len() > 0 {
		t.Errorf("%v", seen.All())
	}
	if _, err := a.Archive(t.Context(), api.Caller{}, ArchiveRequest{}); err != nil {
		t.Fatal(err)
	}
	report, err := Audit(t.Context(), a.set, a.store, AuditOptions{})
	want := AuditReport{Verified: store.Verified{Seq: 4, Files: 1, Archived: 3, Marks: 3}, Heads: []string{HeadsFile(a.set)}}
	report.Hash = nil
	if diff := cmp.Diff(want, report); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	for name, opts := range map[string]AuditOptions{
		"no such heads": {Heads: []string{filepath.Join(t.TempDir(), "none")}}, "no such key": {Keys: []string{filepath.Join(t.TempDir(), "none")}},
	} {
		if _, err := Audit(t.Context(), a.set, a.store, opts); err == nil || !strings.Contains(err.Error(), "none") {
			t.Errorf("%s: %v", name, err)
		}
	}
	other, _ := logKeeper(t)
	tell(t, other, time.Now())
	_, err = Audit(t.Context(), other.set, other.store, AuditOptions{Heads: []string{HeadsFile(a.set)}, Keys: []string{AuditKeyFile(a.set)}})
	if err == nil || !strings.Contains(err.Error(), "heads.jsonl:1, signed ") || !strings.Contains(err.Error(), "the log was written anew") {
		t.Errorf("another log: %v", err)
	}
}
