package reconcile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

const (
	eth1 = "/interfaces/interface[name=Ethernet1]/config/"
	eth2 = "/interfaces/interface[name=Ethernet2]/config/"

	wantEth1 = eth1 + "name = Ethernet1\n" + eth1 + "description = to spine1\n" + eth1 + "mtu = 9214\n"
	wantEth2 = eth2 + "name = Ethernet2\n" + eth2 + "description = to spine2\n"
)

func TestApply(t *testing.T) {
	w := newWorld(t, "leaf1", "leaf2")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1 + wantEth2}, nil)
	e := New(w.options("a"))
	row := w.apply(e)
	if row.Status != view.RunDone {
		t.Fatalf("run %+v\n%s", row, w.log())
	}
	for _, d := range w.devices {
		if got := d.has(eth1 + "mtu"); got != "9214" {
			t.Errorf("%s: mtu %q", d.name, got)
		}
		if d.startup.Len() != d.running.Len() {
			t.Errorf("%s: not saved", d.name)
		}
		owned, err := w.store.Owned(t.Context(), d.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range owned {
			if !o.Applied {
				t.Errorf("%s: %s is not applied", d.name, o.Path)
			}
		}
		dev, err := w.store.Device(t.Context(), d.name)
		if err != nil {
			t.Fatal(err)
		}
		if len(owned) != d.running.Len() || dev.Run != "" || dev.WriteSet != nil || dev.Generation != "g1" || dev.Known.Serial != string(d.name) {
			t.Errorf("%d owned of %d, row %+v", len(owned), d.running.Len(), dev)
		}
	}
	again, err := e.Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	if !again.Plan.Idle() {
		t.Errorf("a plan after the apply is not empty:\n%s", again.Plan.Text())
	}
	if _, err := e.Start(t.Context(), plan.ID(row.Plan), byAnn("")); !errors.As(err, new(*approval.StaleError)) {
		t.Errorf("a plan was used twice: %v", err)
	}
	var done event.ApplyCompleted
	if w.await(event.TypeApplyCompleted, "", &done); done.Outcome != "done" || len(done.Devices) != 2 || done.Devices[0].Changes != 3 {
		t.Errorf("%+v", done)
	}
	if n := w.count(event.TypeStepCompleted); n != 2*4 {
		t.Errorf("%d steps\n%s", n, w.log())
	}
}

func TestClaims(t *testing.T) {
	w := newWorld(t, "leaf1")
	d := w.devices["leaf1"]
	d.running = parseTree(t, d.table, wantEth1, 0)
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	row := w.apply(New(w.options("a")))
	owned, err := w.store.Owned(t.Context(), "leaf1")
	if err != nil || len(owned) != 3 || row.Status != view.RunDone || d.count() != 0 {
		t.Errorf("%v %v %+v, %d sets", err, owned, row, d.count())
	}
}

