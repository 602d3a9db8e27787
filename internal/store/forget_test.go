package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

func TestForgetLeavesWhatIsOpenOrNeeded(t *testing.T) {
	storetest.Both(t, testForgetLeavesWhatIsOpenOrNeeded)
}

func testForgetLeavesWhatIsOpenOrNeeded(t *testing.T, at storetest.Place) {
	s := openAt(t, at)
	ctx := t.Context()
	old, recent := noon, noon.Add(100*24*time.Hour)
	do(t, s, func(tx event.Tx) error {
		for i, p := range []view.Plan{
			{ID: "open", Status: view.PlanOpen, Created: old},
			{ID: "rejected", Status: view.PlanRejected, Created: old},
			{ID: "recent", Status: view.PlanRejected, Created: recent},
			{ID: "ran", Status: view.PlanDone, Created: old},
			{ID: "runs", Status: view.PlanRunning, Created: old},
		} {
			p.Content, p.Devices = p.ID, []intent.DeviceName{intent.DeviceName(fmt.Sprint("leaf", i)), "spine1"}
			if _, err := s.SavePlan(tx, p); err != nil {
				return err
			}
		}
		for _, r := range []view.Run{
			{ID: "old", Plan: "ran", Status: view.RunDone, Created: old, Ended: old},
			{ID: "going on", Plan: "runs", Status: view.RunRunning, Created: old},
			{ID: "late", Plan: "recent", Status: view.RunFailed, Created: old, Ended: recent},
		} {
			if err := s.SaveRun(tx, r); err != nil {
				return err
			}
			if err := s.SaveRunDevice(tx, view.RunDevice{Run: r.ID, Device: "spine1"}); err != nil {
				return err
			}
		}
		for i := range 250 { // more than go at once
			e := view.Episode{ID: fmt.Sprint(i), Device: "leaf1", Opened: old.Add(time.Duration(i)), Closed: old.Add(time.Duration(i + 1))}
			if err := s.SaveEpisode(tx, e); err != nil {
				return err
			}
		}
		return s.SaveEpisode(tx, view.Episode{ID: "open", Device: "leaf1", Opened: old})
	})
	if n, err := s.Forget(ctx, recent.Add(-time.Hour)); err != nil || n != 2+1+250 {
		t.Errorf("Forget() = %d, %v; want two plans, a run and the closed episodes", n, err)
	}
	want := [3][]string{{"open", "recent", "runs"}, {"going on", "late"}, {"open"}}
	if diff := cmp.Diff(want, kept(t, s)); diff != "" {
		t.Errorf("kept, -want +got:\n%s", diff)
	}
	plans, err := s.Plans(ctx, view.PlanQuery{Device: "leaf1"})
	if err != nil || len(plans) != 0 {
		t.Errorf("plans of the rejected one's device: %v, %v", plans, err)
	}
	if list, err := s.RunDevices(ctx, "old"); err != nil || len(list) != 0 {
		t.Errorf("devices of the run that is gone: %v, %v", list, err)
	}
}

// kept returns the IDs of all plans, runs and episodes, each in order.
func kept(t *testing.T, s *store.Store) (ids [3][]string) {
	t.Helper()
	plans, err := s.Plans(t.Context(), view.PlanQuery{})
	if err != nil {
		t.Fatal(err)
	}
	runs, err := s.Runs(t.Context(), view.RunQuery{})
	if err != nil {
		t.Fatal(err)
	}
	episodes, err := s.Episodes(t.Context(), view.EpisodeQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		ids[0] = append(ids[0], p.ID)
	}
	for _, r := range runs {
		ids[1] = append(ids[1], r.ID)
	}
	for _, e := range episodes {
		ids[2] = append(ids[2], e.ID)
	}
	slices.Sort(ids[0])
	slices.Sort(ids[1])
	return ids
}

func TestForgetSentNotificationsAndGroupsThatAreGone(t *testing.T) {
	storetest.Both(t, testForgetSentNotificationsAndGroupsThatAreGone)
}

func testForgetSentNotificationsAndGroupsThatAreGone(t *testing.T, at storetest.Place) {
	s := openAt(t, at)
	ctx := t.Context()
	for _, name := range []string{"gone", "here"} {
		if err := s.JoinGroup(ctx, view.Group{Name: name, Streams: []string{event.StreamDevice}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 120 {
		appendAll(t, s, synced("leaf1"), synced("leaf2"))
	}
	do(t, s, func(tx event.Tx) error {
		for key, state := range map[string]string{"a": view.NotificationSent, "b": view.NotificationFailed, "c": view.NotificationPending} {
			if _, err := s.AddNotification(tx, view.Notification{Receiver: "ops", Key: key, State: state}); err != nil {
				return err
			}
		}
		return nil
	})
	later := time.Now()
	if err := s.JoinGroup(context.Background(), view.Group{Name: "here", Streams: []string{event.StreamDevice}}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Forget(ctx, later); err != nil || n != 2+1+240 {
		t.Errorf("Forget() = %d, %v; want two notifications, a group and what it was owed", n, err)
	}
	appendAll(t, s, synced("leaf1"))
	groups, err := s.Groups(ctx)
	if err != nil || len(groups) != 1 || groups[0].Name != "here" || groups[0].Pending != 241 {
		t.Errorf("%+v, %v", groups, err)
	}
	if list, err := s.PendingNotifications(ctx); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	// What sealed the events above must know of a group that is made anew.
	if err := s.JoinGroup(ctx, view.Group{Name: "gone", Streams: []string{event.StreamDevice}}); err != nil {
		t.Fatal(err)
	}
	if groups, err = s.Groups(ctx); err != nil || len(groups) != 2 || groups[0].Pending != 0 {
		t.Errorf("%+v, %v", groups, err)
	}
}
