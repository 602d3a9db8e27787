package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// TestChangedRowsAreTold has transactions that change what a device shows, and tell of it or not.
func TestChangedRowsAreTold(t *testing.T) {
	errUndone := errors.New("undone")
	sync := func(to string) func(*view.Device) { return func(d *view.Device) { d.Sync = to } }
	for name, tt := range map[string]struct {
		do   func(s *store.Store, tx event.Tx) error
		want []string
	}{
		"nobody tells": {func(s *store.Store, tx event.Tx) error {
			return s.UpdateDevice(tx, "leaf1", sync(view.InSync))
		}, []string{"device.changed leaf1 InSync"}},
		"an event about the device": {func(s *store.Store, tx event.Tx) error {
			if err := s.UpdateDevice(tx, "leaf1", sync(view.InSync)); err != nil {
				return err
			}
			return tx.Append(t.Context(), event.Draft{Type: event.TypeDriftDetected, Subject: "leaf1", Data: event.Drift{Episode: "e", Device: "leaf1"}})
		}, []string{"drift.detected leaf1 InSync"}},
		"an event about another device, and the change after it": {func(s *store.Store, tx event.Tx) error {
			if err := s.UpdateDevice(tx, "leaf1", sync(view.InSync)); err != nil {
				return err
			}
			if err := tx.Append(t.Context(), event.Draft{Type: event.TypeDeviceSynced, Subject: "leaf2", Data: event.Device{Device: "leaf2"}}); err != nil {
				return err
			}
			return s.UpdateDevice(tx, "leaf2", sync(view.Drifted))
		}, []string{"device.synced leaf2 ", "device.changed leaf1 InSync", "device.changed leaf2 Drifted"}},
		"what nobody is shown": {func(s *store.Store, tx event.Tx) error {
			return s.UpdateDevice(tx, "leaf1", func(d *view.Device) { d.Known.Software = "v2" })
		}, nil},
		"there and back": {func(s *store.Store, tx event.Tx) error {
			if err := s.UpdateDevice(tx, "leaf1", sync(view.InSync)); err != nil {
				return err
			}
			_, err := s.ForgetDevice(tx, "leaf1")
			return err
		}, nil},
		"undone": {func(s *store.Store, tx event.Tx) error {
			if err := s.UpdateDevice(tx, "leaf1", sync(view.InSync)); err != nil {
				return err
			}
			return errUndone
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *store.Store) {
				if err := s.Do(t.Context(), func(tx event.Tx) error { return tt.do(s, tx) }); err != nil && !errors.Is(err, errUndone) {
					t.Fatal(err)
				}
				list, err := s.Events(t.Context(), event.Query{})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for i, e := range list {
					d, err := event.Decode[event.Device](e)
					if err != nil {
						t.Fatal(err)
					}
					text := string(e.Type) + " " + string(d.Device) + " "
					if d.State != nil {
						text += d.State.Sync
					}
					got = append(got, text)
					if e.Type == event.TypeDeviceChanged && i > 0 && (e.Causation != list[i-1].ID || e.Correlation != list[i-1].Correlation) {
						t.Errorf("%s does not follow from the event before it", text)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// TestSnapshots are kept as they were, dropped by name, and refused when they are not what was kept.
func TestSnapshots(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		lease, _, err := s.Elect(ctx, "snapshots", "w1", 1e12)
		if err != nil {
			t.Fatal(err)
		}
		for seq := range event.Seq(3) {
			state := view.NewState()
			state.Seq, state.Generation = seq+1, "g"
			if err := s.SaveSnapshot(ctx, state, []event.Seq{max(seq, 1) - 1}, lease); err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.Snapshots(ctx)
		if err != nil || len(list) != 2 || list[0].Seq != 3 || list[1].Seq != 2 {
			t.Fatalf("snapshots %v, %v; want 3 and 2", list, err)
		}
		if got, err := s.SnapshotState(ctx, 3); err != nil || got.Seq != 3 || got.Generation != "g" {
			t.Errorf("snapshot 3 is %v, %v", got, err)
		}
		if _, err := s.SnapshotState(ctx, 1); !errors.Is(err, view.ErrNotFound) {
			t.Errorf("snapshot 1, which was dropped: %v", err)
		}
		if err := s.Release(ctx, lease); err != nil {
			t.Fatal(err)
		}
		if err := s.SaveSnapshot(ctx, view.NewState(), nil, lease); !errors.Is(err, view.ErrLeaseLost) {
			t.Errorf("a snapshot without the lease: %v", err)
		}
	})
}