// TestTrouble has one of two devices in some trouble during an apply.
func TestTrouble(t *testing.T) {
	tests := []struct {
		name    string
		trouble func(t *testing.T, w *world, d *device)
		run     view.RunStatus
		outcome string
		applied bool
		check   func(t *testing.T, w *world, d *device)
	}{
		{
			name:    "unreachable",
			trouble: func(_ *testing.T, _ *world, d *device) { d.down = true },
			run:     view.RunPartial, outcome: "unreachable",
		},
		{
			name: "answers OK and applies nothing",
			trouble: func(_ *testing.T, _ *world, d *device) {
				d.onSet = func(*device, tree.Edit) error { return nil }
			},
			run: view.RunFailed, outcome: "failed", check: nothingOwned,
		},
		{
			name: "refuses",
			trouble: func(_ *testing.T, _ *world, d *device) {
				d.onSet = func(*device, tree.Edit) error { return &fault{"no such leaf", "refused"} }
			},
			run: view.RunFailed, outcome: "failed", check: nothingOwned,
		},
		{
			name: "applies and answers an error",
			trouble: func(_ *testing.T, _ *world, d *device) {
				d.onSet = func(d *device, e tree.Edit) error {
					return errors.Join(d.apply(e), &fault{"internal error", "refused"})
				}
			},
			run: view.RunDone, outcome: "done", applied: true,
		},
		{
			name: "applies and never answers",
			trouble: func(_ *testing.T, _ *world, d *device) {
				d.onSet = func(d *device, e tree.Edit) error { return errors.Join(d.apply(e), context.DeadlineExceeded) }
			},
			run: view.RunDone, outcome: "done", applied: true,
		},
		{
			name: "goes away with the Set",
			trouble: func(_ *testing.T, _ *world, d *device) {
				d.onSet = func(d *device, _ tree.Edit) error { d.down = true; return context.DeadlineExceeded }
			},
			run: view.RunPartial, outcome: "unreachable",
			check: func(t *testing.T, w *world, _ *device) {
				row, err := w.store.Device(t.Context(), "leaf1")
				if err != nil || len(row.WriteSet) != 3 || row.Run != "" {
					t.Errorf("%v: what may be on the device is forgotten: %+v", err, row)
				}
			},
		},
		{
			name: "applies half, and a stranger changes the rest",
			trouble: func(t *testing.T, _ *world, d *device) {
				d.onSet = func(d *device, e tree.Edit) error {
					d.onSet = nil
					e.Updates = e.Updates[:2]
					err := d.apply(e)
					b := d.running.Builder()
					p := e.Updates[0].Path
					if err := b.Set(tree.Leaf{Path: p, Value: "sstranger"}); err != nil {
						t.Error(err)
					}
					d.running = b.Build()
					return err
				}
			},
			run: view.RunFailed, outcome: "failed",
			check: func(t *testing.T, w *world, d *device) {
				if got := d.has(eth1 + "description"); got != "stranger" {
					t.Errorf("the stranger's value is %q", got)
				}
				var back event.RolledBack
				w.await(event.TypeRolledBack, "", &back)
				want := event.RolledBack{Run: back.Run, Device: "leaf1", Proven: true, Left: []string{eth1 + "description"}}
				if diff := cmp.Diff(want, back); diff != "" {
					t.Error(diff)
				}
			},
		},
		{
			name: "is another one than was enrolled",
			trouble: func(_ *testing.T, w *world, d *device) {
				w.enroll("leaf1")
				d.serial = "impostor"
			},
			run: view.RunPartial, outcome: "refused",
		},
		{
			name:    "changed since the plan",
			trouble: func(t *testing.T, _ *world, d *device) { d.change(t, eth1+"description", "moved") },
			run:     view.RunPartial, outcome: "stale",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "leaf1", "leaf2")
			w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1}, nil)
			e := New(w.options("a"))
			id := w.propose(e)
			d := w.devices["leaf1"]
			tt.trouble(t, w, d)
			row := w.start(e, id)
			out := w.outcomes(row.ID)
			if row.Status != tt.run || out["leaf1"] != tt.outcome || out["leaf2"] != "done" {
				t.Errorf("run %s, devices %v\n%s", row.Status, out, w.log())
			}
			if applied := d.has(eth1+"mtu") != ""; applied != tt.applied {
				t.Errorf("applied: %t", applied)
			}
			if tt.check != nil {
				tt.check(t, w, d)
			}
			// In the end nothing keeps the device from being put right.
			d.mu.Lock()
			d.down, d.onSet, d.serial = false, nil, "leaf1"
			d.mu.Unlock()
			if tt.applied {
				return
			}
			if row := w.apply(e); row.Status != view.RunDone || d.has(eth1+"description") != "to spine1" || d.has(eth1+"mtu") != "9214" {
				t.Errorf("applied again: %+v\n%s", row, w.log())
			}
		})
	}
}

