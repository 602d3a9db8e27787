// Package bustest is the contract that every bus keeps, as tests. A bus's own test package calls Run with a way to make
// the bus over a store; several buses over one store are as several processes. It also calls Main from TestMain,
// since one test kills a real process.
package bustest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
)

// Bus is what is under test.
type Bus interface {
	Subscribe(group string, streams []string, types []event.Type, h event.Handler)
	Replay(group string, streams []string, types []event.Type, h event.Handler)
	Join(ctx context.Context) error
	Run(ctx context.Context) error
}

// Retry is the policy that the buses are to be made with: fast, and three attempts.
var Retry = delivery.Policy{MaxAttempts: 3, First: 20 * time.Millisecond, Max: 50 * time.Millisecond}

// Lease is the lease that the buses are to be made with.
const Lease = 2 * time.Second

// patience is how long a bus may stand still before it is broken: far longer than a slow machine needs.
const patience = 3 * time.Minute

// A World is one store and the buses that share it.
type World struct {
	testing.TB
	Place storetest.Place
	Store *store.Store // for looking and for appending
	make  Maker
	env   []string
	made  int

	rounds int // of appending, in the suite
}

// NewWorld makes an empty world over SQLite. make makes a bus over a store that the world closes.
func NewWorld(t testing.TB, make Maker) *World { return NewWorldAt(t, storetest.SQLite(t), make) }

// NewWorldAt is NewWorld with its store at the place. The variables of the environment tell processes of their own what bus to make.
func NewWorldAt(t testing.TB, at storetest.Place, make Maker, env ...string) *World {
	w := &World{TB: t, Place: at, make: make, env: env}
	w.Store = w.open("test")
	return w
}

func (w *World) open(worker string) *store.Store {
	w.Helper()
	return w.Place.Open(w, store.Options{Fabric: "dc1", Worker: worker})
}

// Start starts a bus with a store of its own, subscribed by subscribe. The function returned stops it and waits;
// the end of the test does too.
func (w *World) Start(subscribe func(Bus)) (stop func()) {
	w.Helper()
	w.made++
	name := fmt.Sprintf("w%d", w.made)
	return w.Run(w.make(w.open(name), name), subscribe)
}

// Run is Start for a bus that is made already.
func (w *World) Run(b Bus, subscribe func(Bus)) (stop func()) {
	subscribe(b)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				w.Errorf("Run() = %v", err)
			}
		case <-time.After(patience):
			w.Errorf("the bus did not stop")
		}
	})
	w.Cleanup(stop)
	return stop
}

// Drift appends n drift events for each device, in turns.
func (w *World) Drift(n int, devices ...string) {
	w.Helper()
	var drafts []event.Draft
	for range n {
		for _, d := range devices {
			drafts = append(drafts, event.Draft{Type: event.TypeDriftDetected, Subject: d, Data: event.Drift{Episode: "e-" + d, Device: "leaf1"}})
		}
	}
	w.Append(drafts...)
}

// Append appends the drafts.
func (w *World) Append(drafts ...event.Draft) {
	w.Helper()
	err := w.Store.Do(context.Background(), func(tx event.Tx) error { return tx.Append(context.Background(), drafts...) })
	if err != nil {
		w.Fatal(err)
	}
}

// Answer is a handler whose effect is one child event, by which Handled sees what was handled.
func Answer(ctx context.Context, tx event.Tx, e event.Event) error {
	return tx.Append(ctx, event.Draft{Type: event.TypeDeviceSynced, Subject: e.Subject, Data: event.Device{Device: "leaf1", Reason: string(e.Type)}})
}

// Events returns all events of the type, oldest first.
func (w *World) Events(types ...event.Type) []event.Event {
	w.Helper()
	events, err := w.Store.Events(context.Background(), event.Query{Types: types, Limit: 100000})
	if err != nil {
		w.Fatal(err)
	}
	return events
}

// Until waits for the condition and fails the test when it does not come true in time.
func (w *World) Until(what string, cond func() bool) {
	w.Helper()
	w.untilOrStill(what, cond, func() int { return 0 })
}

// untilOrStill waits until cond, for as long as count changes from time to time: a busy machine may be slow, but a bus that
// stands still is broken.
func (w *World) untilOrStill(what string, cond func() bool, count func() int) {
	w.Helper()
	last, deadline := count(), time.Now().Add(patience)
	for ; !cond(); time.Sleep(10 * time.Millisecond) {
		if n := count(); n != last {
			last, deadline = n, time.Now().Add(patience)
		}
		if time.Now().After(deadline) {
			groups, err := w.Store.Groups(context.Background())
			stacks := make([]byte, 1<<20)
			w.Fatalf("not within %v: %s; groups %+v, %v\n%s", patience, what, groups, err, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// UntilAnswered waits for n answers and checks that every drift event was answered once, and those of one device
// in their order.
func (w *World) UntilAnswered(n int) {
	w.Helper()
	w.UntilAnsweredBut(n)
}

// UntilAnsweredBut is UntilAnswered when events of these types may be without an answer.
func (w *World) UntilAnsweredBut(n int, but ...event.Type) {
	w.Helper()
	w.untilAnswers(n)
	want, got := map[string][]event.ID{}, map[string][]event.ID{}
	for _, e := range w.Events(event.TypeDriftDetected) {
		want[e.Subject] = append(want[e.Subject], e.ID)
	}
	excused := map[event.ID]bool{}
	for _, e := range w.Events(but...) {
		excused[e.ID] = len(but) > 0
	}
	for _, e := range w.Events(event.TypeDeviceSynced) {
		if !excused[e.Causation] {
			got[e.Subject] = append(got[e.Subject], e.Causation)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Fatalf("handled is not what happened, -want +got:\n%s", diff)
	}
	if _, err := w.Store.VerifyLog(context.Background()); err != nil {
		w.Error(err)
	}
}

// untilAnswers waits for n answers, and until nothing is owed.
func (w *World) untilAnswers(n int) {
	w.Helper()
	answers := w.counter(event.TypeDeviceSynced)
	w.untilOrStill(fmt.Sprintf("%d answers", n), func() bool { return answers() >= n }, answers)
	w.untilOrStill("nothing is owed", func() bool { return w.owed() == 0 }, w.owed)
}

// counter returns a function that counts the events of the type, and reads each but once: to read all of them again and again is
// more work than what is waited for.
func (w *World) counter(t event.Type) func() int {
	n, after := 0, event.Seq(0)
	return func() int {
		w.Helper()
		events, err := w.Store.Events(context.Background(), event.Query{Types: []event.Type{t}, After: after, Limit: 100000})
		if err != nil {
			w.Fatal(err)
		}
		if len(events) > 0 {
			n, after = n+len(events), events[len(events)-1].Seq
		}
		return n
	}
}

// owed is how many deliveries wait.
func (w *World) owed() int {
	w.Helper()
	groups, err := w.Store.Groups(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	n := 0
	for _, g := range groups {
		n += g.Pending + g.Retry
	}
	return n
}
