package rebuild_test

import (
	"errors"
	"testing"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/rebuild"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// shows makes the device show the word, in one event.
func shows(t *testing.T, s *store.Store, word string) {
	t.Helper()
	err := s.Do(t.Context(), func(tx event.Tx) error {
		return s.UpdateDevice(tx, "leaf1", func(d *view.Device) { d.Reason = word })
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOlderLog has a log whose beginning was written by a version that told less: there is a state from the first snapshot on.
func TestOlderLog(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		s := at.Open(t, store.Options{Fabric: "dc1", Worker: "w1"})
		for _, word := range []string{"a", "b", "c"} {
			shows(t, s, word)
		}
		at.Exec(t, "UPDATE telling SET since = 3")
		var untold *rebuild.UntoldError
		if _, err := rebuild.Check(t.Context(), s, false); !errors.As(err, &untold) || untold.Since != 0 {
			t.Errorf("check without a snapshot: %v", err)
		}
		k := rebuild.NewKeeper(rebuild.Options{Store: s, Worker: "w1", Log: zap.NewNop()})
		if err := k.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		shows(t, s, "d")
		same(t, s)
		if _, err := rebuild.At(t.Context(), s, 2); !errors.As(err, &untold) || untold.Since < 3 {
			t.Errorf("state of event 2: %v", err)
		}
	})
}

// TestDamagedSnapshot has a snapshot that is not what was kept: an older one, or the log itself, does as well.
func TestDamagedSnapshot(t *testing.T) {
	at := storetest.SQLite(t)
	s := at.Open(t, store.Options{Fabric: "dc1", Worker: "w1"})
	k := rebuild.NewKeeper(rebuild.Options{Store: s, Worker: "w1", Log: zap.NewNop(), Every: 2})
	for _, word := range []string{"a", "b", "c", "d", "e"} {
		shows(t, s, word)
	}
	if err := k.Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := s.Snapshots(t.Context())
	if err != nil || len(list) < 2 {
		t.Fatalf("snapshots: %v, %v", list, err)
	}
	for _, which := range []string{" WHERE seq = (SELECT max(seq) FROM snapshot)", ""} {
		at.Exec(t, "UPDATE snapshot SET hash = x'00'"+which)
		same(t, s)
	}
	at.Exec(t, "UPDATE device SET reason = 'f'")
	r, err := rebuild.Check(t.Context(), s, false)
	if err != nil || len(r.Differences) != 1 || r.Differences[0].String() != `device leaf1: reason: live "f", by the log "e"` {
		t.Errorf("a row that was changed: %v, %v", r.Differences, err)
	}
}
