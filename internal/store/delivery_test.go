package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

const grp = "monitor"

// owing is a store whose log has n drifts each of leaf1 and leaf2, in turns, which the group is owed.
func owing(t *testing.T, at storetest.Place, n int) (*store.Store, []event.Event) {
	t.Helper()
	s := openAt(t, at)
	for range n {
		for _, device := range []string{"leaf1", "leaf2"} {
			appendAll(t, s, event.Draft{Type: event.TypeDriftDetected, Subject: device, Data: event.Drift{Episode: "e1", Device: "leaf1"}, Correlation: "c-" + device, TraceParent: "00-1-2-01"})
		}
	}
	if err := s.JoinGroup(t.Context(), view.Group{Name: grp, Streams: []string{event.StreamDrift}, Types: []event.Type{"drift"}, Past: true}); err != nil {
		t.Fatal(err)
	}
	events, err := s.Events(t.Context(), event.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return s, events
}

func answer(ctx context.Context, tx event.Tx, e event.Event) error {
	return tx.Append(ctx, synced(e.Subject), synced(e.Subject))
}

func deliver(t *testing.T, s *store.Store, e event.Event, h event.Handler) event.Seq {
	t.Helper()
	earlier, err := s.Deliver(t.Context(), grp, e, h)
	if err != nil {
		t.Fatal(err)
	}
	return earlier
}

func counts(t *testing.T, s *store.Store) view.Group {
	t.Helper()
	groups, err := s.Groups(t.Context())
	if err != nil || len(groups) != 1 {
		t.Fatalf("Groups() = %v, %v", groups, err)
	}
	return groups[0]
}

func TestDeliverOnceInOrder(t *testing.T) { storetest.Both(t, testDeliverOnceInOrder) }

func testDeliverOnceInOrder(t *testing.T, at storetest.Place) {
	s, events := owing(t, at, 2)
	handled := 0
	h := func(ctx context.Context, tx event.Tx, e event.Event) error { handled++; return answer(ctx, tx, e) }
	if earlier := deliver(t, s, events[2], h); earlier != events[0].Seq || handled != 0 {
		t.Fatalf("an event was delivered before an earlier one of its device: %d, %d", earlier, handled)
	}
	for _, e := range []event.Event{events[0], events[0], events[2], events[1]} {
		if earlier := deliver(t, s, e, h); earlier != 0 {
			t.Errorf("event %d waits for %d", e.Seq, earlier)
		}
	}
	if handled != 3 {
		t.Errorf("handled %d times, want 3", handled)
	}
	want := view.Group{Name: grp, Streams: []string{event.StreamDrift}, Types: []event.Type{"drift"}, Pending: 1, Oldest: events[3].Seq}
	if diff := cmp.Diff(want, counts(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestChildrenDeriveFromTheirCause(t *testing.T) {
	storetest.Both(t, testChildrenDeriveFromTheirCause)
}

func testChildrenDeriveFromTheirCause(t *testing.T, at storetest.Place) {
	children := func() (ids []event.ID) {
		s, events := owing(t, at, 1)
		cause := events[0]
		deliver(t, s, cause, answer)
		list, err := s.Events(t.Context(), event.Query{Types: []event.Type{event.TypeDeviceSynced}})
		if err != nil || len(list) != 2 {
			t.Fatalf("%d children, %v", len(list), err)
		}
		for _, e := range list {
			if e.Causation != cause.ID || e.Correlation != cause.Correlation || e.TraceParent != cause.TraceParent {
				t.Errorf("child %s of %s", e.Envelope, cause.Envelope)
			}
			ids = append(ids, e.ID)
		}
		return ids
	}
	// Version 5: made of the cause, so that handling it again makes the same ones.
	if ids := children(); ids[0] == ids[1] || ids[0][14] != '5' {
		t.Errorf("children have the IDs %v", ids)
	}
}

func TestNothingOfAFailureStays(t *testing.T) { storetest.Both(t, testNothingOfAFailureStays) }

func testNothingOfAFailureStays(t *testing.T, at storetest.Place) {
	s, events := owing(t, at, 1)
	broken := errors.New("broken")
	_, err := s.Deliver(t.Context(), grp, events[0], func(ctx context.Context, tx event.Tx, e event.Event) error {
		return errors.Join(answer(ctx, tx, e), s.SaveRun(tx, view.Run{ID: "r"}), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("Deliver() = %v, want %v", err, broken)
	}
	if _, err := s.Run(t.Context(), "r"); !errors.Is(err, view.ErrNotFound) {
		t.Errorf("Run() = %v", err)
	}
	deliver(t, s, events[0], answer)
	if n, _, err := s.Head(t.Context()); err != nil || n != 4 {
		t.Errorf("the log has %d events, want the 2 and 2 children: %v", n, err)
	}
}

func TestFailureRetriesThenDies(t *testing.T) { storetest.Both(t, testFailureRetriesThenDies) }

func testFailureRetriesThenDies(t *testing.T, at storetest.Place) {
	s, events := owing(t, at, 2)
	wait := time.Hour
	fail := func() bool {
		t.Helper()
		dead, err := s.FailDelivery(t.Context(), view.Failure{
			Group: grp, Event: events[0], Reason: "broken",
			Retry: func(attempts int) (time.Duration, bool) { return wait, attempts < 3 },
		})
		if err != nil {
			t.Fatal(err)
		}
		return dead
	}
	take := func() []view.Delivery {
		t.Helper()
		list, err := s.TakeRetries(t.Context(), grp, 10, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	never := func(context.Context, event.Tx, event.Event) error { t.Error("handled while it waits"); return nil }
	if fail() {
		t.Fatal("dead after the first failure")
	}
	deliver(t, s, events[0], never) // not due
	if earlier := deliver(t, s, events[2], never); earlier != 0 {
		t.Errorf("the device's next event wants %d first, which waits for its retry", earlier)
	}
	if list := take(); len(list) != 0 {
		t.Errorf("%v are due an hour early", list)
	}
	if g := counts(t, s); g.Retry != 2 || g.Pending != 2 {
		t.Errorf("%+v, want both of the device waiting", g)
	}
	wait = 0
	if fail() {
		t.Fatal("dead after the second failure")
	}
	if list := take(); len(list) != 1 || list[0].Attempts != 2 || list[0].Error != "broken" || len(take()) != 0 {
		t.Errorf("due %+v; what was taken is not due again before its hold", list)
	}
	if !fail() {
		t.Fatal("not dead after the third failure")
	}
	dead, err := s.DeadDeliveries(t.Context())
	if err != nil || len(dead) != 1 || dead[0].Seq != events[0].Seq || dead[0].Attempts != 3 {
		t.Errorf("DeadDeliveries() = %+v, %v", dead, err)
	}
	list, err := s.Events(t.Context(), event.Query{Types: []event.Type{event.TypeDeadLettered}})
	if err != nil || len(list) != 1 || list[0].Causation != events[0].ID || list[0].Correlation != "c-leaf1" {
		t.Errorf("dead letter events %v, %v", list, err)
	}
	for _, want := range []int{1, 0} {
		if n, err := s.ResolveDead(t.Context(), view.DeadResolution{Group: grp, Seq: events[0].Seq}); n != want || err != nil {
			t.Errorf("ResolveDead() = %v, %v, want %v", n, err, want)
		}
	}
	if list := take(); len(list) != 1 || list[0].Attempts != 0 {
		t.Errorf("requeued: due %+v", list)
	}
	deliver(t, s, events[0], answer)
	if g := counts(t, s); g.Dead != 0 {
		t.Errorf("%+v after the requeued event was handled", g)
	}
}

func TestWhoFailsOnDeadLettersMakesNoMore(t *testing.T) {
	storetest.Both(t, testWhoFailsOnDeadLettersMakesNoMore)
}

func testWhoFailsOnDeadLettersMakesNoMore(t *testing.T, at storetest.Place) {
	s := openAt(t, at)
	if err := s.JoinGroup(t.Context(), view.Group{Name: grp, Streams: []string{event.StreamSystem}, Past: true}); err != nil {
		t.Fatal(err)
	}
	appendAll(t, s, event.Draft{Type: event.TypeDeadLettered, Data: event.DeadLettered{Group: "other", Reason: "tried"}})
	events, err := s.Events(t.Context(), event.Query{})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := s.FailDelivery(t.Context(), view.Failure{Group: grp, Event: events[0], Retry: func(int) (time.Duration, bool) { return 0, false }})
	if err != nil || !dead {
		t.Fatalf("FailDelivery() = %v, %v", dead, err)
	}
	if n, _, err := s.Head(t.Context()); err != nil || n != 1 {
		t.Errorf("the log has %d events, want 1: %v", n, err)
	}
}

func TestLostDeliveriesBecomeRetries(t *testing.T) {
	storetest.Both(t, testLostDeliveriesBecomeRetries)
}

func testLostDeliveriesBecomeRetries(t *testing.T, at storetest.Place) {
	s, events := owing(t, at, 2)
	for stream, want := range map[string]event.Seq{event.StreamDrift: 1, event.StreamDevice: 0} {
		if seq, err := s.OldestPending(t.Context(), grp, stream); err != nil || seq != want {
			t.Errorf("OldestPending(%s) = %d, %v, want %d", stream, seq, err, want)
		}
	}
	for _, want := range []int64{2, 0} {
		if n, err := s.RetryLost(t.Context(), grp, event.StreamDrift, events[2].Seq); err != nil || n != want {
			t.Errorf("RetryLost() = %d, %v, want %d", n, err, want)
		}
	}
	if list, err := s.TakeRetries(t.Context(), grp, 10, 0); err != nil || len(list) != 2 {
		t.Errorf("TakeRetries() = %v, %v", list, err)
	}
	if seq, err := s.OldestPending(t.Context(), "", event.StreamDrift); err != nil || seq != events[2].Seq {
		t.Errorf("OldestPending() = %d, %v: what was taken is given already", seq, err)
	}
}

func TestJoinGroupAnewChangesWhatItIsOwed(t *testing.T) {
	storetest.Both(t, testJoinGroupAnewChangesWhatItIsOwed)
}

func testJoinGroupAnewChangesWhatItIsOwed(t *testing.T, at storetest.Place) {
	s, _ := owing(t, at, 1)
	for range 2 {
		if err := s.JoinGroup(t.Context(), view.Group{Name: grp, Streams: []string{event.StreamDevice}}); err != nil {
			t.Fatal(err)
		}
	}
	appendAll(t, s, synced("leaf1"), event.Draft{Type: event.TypeDriftDetected, Subject: "leaf1", Data: event.Drift{Episode: "e1", Device: "leaf1"}})
	if g := counts(t, s); g.Pending != 3 {
		t.Errorf("%+v, want the two of before and the one it wants now", g)
	}
}

func TestNewGroupBeginsAtTheEndUnlessItAsks(t *testing.T) {
	storetest.Both(t, testNewGroupBeginsAtTheEndUnlessItAsks)
}

func testNewGroupBeginsAtTheEndUnlessItAsks(t *testing.T, at storetest.Place) {
	s := openAt(t, at)
	appendAll(t, s, synced("leaf1"))
	for name, past := range map[string]bool{"late": false, "thorough": true} {
		for range 2 { // joining again changes nothing
			if err := s.JoinGroup(t.Context(), view.Group{Name: name, Streams: []string{event.StreamDevice}, Past: past}); err != nil {
				t.Fatal(err)
			}
		}
	}
	appendAll(t, s, synced("leaf2"))
	groups, err := s.Groups(t.Context())
	if err != nil || len(groups) != 2 || groups[0].Pending != 1 || groups[0].Oldest != 2 || groups[1].Pending != 2 {
		t.Errorf("%+v, %v; want late owed one event and thorough both", groups, err)
	}
}
