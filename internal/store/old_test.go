package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// TestLookupsOfAnOlderStore has plans that were kept before their devices could be looked up.
func TestLookupsOfAnOlderStore(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	do(t, s, func(tx event.Tx) error {
		_, err := s.SavePlan(tx, view.Plan{ID: "p1", Content: "c", Status: view.PlanDone, Created: noon, Devices: []intent.DeviceName{"leaf1", "leaf2"}})
		return err
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, `DROP TABLE plan_device; DROP INDEX plan_status; DROP INDEX plan_episode; DROP INDEX run_status;
		DROP INDEX episode_device; ALTER TABLE device DROP COLUMN enrolled_by; ALTER TABLE device DROP COLUMN mismatch; ALTER TABLE consumer DROP COLUMN seen; ALTER TABLE leaf DROP COLUMN shown; `+withoutWorkers+withoutHistory+`
		DELETE FROM goose_db_version WHERE version_id >= 4`)
	s = open(t, dir)
	for device, want := range map[intent.DeviceName]int{"leaf1": 1, "leaf2": 1, "leaf3": 0} {
		if list, err := s.Plans(t.Context(), view.PlanQuery{Device: device}); err != nil || len(list) != want {
			t.Errorf("%s: %v, %v", device, list, err)
		}
	}
}

// TestIdentitiesOfAnOlderStore has devices that were enrolled when an identity was one word and its value.
func TestIdentitiesOfAnOlderStore(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, `ALTER TABLE device DROP COLUMN enrolled_by; ALTER TABLE device DROP COLUMN mismatch; ALTER TABLE consumer DROP COLUMN seen; ALTER TABLE leaf DROP COLUMN shown;
		INSERT INTO device (name, identity) VALUES ('leaf1', 'serial S 1'), ('leaf2', 'certificate aa'), ('leaf3', 'nameless'), ('leaf4', '');
		`+withoutWorkers+withoutHistory+`
		DELETE FROM goose_db_version WHERE version_id >= 5`)
	s = open(t, dir)
	for device, want := range map[intent.DeviceName]view.Identity{"leaf1": {Serial: "S 1"}, "leaf2": {CertificateSHA256: "aa"}, "leaf3": {}, "leaf4": {}} {
		same(t, string(device), view.Device{Name: device, Identity: want})(s.Device(t.Context(), device))
	}
}

// TestSinceWhenClocksWereSet finds the events of a time without reading all that are older.
func TestSinceWhenClocksWereSet(t *testing.T) {
	s := open(t, t.TempDir())
	var drafts []event.Draft
	at := noon
	for i := range 200 {
		if at = at.Add(time.Minute); i == 120 {
			at = at.Add(-40 * time.Minute)
		}
		d := synced(fmt.Sprint(i))
		d.Time = at
		drafts = append(drafts, d)
	}
	appendAll(t, s, drafts...)
	for minutes := 0; minutes < 200; minutes += 7 {
		since := noon.Add(time.Duration(minutes) * time.Minute)
		want := 0
		for _, d := range drafts {
			if !d.Time.Before(since) {
				want++
			}
		}
		if list, err := s.Events(t.Context(), event.Query{Since: since, Limit: 1000}); err != nil || len(list) != want {
			t.Errorf("after %d minutes: %d events, %v, want %d", minutes, len(list), err, want)
		}
	}
}
