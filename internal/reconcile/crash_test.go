package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// TestBackWithIt has a device apply the Set, go away before it can be read, and come back.
func TestBackWithIt(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	d := w.devices["leaf1"]
	d.onSet = func(d *device, e tree.Edit) error {
		d.down, d.onSet = true, nil
		return errors.Join(d.apply(e), context.DeadlineExceeded)
	}
	e := New(w.options("a"))
	row := w.apply(e)
	if got := w.outcomes(row.ID)["leaf1"]; got != "unreachable" {
		t.Fatalf("%s\n%s", got, w.log())
	}
	d.mu.Lock()
	d.down = false
	d.mu.Unlock()
	if err := e.planBack(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	dev, err := w.store.Device(t.Context(), "leaf1")
	if err != nil {
		t.Fatal(err)
	}
	owned, err := w.store.Owned(t.Context(), "leaf1")
	if err != nil {
		t.Fatal(err)
	}
	if len(owned) != 3 || !owned[0].Applied || dev.WriteSet != nil {
		t.Errorf("owned %+v, row %+v", owned, dev)
	}
	if p, err := e.Plan(t.Context(), Request{}); err != nil || !p.Plan.Idle() {
		t.Errorf("%v\n%s", err, p.Plan.Text())
	}
}

// A killed store works until the n-th transaction, and after that not at all: like a process that is killed there.
type killed struct {
	Store
	mu     sync.Mutex
	left   int
	before bool // the n-th transaction does not commit either
}

var errKilled = errors.New("killed")

func (k *killed) Do(ctx context.Context, fn func(tx event.Tx) error) error {
	k.mu.Lock()
	k.left--
	left := k.left
	k.mu.Unlock()
	if left < 0 || left == 0 && k.before {
		return errKilled
	}
	err := k.Store.Do(ctx, fn)
	if err == nil && left == 0 {
		return errKilled
	}
	return err
}

func (k *killed) dead() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.left <= 0
}

// die makes the engine one that is killed at its n-th transaction, before or after that commits. It renews and gives up
// nothing any more then: what it has claimed runs out.
func (w *world) die(o *Options, n int, before bool) {
	k := &killed{Store: w.store, left: n, before: before}
	o.Store, o.Holds = k, w.holds(o.Worker, &dying{w.store, k.dead}, stall/4)
}

type dying struct {
	*store.Store
	dead func() bool
}

func (d *dying) Do(ctx context.Context, fn func(tx event.Tx) error) error {
	if d.dead() {
		return errKilled
	}
	return d.Store.Do(ctx, fn)
}

func (d *dying) RenewWorker(ctx context.Context, w view.Worker, ttl time.Duration) (view.Worker, error) {
	if d.dead() {
		return w, errKilled
	}
	return d.Store.RenewWorker(ctx, w, ttl)
}

func (d *dying) Unclaim(ctx context.Context, leases ...view.Lease) error {
	if d.dead() {
		return errKilled
	}
	return d.Store.Unclaim(ctx, leases...)
}

func (d *dying) Extend(ctx context.Context, l view.Lease, last time.Duration) error {
	if d.dead() {
		return errKilled
	}
	return d.Store.Extend(ctx, l, last)
}

// TestTakenOver has another process go on with the run of one that was killed, once its leases have run out.
func TestTakenOver(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	o := w.options("a")
	w.die(&o, 5, true) // propose, start, begin and record the Set; the answer is lost
	e := New(o)
	run := w.begin(e)
	if _, err := e.Execute(t.Context(), run); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	if _, err := New(w.options("b")).Execute(t.Context(), run); !errors.Is(err, ErrElsewhere) {
		t.Errorf("the dead process's lease: %v", err)
	}
	w.serve(w.options("b"))
	w.serve(w.options("c"))
	var done event.ApplyCompleted
	w.await(event.TypeApplyCompleted, "", &done)
	if d := w.devices["leaf1"]; d.count() != 1 || d.has(eth1+"mtu") != "9214" || done.Outcome != "done" {
		t.Errorf("%d sets, %+v\n%s", d.count(), done, w.log())
	}
}

// TestKilledAnywhere kills the process before and after each transaction of a run, lets another go on, and checks that
// the change is on the device once and recorded as applied.
func TestKilledAnywhere(t *testing.T) {
	for _, before := range []bool{true, false} {
		for n := 1; ; n++ {
			name := fmt.Sprintf("after transaction %d", n)
			if before {
				name = fmt.Sprintf("before transaction %d", n)
			}
			survived := false
			t.Run(name, func(t *testing.T) { survived = killedAt(t, n, before) })
			if survived {
				break
			}
			if n > 30 {
				t.Fatal("a run has no end")
			}
		}
	}
}

func killedAt(t *testing.T, n int, before bool) (survived bool) {
	w := newWorld(t, "leaf1")
	d := w.devices["leaf1"]
	d.running = parseTree(t, d.table, eth1+"name = Ethernet1\n", 0) // to be claimed, not written
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	e := New(w.options("a"))
	run := w.begin(e)
	o := w.options("a")
	w.die(&o, n, before)
	_, err := New(o).Execute(t.Context(), run)
	if survived = err == nil; !survived && !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	row, err := New(w.options("a")).Execute(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if row.Status != view.RunDone || d.count() != 1 || d.has(eth1+"mtu") != "9214" {
		t.Errorf("run %s, %d sets, mtu %q\n%s", row.Status, d.count(), d.has(eth1+"mtu"), w.log())
	}
	owned, err := w.store.Owned(t.Context(), "leaf1")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range owned {
		if !l.Applied {
			t.Errorf("%s is not applied", l.Path)
		}
	}
	if len(owned) != 3 || w.count(event.TypeApplyCompleted) != 1 {
		t.Errorf("%d owned, %d ends\n%s", len(owned), w.count(event.TypeApplyCompleted), w.log())
	}
	if again, err := e.Plan(t.Context(), Request{}); err != nil || !again.Plan.Idle() {
		t.Errorf("a plan after the run is not empty: %v\n%s", err, again.Plan.Text())
	}
	return survived
}

// TestKilledAndIntentGone kills the process between the Set and its record, removes the intent meanwhile, and checks that
// what was written goes.
func TestKilledAndIntentGone(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.enroll("leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1 + wantEth2}, nil)
	e := New(w.options("a"))
	run := w.begin(e)
	o := w.options("a")
	w.die(&o, 3, true) // the second records the Set, the third its answer
	if _, err := New(o).Execute(t.Context(), run); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	d := w.devices["leaf1"]
	if d.has(eth2+"description") == "" {
		t.Fatal("the Set was not sent")
	}
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	o = w.options("a")
	o.AutoApply = true
	w.serve(o)
	var done event.ApplyCompleted
	for w.count(event.TypeApplyCompleted) < 2 {
		w.await(event.TypeApplyCompleted, "g2", &done)
	}
	if got := d.has(eth2 + "description"); got != "" {
		t.Errorf("%q is still there\n%s", got, w.log())
	}
	if got := d.has(eth1 + "description"); got != "to spine1" {
		t.Errorf("what is wanted is %q", got)
	}
}
