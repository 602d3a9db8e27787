package reconcile

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// reverse runs the plan that takes back what the run of a plan wrote.
func (w *world) reverse(e *Engine, id plan.ID) view.Run {
	w.t.Helper()
	planned, err := e.Plan(w.t.Context(), Request{Back: id})
	if err != nil {
		w.t.Fatal(err)
	}
	back, err := e.Propose(w.t.Context(), planned.Plan, "ann")
	if err != nil {
		w.t.Fatal(err)
	}
	return w.start(e, back)
}

// owned is what is owned and applied on a device.
func (w *world) owned(name intent.DeviceName) map[string]string {
	w.t.Helper()
	list, err := w.store.Owned(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]string{}
	for _, o := range list {
		all[o.Path.String()] = string(o.Value)
	}
	return all
}

const newMTU = eth1 + "name = Ethernet1\n" + eth1 + "mtu = 1500\n" + wantEth2

// TestReverse takes a run back: device, owned, applied and generation are as before it, and the intents are pending.
func TestReverse(t *testing.T) {
	for name, restart := range map[string]bool{"by the process that ran it": false, "by another one": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "leaf1")
			w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
			e := New(w.options("a"))
			w.apply(e)
			d := w.devices["leaf1"]
			was, owned := treeText(d.running), w.owned("leaf1")
			w.intend("g2", map[intent.DeviceName]string{"leaf1": newMTU}, nil)
			id := w.propose(e)
			if row := w.start(e, id); row.Status != view.RunDone || d.has(eth1+"mtu") != "1500" {
				t.Fatalf("%+v", row)
			}
			if restart {
				e = New(w.options("b"))
			}
			if row := w.reverse(e, id); row.Status != view.RunDone {
				t.Fatalf("%+v\n%s", row, w.log())
			}
			if diff := cmp.Diff(was, treeText(d.running)); diff != "" {
				t.Errorf("the device is not as before:\n%s", diff)
			}
			if diff := cmp.Diff(owned, w.owned("leaf1")); diff != "" {
				t.Errorf("owned is not as before:\n%s", diff)
			}
			if row, err := w.store.Device(t.Context(), "leaf1"); err != nil || row.Generation != "g1" || row.Run != "" || row.WriteSet != nil {
				t.Errorf("%+v, %v", row, err)
			}
			again, err := e.Plan(t.Context(), Request{Back: id})
			if err != nil || !again.Plan.Idle() {
				t.Errorf("once more: %v\n%s", err, again.Plan.Text())
			}
			pending, err := e.Plan(t.Context(), Request{})
			if err != nil || pending.Plan.Idle() {
				t.Errorf("nothing is pending: %v", err)
			}
			for _, ch := range pending.Plan.Devices[0].Changes {
				if ch.Cause != plan.ByIntent {
					t.Errorf("%s: for %s", ch.Path, ch.Cause)
				}
			}
			if _, err := e.Plan(t.Context(), Request{Back: "nosuch"}); !errors.Is(err, view.ErrNotFound) {
				t.Errorf("of no plan: %v", err)
			}
		})
	}
}

// TestReversedIsNotRolledOutAgain has new intent run by itself, until somebody takes it back.
func TestReversedIsNotRolledOutAgain(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	o := w.options("a")
	o.AutoApply = true
	e := New(o)
	w.apply(e)
	w.intend("g2", map[intent.DeviceName]string{"leaf1": newMTU}, nil)
	id := w.propose(e)
	w.start(e, id)
	w.reverse(e, id)
	states := func() (all []string) {
		t.Helper()
		if err := e.planIntent(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		list, err := w.store.Plans(t.Context(), view.PlanQuery{Device: "leaf1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if p.Cause == string(plan.ByIntent) {
				all = append(all, string(p.Status))
			}
		}
		return all
	}
	if got := states(); strings.Join(got, " ") != string(view.PlanOpen) {
		t.Errorf("plans for the intents that were taken back: %q, want one that waits", got)
	}
	w.intend("g3", map[intent.DeviceName]string{"leaf1": newMTU + eth2 + "mtu = 9000\n"}, nil)
	if got := states(); got[0] != string(view.PlanRunning) {
		t.Errorf("plans for other intents: %q, want one that runs", got)
	}
}

// treeText is a tree as lines.
func treeText(tr *tree.Tree) string {
	var b strings.Builder
	for l := range tr.All() {
		b.WriteString(l.Path.String() + " = " + l.Value.Text() + "\n")
	}
	return b.String()
}