func nothingOwned(t *testing.T, w *world, d *device) {
	t.Helper()
	owned, err := w.store.Owned(t.Context(), d.name)
	if err != nil {
		t.Fatal(err)
	}
	row, err := w.store.Device(t.Context(), d.name)
	if err != nil {
		t.Fatal(err)
	}
	if len(owned) > 0 || row.WriteSet != nil || row.Run != "" {
		t.Errorf("still owned: %v, row %+v", owned, row)
	}
}

// TestSpinesNotTogether has each device take its time, until as many are busy as may be: a spine, a member of the pair
// and the third leaf.
func TestSpinesNotTogether(t *testing.T) {
	const most = 3
	names := []intent.DeviceName{"leaf1", "leaf2", "leaf3", "spine1", "spine2"}
	w := newWorld(t, names...)
	wants := map[intent.DeviceName]string{}
	var mu sync.Mutex
	busy, full := map[intent.DeviceName]bool{}, make(chan struct{})
	fill := sync.OnceFunc(func() { close(full) })
	for _, n := range names {
		wants[n] = wantEth1
		w.devices[n].onSet = func(d *device, e tree.Edit) error {
			mu.Lock()
			busy[d.name] = true
			if len(busy) == most {
				fill()
			}
			if busy["spine1"] && busy["spine2"] || busy["leaf1"] && busy["leaf2"] {
				t.Errorf("at once: %v", busy)
			}
			mu.Unlock()
			select {
			case <-full:
			case <-time.After(20 * time.Second):
				t.Errorf("never %d at once", most)
			}
			mu.Lock()
			delete(busy, d.name)
			mu.Unlock()
			return d.apply(e)
		}
	}
	w.intend("g1", wants, func(d *fabric.Device) {
		switch d.Name {
		case "leaf1":
			d.Multihomed = []intent.DeviceName{"leaf2"}
		case "leaf2":
			d.Multihomed = []intent.DeviceName{"leaf1"}
		}
	})
	if row := w.apply(New(w.options("a"))); row.Status != view.RunDone {
		t.Errorf("%+v", row)
	}
}

func TestFailureStops(t *testing.T) {
	w := newWorld(t, "leaf1", "leaf2", "leaf3")
	w.devices["leaf1"].onSet = func(*device, tree.Edit) error { return &fault{"no", "refused"} }
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1, "leaf3": wantEth1}, nil)
	o := w.options("a")
	o.Parallel = 1
	row := w.apply(New(o))
	want := map[intent.DeviceName]string{"leaf1": "failed", "leaf2": "skipped", "leaf3": "skipped"}
	if diff := cmp.Diff(want, w.outcomes(row.ID)); diff != "" || row.Status != view.RunFailed {
		t.Errorf("run %s\n%s", row.Status, diff)
	}
}

// TestSecrets looks for a secret in everything that is stored.
func TestSecrets(t *testing.T) {
	const neighbor = "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=10.0.0.1]/config/"
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": neighbor + "neighbor-address = 10.0.0.1\n" + neighbor + "auth-password = hush-hush-1\n"}, nil)
	e := New(w.options("a"))
	if row := w.apply(e); row.Status != view.RunDone {
		t.Fatalf("%+v\n%s", row, w.log())
	}
	w.intend("g2", map[intent.DeviceName]string{"leaf1": neighbor + "neighbor-address = 10.0.0.1\n" + neighbor + "auth-password = hush-hush-2\n"}, nil)
	w.devices["leaf1"].onSet = func(*device, tree.Edit) error { return nil }
	if row := w.apply(e); row.Status != view.RunFailed {
		t.Fatalf("%+v\n%s", row, w.log())
	}
	w.devices["leaf1"].onSet = nil
	if row := w.apply(e); row.Status != view.RunDone || w.devices["leaf1"].has(neighbor+"auth-password") != "hush-hush-2" {
		t.Fatalf("%+v\n%s", row, w.log())
	}
	if p, err := e.Plan(t.Context(), Request{}); err != nil || !p.Plan.Idle() {
		t.Errorf("%v\n%s", err, p.Plan.Text())
	}
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "hush-hush") {
			t.Errorf("%s holds the secret", filepath.Base(name))
		}
	}
}
