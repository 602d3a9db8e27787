package bustest

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// A Maker makes a bus over a store.
type Maker func(s *store.Store, worker string) Bus

// Run checks the contract. fresh is called for every world, whose buses share nothing with those of another.
func Run(t *testing.T, fresh func(t testing.TB) Maker) {
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
	} {
		t.Run(name, func(t *testing.T) {
			test(NewWorld(t, fresh(t)))
		})
	}
}

func answering(b Bus) { b.Replay("answer", nil, []event.Type{"drift"}, Answer) }

func deliverOnce(w *World) {
	w.Start(answering)
	w.Start(answering)
	for range 20 {
		w.Drift(4, "leaf1", "leaf2", "leaf3", "spine1", "")
	}
	w.Until("400 answers", func() bool { return len(w.Events(event.TypeDeviceSynced)) >= 400 })
	w.Until("nothing is owed", func() bool { return w.owed() == 0 })
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
			if e.Type != event.TypeLeaderElected { // of the bus itself, as it comes to be
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
	if ok, err := w.Store.RequeueDead(w.Context(), "fails", data.Seq); !ok || err != nil {
		w.Fatalf("RequeueDead() = %v, %v", ok, err)
	}
	w.Until("the requeued event is handled", func() bool { return len(w.Events(event.TypeDeviceSynced)) == 5 && w.owed() == 0 })
}

func stopAndGoOn(w *World) {
	for range 3 {
		stop := w.Start(answering)
		w.Drift(50, "leaf1", "leaf2")
		stop()
	}
	w.Start(answering)
	w.UntilAnswered(300)
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

// childEnv names the directory of the store in a process that is started only to be killed.
const childEnv = "TENTER_BUSTEST_DIR"

// Main runs the tests, or in a process that a test has started, a bus whose handler never returns.
func Main(m *testing.M, make Maker, check func(*testing.M)) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		check(m)
		return
	}
	s, err := store.Open(context.Background(), store.Options{Dir: dir, Worker: "child"})
	if err != nil {
		panic(err)
	}
	b := make(s, "child")
	b.Replay("answer", nil, []event.Type{"drift"}, func(ctx context.Context, tx event.Tx, e event.Event) error {
		if err := Answer(ctx, tx, e); err != nil {
			return err
		}
		_, _ = os.Stdout.WriteString("inside\n")
		select {}
	})
	panic(b.Run(context.Background()))
}

func killed(w *World) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+w.Dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	w.Drift(5, "leaf1", "leaf2")
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		w.Fatalf("child: %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		w.Fatal(err)
	}
	begun := time.Now()
	w.Start(answering)
	w.UntilAnswered(10)
	took := time.Since(begun)
	w.Logf("taken over after %v with a lease of %v", took.Round(time.Millisecond), Lease)
	if limit := Lease + 30*time.Second; took > limit { // far off: no timing here, only that it is the lease that counts
		w.Errorf("taken over after %v", took)
	}
}
