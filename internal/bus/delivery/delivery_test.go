package delivery_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBackoffDoublesUpToItsLimit(t *testing.T) {
	for failures, want := range []time.Duration{1, 1, 2, 4, 8, 10, 10} {
		for range 100 {
			got := delivery.Backoff(failures, time.Second, 10*time.Second)
			if got < want*time.Second/2 || got > want*time.Second {
				t.Fatalf("Backoff(%d) = %v, want within half of %ds", failures, got, want)
			}
		}
	}
	if got := delivery.Backoff(1000, time.Second, time.Minute); got < 30*time.Second {
		t.Errorf("Backoff(1000) = %v", got)
	}
}

func TestPolicyHasDefaults(t *testing.T) {
	var p delivery.Policy
	for attempts := 1; attempts <= 8; attempts++ {
		wait, again := p.Retry(attempts)
		if again != (attempts < 8) || again && wait < 250*time.Millisecond {
			t.Errorf("Retry(%d) = %v, %v", attempts, wait, again)
		}
	}
}

func TestSubscriptionReadsTheStreamsOfItsTypes(t *testing.T) {
	for name, c := range map[string]struct{ streams, want []string }{
		"given":   {[]string{"intent"}, []string{"intent"}},
		"derived": {nil, []string{"reconciler", "drift"}},
	} {
		sub := delivery.NewSubscription("g", c.streams, []event.Type{"drift", event.TypeApprovalGranted}, nil)
		if diff := cmp.Diff(c.want, sub.Streams); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	if all := delivery.NewSubscription("g", nil, nil, nil); len(all.Streams) != len(event.Streams()) {
		t.Errorf("no types: streams %v", all.Streams)
	}
}

// awayStore answers a number of times that it cannot be written.
type awayStore struct {
	away   int
	failed chan view.Failure
}

func (s *awayStore) Deliver(ctx context.Context, _ string, e event.Event, h event.Handler) (event.Seq, error) {
	if s.away > 0 {
		s.away--
		return 0, errors.New("disk full")
	}
	return 0, h(ctx, nil, e)
}

func (s *awayStore) FailDelivery(_ context.Context, f view.Failure) (bool, error) {
	s.failed <- f
	return false, nil
}

func (s *awayStore) EventsAt(context.Context, []event.Seq) ([]event.Event, error) { return nil, nil }

func (s *awayStore) BeginDelivery(context.Context, string, event.Event, int) (bool, error) {
	return false, nil
}

func (s *awayStore) EndDelivery(context.Context, string, event.Event) error { return nil }

func lanes(ctx context.Context, s delivery.Store, h event.Handler) *delivery.Lanes {
	return delivery.NewLanes(ctx, delivery.NewSubscription("g", nil, nil, h), delivery.LaneOptions{Store: s, Careful: &delivery.Careful{}, Newer: &delivery.Newer{}, Log: zap.NewNop()})
}

func TestStoreAwayIsNoFailureOfTheEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &awayStore{away: 10, failed: make(chan view.Failure, 1)}
		l := lanes(ctx, s, func(context.Context, event.Tx, event.Event) error { return nil })
		settled := make(chan struct{})
		begun := time.Now()
		if err := l.Put(ctx, delivery.Item{Event: event.Event{Type: event.TypeDriftDetected, Subject: "leaf1"}, Settled: func() { close(settled) }}); err != nil {
			t.Fatal(err)
		}
		<-settled
		if took := time.Since(begun); took < 5*time.Second || len(s.failed) > 0 {
			t.Errorf("settled after %v with %d failures: ten times the store was away", took, len(s.failed))
		}
		cancel()
		l.Wait()
	})
}

func TestFailureIsToldInOneShortLine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &awayStore{failed: make(chan view.Failure, 1)}
	l := lanes(ctx, s, func(context.Context, event.Tx, event.Event) error {
		return errors.New(strings.Repeat("é", 1000) + "\nstack")
	})
	if err := l.Put(ctx, delivery.Item{Event: event.Event{Type: event.TypeDriftDetected}, Settled: func() {}}); err != nil {
		t.Fatal(err)
	}
	if f := <-s.failed; f.Group != "g" || len(f.Reason) > 510 || !strings.HasSuffix(f.Reason, "é…") {
		t.Errorf("failure of %q: %q", f.Group, f.Reason)
	}
	cancel()
	l.Wait()
}

// What a newer build wrote is acknowledged without its handler, and counted.
func TestUnknownTypesArePassedOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	core, logged := observer.New(zap.WarnLevel)
	handled := 0
	sub := delivery.NewSubscription("g", nil, nil, func(context.Context, event.Tx, event.Event) error { handled++; return nil })
	var newer delivery.Newer
	l := delivery.NewLanes(ctx, sub, delivery.LaneOptions{Store: &awayStore{}, Careful: &delivery.Careful{}, Newer: &newer, Log: zap.New(core)})
	settled := make(chan struct{}, 4)
	for _, typ := range []event.Type{"drift.explained", event.TypeDriftDetected, "drift.explained", "later.type"} {
		if err := l.Put(ctx, delivery.Item{Event: event.Event{Type: typ, SchemaVersion: "1.7"}, Settled: func() { settled <- struct{}{} }}); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		<-settled
	}
	cancel()
	l.Wait()
	if diff := cmp.Diff(map[event.Type]uint64{"drift.explained": 2, "later.type": 1}, newer.Counts()); diff != "" || handled != 1 {
		t.Errorf("handled %d; passed over, -want +got:\n%s", handled, diff)
	}
	if n := logged.Len(); n != 2 {
		t.Errorf("%d warnings, want one for each type", n)
	}
}

func TestStoppedGroupLeavesTheEvent(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &awayStore{failed: make(chan view.Failure, 1)}
	l := lanes(ctx, s, func(context.Context, event.Tx, event.Event) error {
		cancel()
		return delivery.ErrStop
	})
	if err := l.Put(t.Context(), delivery.Item{Event: event.Event{Type: event.TypeDriftDetected}, Settled: func() { t.Error("settled") }}); err != nil {
		t.Fatal(err)
	}
	l.Wait()
	if len(s.failed) > 0 {
		t.Error("stopping was counted as a failure")
	}
}

func TestStreakTellsOfTheFirstEveryHundredthAndTheEnd(t *testing.T) {
	core, lines := observer.New(zap.DebugLevel)
	s := delivery.Streak{Log: zap.New(core), Failing: "failing", Over: "over"}
	s.Good("a")
	for range 250 {
		for _, who := range []string{"a", "b", "c"} {
			s.Bad(who, errors.New("away"))
		}
	}
	s.Good("a")
	s.Good("b")
	if n := lines.FilterMessage("failing").Len(); n != 3 {
		t.Errorf("%d lines of 250 failures of three, want 3", n)
	}
	if n := lines.FilterMessage("over").Len(); n != 0 {
		t.Error("over, although one still fails")
	}
	s.Good("c")
	if n := lines.FilterMessage("over").Len(); n != 1 {
		t.Errorf("%d times over, want once", n)
	}
	s.Bad("a", errors.New("again"))
	if n := lines.FilterMessage("failing").Len(); n != 4 {
		t.Error("another streak's first failure was not told")
	}
}

func TestCalmLogTellsOfAThousandFailuresInAFewLines(t *testing.T) {
	core, lines := observer.New(zap.DebugLevel)
	log := delivery.Calm(zap.New(core))
	for range 1000 {
		log.Warn("handler failed")
	}
	if n := lines.Len(); n < 10 || n > 40 {
		t.Errorf("%d lines", n)
	}
}
