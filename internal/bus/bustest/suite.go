package bustest

import (
	stdcmp "cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// A Maker makes a bus over a store.
type Maker func(s *store.Store, worker string) Bus

// Places are the kinds of store that the suite runs over: each makes a new one.
type Places map[string]func(testing.TB) storetest.Place

// AllPlaces are all kinds of store that there are.
var AllPlaces = Places{"sqlite": storetest.SQLite, "postgres": storetest.Postgres}

// A Suite says how much of the contract's work is done.
type Suite struct {
	Places Places
	Rounds int // of appending, where more of them find more; many when 0
}

// many is how many rounds of appending find what there is to find. Where less differs than the whole of a bus, fewer do.
const many = 20

// Run checks the contract at the same time in many worlds. fresh is called for each, whose buses share nothing with those of
// another; it returns with the maker what tells Main's maker in a process of its own to make the same.
func Run(t *testing.T, s Suite, fresh func(t testing.TB) (make Maker, env []string)) {
	for kind, place := range s.Places {
		for name, test := range map[string]func(*World){
			"every event once, in order, by two processes": deliverOnce,
			"a new group is owed the past if it asks":      past,
			"a new group begins at the end":                atEnd,
			"groups and types are apart":                   apart,
			"a failure is tried again in its turn":         retry,
			"a panic is a failure":                         panics,
			"dead letters do not stop the next":            deadLetter,
			"stop and go on":                               stopAndGoOn,
			"stop while blocked":                           stopWhileBlocked,
			"a killed process's events are taken over":     killed,
			"an event that ends its process is left":       poison,
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				make, env := fresh(t)
				w := NewWorldAt(t, place(t), make, env...)
				w.rounds = stdcmp.Or(s.Rounds, many)
				test(w)
			})
		}
	}
}

func answering(b Bus) { b.Replay("answer", nil, []event.Type{"drift"}, Answer) }

func deliverOnce(w *World) {
	w.Start(answering)
	w.Start(answering)
	for range w.rounds {
		w.Drift(4, "leaf1", "leaf2", "leaf3", "spine1", "")
	}
	w.untilAnswers(20 * w.rounds)
	// Events without a subject have no order: put them into one before comparing.
	want, got := map[string][]event.ID{}, map[string][]event.ID{}
	for _, e := range w.Events(event.TypeDriftDetected) {
		want[e.Subject] = append(want[e.Subject], e.ID)
	}
	for _, e := range w.Events(event.TypeDeviceSynced) {
		got[e.Subject] = append(got[e.Subject], e.Causation)
	}
	slices.Sort(want[""])
	slices.Sort(got[""])
	for device := range want {
		if !slices.Equal(want[device], got[device]) {
			w.Errorf("device %q: handled %v, want %v", device, got[device], want[device])
		}
	}
}

func past(w *World) {
	w.Drift(10, "leaf1", "leaf2")
	w.Start(answering)
	w.UntilAnswered(20)
}

func atEnd(w *World) {
	following := func(b Bus) {
		b.Subscribe("answer", nil, []event.Type{"drift"}, Answer)
		if err := b.Join(w.Context()); err != nil {
			w.Fatal(err)
		}
	}
	w.Drift(10, "leaf1", "leaf2")
	stop := w.Start(following)
	w.Drift(1, "leaf1")
	w.Until("the event after the beginning is answered", func() bool { return len(w.Events(event.TypeDeviceSynced)) > 0 && w.owed() == 0 })
	stop()
	w.Drift(2, "leaf2") // while nobody is there: the group is not new any more
	w.Start(following)
	w.Until("what came meanwhile is answered", func() bool { return len(w.Events(event.TypeDeviceSynced)) >= 3 && w.owed() == 0 })
	drifts := w.Events(event.TypeDriftDetected)
	var want, got []event.ID
	for _, e := range drifts[20:] {
		want = append(want, e.ID)
	}
	for _, e := range w.Events(event.TypeDeviceSynced) {
		got = append(got, e.Causation)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("handled is not what came after the group, -want +got:\n%s", diff)
	}
}

func apart(w *World) {
	var drifts, commands, all atomic.Int32
	count := func(n *atomic.Int32) event.Handler {
		return func(context.Context, event.Tx, event.Event) error { n.Add(1); return nil }
	}
	w.Start(func(b Bus) {
		b.Replay("drifts", []string{event.StreamDrift}, []event.Type{event.TypeDriftDetected}, count(&drifts))
		b.Replay("all", nil, nil, func(_ context.Context, _ event.Tx, e event.Event) error {
			switch e.Type {
			case event.TypeLeaderElected, event.TypeBusDegraded, event.TypeBusRecovered: // of the bus itself, as it comes to be and as it waits
			default:
				all.Add(1)
			}
			return nil
		})
	})
	w.Start(func(b Bus) {
		b.Replay("commands", []string{event.StreamReconciler}, []event.Type{"control"}, count(&commands))
	})
	w.Drift(3, "leaf1", "leaf2")
	w.Append(
		event.Draft{Type: event.TypeDriftHeld, Subject: "leaf1", Data: event.Drift{Episode: "e1", Device: "leaf1"}},
		event.Draft{Type: event.TypeCommand, Data: event.Command{Verb: "plan"}},
		event.Draft{Type: event.TypeApplyStarted, Data: event.ApplyStarted{Run: "r1", Plan: "p1"}},
	)
	w.Until("all groups have all of theirs", func() bool {
		return drifts.Load() >= 6 && commands.Load() >= 1 && all.Load() >= 9 && w.owed() == 0
	})
	if d, c, a := drifts.Load(), commands.Load(), all.Load(); d != 6 || c != 1 || a != 9 {
		w.Errorf("handled %d drifts, %d commands, %d of all; want 6, 1, 9", d, c, a)
	}
}

