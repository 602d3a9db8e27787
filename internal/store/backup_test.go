package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func TestBackups(t *testing.T) { both(t, testBackups) }

// What a plan is to bring back stays for as long as the plan may need it, and no longer.
func testBackups(t *testing.T, s *store.Store) {
	old := view.Backup{ID: "aa", Device: "leaf1", Saved: noon, Body: []byte(`{"leaves": []}`)}
	do(t, s, func(tx event.Tx) error { return s.SaveBackup(tx, old) })
	got, err := s.Backup(t.Context(), "aa")
	if diff := cmp.Diff(old, got, cmpopts.EquateApproxTime(time.Microsecond)); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := s.Backup(t.Context(), "bb"); !errors.Is(err, view.ErrNotFound) {
		t.Error(err)
	}
	old.Saved = noon.Add(20 * 24 * time.Hour) // the same file once more
	do(t, s, func(tx event.Tx) error { return s.SaveBackup(tx, old) })
	next := view.Backup{ID: "bb", Device: "leaf2", Saved: noon.Add(40 * 24 * time.Hour), Body: []byte("{}")}
	do(t, s, func(tx event.Tx) error { return s.SaveBackup(tx, next) })
	if _, err := s.Backup(t.Context(), "aa"); err != nil {
		t.Errorf("gone while it may be needed: %v", err)
	}
	next.Saved = noon.Add(80 * 24 * time.Hour)
	do(t, s, func(tx event.Tx) error { return s.SaveBackup(tx, next) })
	if _, err := s.Backup(t.Context(), "aa"); !errors.Is(err, view.ErrNotFound) {
		t.Errorf("still there after 60 days: %v", err)
	}
}
