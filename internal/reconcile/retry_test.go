package reconcile

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// TestRefusedRemedyIsTriedAgain has a device refuse to be put right: that is tried again after longer and longer waits,
// and then somebody is told, whose word is enough to try once more.
func TestRefusedRemedyIsTriedAgain(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	e := New(w.options("a"))
	var passed time.Duration
	e.now = func() time.Time { return time.Now().Add(passed) }
	e.queue.now = e.now
	d.change(t, eth1+"description", "hello")
	d.onSet = func(*device, tree.Edit) error { return &fault{"out of space", "refused"} }
	before := d.count()
	w.drift("leaf1", "e1", described)
	if err := e.planDrift(t.Context(), job{key: "drift/leaf1", kind: kindDrift, device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		sets  int
	}{
		{0, 1},
		{20 * time.Second, 1},
		{15 * time.Second, 2},
		{10 * time.Second, 2}, // the store's clock goes on as ever: all failed just now
		{20 * time.Second, 3},
		{10 * time.Minute, 3},
		{10 * time.Minute, 3},
	} {
		passed += step.after
		if err := e.resync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		w.work(e)
		if n := d.count() - before; n != step.sets {
			t.Fatalf("after %s: %d Sets, want %d\n%s", passed, n, step.sets, w.log())
		}
	}
	var held event.Drift
	if w.await(event.TypeDriftHeld, "e1", &held); w.count(event.TypeDriftHeld) != 1 || !strings.Contains(held.Reason, "failed 3 times") || !strings.Contains(held.Reason, "out of space") {
		t.Errorf("%+v\n%s", held, w.log())
	}
	open, err := w.store.Plans(t.Context(), view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}})
	if err != nil || len(open) != 1 {
		t.Fatalf("%v: %+v\n%s", err, open, w.log())
	}
	d.mu.Lock()
	d.onSet = nil
	d.mu.Unlock()
	if row := w.start(e, plan.ID(open[0].ID)); row.Status != view.RunDone || d.has(eth1+"description") != "to spine1" {
		t.Errorf("%+v", row)
	}
}

// TestRemedyThatDoesNotFit has a device that takes no request as large as its remedy: somebody is told, once.
func TestRemedyThatDoesNotFit(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	e := New(w.options("a"))
	d.change(t, eth1+"description", "hello")
	d.phases = func(tree.Edit) (int, error) { return 0, &neverSent{fault{"5 MB and the limit is 4", "unsent"}} }
	w.drift("leaf1", "e1", described)
	for range 2 {
		if err := e.planDrift(t.Context(), job{key: "drift/leaf1", kind: kindDrift, device: "leaf1"}); err != nil {
			t.Fatal(err)
		}
	}
	var held event.Drift
	if w.await(event.TypeDriftHeld, "e1", &held); w.count(event.TypeDriftHeld) != 1 || !strings.Contains(held.Reason, "cannot be put back: 5 MB") {
		t.Errorf("%+v\n%s", held, w.log())
	}
}

// TestHeldDriftIsNotReadFor has drift that nothing can be done about now: the device is not read for it again and again.
func TestHeldDriftIsNotReadFor(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	e := New(w.options("a"))
	hold := func(until time.Time) {
		w.do(func(tx event.Tx) error {
			return w.store.UpdateDevice(tx, "leaf1", func(r *view.Device) { r.HeldUntil, r.HeldReason = until, "cable work" })
		})
	}
	look := func() int {
		t.Helper()
		before := d.reads
		if err := e.resync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		w.work(e)
		return d.reads - before
	}
	hold(time.Now().Add(time.Hour))
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	if n := look(); n == 0 {
		t.Error("was never looked at")
	}
	for range 3 {
		if n := look(); n != 0 {
			t.Errorf("%d readings for what is held", n)
		}
	}
	hold(time.Time{})
	look()
	if d.has(eth1+"description") != "to spine1" {
		t.Errorf("the hold is over\n%s", w.log())
	}
}

// TestObservedDriftIsNotReadFor has drift that the policy wants to be told of only.
func TestObservedDriftIsNotReadFor(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftObserve))
	e := New(w.options("a"))
	e.setPlanned("g1")
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	before := d.reads
	if err := e.planDrift(t.Context(), job{key: "drift/leaf1", kind: kindDrift, device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := e.resync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		w.work(e)
	}
	if d.reads != before {
		t.Errorf("%d readings for what is only observed", d.reads-before)
	}
}

// TestOwnedByAnEarlierRun has a run fail on a leaf that an earlier one may have written, whose end nobody knows: the leaf
// stays Tenter's, and so goes when nobody wants it any more.
func TestOwnedByAnEarlierRun(t *testing.T) {
	w := newWorld(t, "leaf1")
	d := w.devices["leaf1"]
	e := New(w.options("a"))
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	d.onSet = func(d *device, edit tree.Edit) error { // it takes the Set, and is away
		err := d.apply(edit)
		d.down = true
		return errors.Join(err, errors.New("the connection broke"))
	}
	if row := w.apply(e); w.outcomes(row.ID)["leaf1"] != "unreachable" {
		t.Fatalf("%+v", row)
	}
	d.mu.Lock()
	d.down, d.onSet = false, func(*device, tree.Edit) error { return &fault{"out of space", "refused"} }
	d.mu.Unlock()
	w.intend("g2", map[intent.DeviceName]string{"leaf1": strings.ReplaceAll(wantEth1, "9214", "1500")}, nil)
	if row := w.apply(e); row.Status != view.RunFailed {
		t.Fatalf("%+v", row)
	}
	d.mu.Lock()
	d.onSet = nil
	d.mu.Unlock()
	var rest []string
	for line := range strings.Lines(wantEth1) {
		if !strings.Contains(line, "mtu") {
			rest = append(rest, line)
		}
	}
	w.intend("g3", map[intent.DeviceName]string{"leaf1": strings.Join(rest, "")}, nil)
	if row := w.apply(e); row.Status != view.RunDone || d.has(eth1+"mtu") != "" {
		t.Errorf("mtu %q is left: %+v", d.has(eth1+"mtu"), row)
	}
}

// TestNoSetWithoutTheLease stops the process between its check and the Set, for longer than the lease lasts.
func TestNoSetWithoutTheLease(t *testing.T) {
	w := newWorld(t, "leaf1")
	d := w.devices["leaf1"]
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	o := w.options("a")
	d.probes = func(int) string {
		w.do(func(tx event.Tx) error { // it was away for so long that another one has its name
			_, _, err := w.store.JoinWorker(tx, view.Worker{Name: "a"}, time.Minute)
			return err
		})
		return "leaf1"
	}
	e := New(o)
	run := w.begin(e)
	if _, err := e.Execute(t.Context(), run); !errors.Is(err, view.ErrLeaseLost) && !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if d.count() != 0 {
		t.Error("a Set went out without the lease")
	}
	other := New(w.options("b"))
	started := time.Now()
	if row, err := other.Execute(t.Context(), run); err != nil || row.Status != view.RunDone || d.count() != 1 {
		t.Errorf("%v: %+v, %d Sets", err, row, d.count())
	}
	if most := started.Add(w.profile.Limits.Timeout + 20*time.Second); d.until.IsZero() || d.until.After(most) {
		t.Errorf("the Set may take until %s, and the lease does not last longer than %s", d.until, most)
	}
}