func retry(w *World) {
	var mu sync.Mutex
	tries := map[event.ID]int{}
	handler := func(ctx context.Context, tx event.Tx, e event.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if tries[e.ID]++; e.Subject == "leaf1" && tries[e.ID] < 3 {
			// What was done before the failure must not count.
			return errors.Join(Answer(ctx, tx, e), errors.New("not yet"))
		}
		return Answer(ctx, tx, e)
	}
	for range 2 {
		w.Start(func(b Bus) { b.Replay("flaky", nil, []event.Type{"drift"}, handler) })
	}
	w.Drift(3, "leaf1", "leaf2")
	w.UntilAnswered(6)
}

func panics(w *World) {
	var tried atomic.Bool
	w.Start(func(b Bus) {
		b.Replay("panics", nil, []event.Type{"drift"}, func(ctx context.Context, tx event.Tx, e event.Event) error {
			if !tried.Swap(true) {
				panic("first try")
			}
			return Answer(ctx, tx, e)
		})
	})
	w.Drift(1, "leaf1")
	w.UntilAnswered(1)
}

func deadLetter(w *World) {
	var healed atomic.Bool
	w.Start(func(b Bus) {
		b.Replay("fails", nil, []event.Type{"drift"}, func(ctx context.Context, tx event.Tx, e event.Event) error {
			if e.Type == event.TypeDriftHeld && !healed.Load() {
				return errors.New("cannot be handled")
			}
			return Answer(ctx, tx, e)
		})
	})
	w.Append(event.Draft{Type: event.TypeDriftHeld, Subject: "leaf1", Data: event.Drift{Episode: "e1", Device: "leaf1"}})
	w.Drift(2, "leaf1", "leaf2")
	w.UntilAnswered(4)
	dead := w.Events(event.TypeDeadLettered)
	if len(dead) != 1 {
		w.Fatalf("%d dead letters, want 1", len(dead))
	}
	data, err := event.Decode[event.DeadLettered](dead[0])
	if err != nil {
		w.Fatal(err)
	}
	if data.Group != "fails" || data.Seq != w.Events(event.TypeDriftHeld)[0].Seq || data.Attempts != Retry.MaxAttempts || data.Reason != "cannot be handled" {
		w.Errorf("dead letter %+v", data)
	}
	rows, err := w.Store.DeadDeliveries(w.Context())
	if err != nil || len(rows) != 1 {
		w.Fatalf("dead deliveries %v, %v", rows, err)
	}
	healed.Store(true)
	for _, want := range []int{1, 0} { // given back twice is given back once
		n, err := w.Store.ResolveDead(w.Context(), view.DeadResolution{Group: "fails", Seq: data.Seq})
		if n != want || err != nil {
			w.Fatalf("ResolveDead() = %v, %v, want %v", n, err, want)
		}
	}
	w.Until("the requeued event is handled", func() bool { return len(w.Events(event.TypeDeviceSynced)) == 5 && w.owed() == 0 })
}

func stopAndGoOn(w *World) {
	each := 5 * w.rounds / 2
	for range 3 {
		stop := w.Start(answering)
		w.Drift(each, "leaf1", "leaf2")
		stop()
	}
	w.Start(answering)
	w.UntilAnswered(6 * each)
}

func stopWhileBlocked(w *World) {
	inside, leave := make(chan struct{}), make(chan struct{})
	var left atomic.Bool
	stop := w.Start(func(b Bus) {
		b.Replay("blocked", nil, []event.Type{"drift"}, func(ctx context.Context, tx event.Tx, e event.Event) error {
			close(inside)
			<-leave
			left.Store(true)
			return Answer(ctx, tx, e)
		})
	})
	w.Start(func(b Bus) { b.Replay("idle", nil, []event.Type{"intent"}, Answer) })()
	w.Drift(1, "leaf1")
	<-inside
	stopped := make(chan bool)
	go func() { stop(); stopped <- left.Load() }()
	close(leave)
	if !<-stopped {
		w.Error("stopped although a handler was running")
	}
	// The handler had been let in before the stop, so its effects count.
	w.UntilAnswered(1)
}
