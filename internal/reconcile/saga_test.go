package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// allOrNothing is a world with two devices that do what they are told and a third that does nothing from now on, each with an
// applied description, and intents that want others.
func allOrNothing(t *testing.T) (*world, Options) {
	w := newWorld(t, "leaf1", "leaf2", "leaf3")
	all := func(lines string) map[intent.DeviceName]string {
		return map[intent.DeviceName]string{"leaf1": lines, "leaf2": lines, "leaf3": lines}
	}
	w.intend("g1", all(wantEth1), nil)
	o := w.options("a")
	o.Parallel, o.Window, o.OnFailure = 1, 50*time.Millisecond, run.RollbackAll
	if row := w.apply(New(o)); row.Status != view.RunDone {
		t.Fatalf("%+v", row)
	}
	w.intend("g2", all(strings.Replace(wantEth1, "to spine1", "to spine2", 1)+wantEth2), nil)
	w.devices["leaf3"].onSet = func(*device, tree.Edit) error { return nil }
	return w, o
}

// isBack checks that nothing of the second intents is left, on devices and in what is remembered of them.
func isBack(t *testing.T, w *world, row view.Run) {
	t.Helper()
	if row.Status != view.RunRolledBack {
		t.Errorf("%+v\n%s", row, w.log())
	}
	out := w.outcomes(row.ID)
	for _, name := range []intent.DeviceName{"leaf1", "leaf2"} {
		d := w.devices[name]
		if got := d.has(eth1 + "description"); got != "to spine1" || d.has(eth2+"name") != "" || out[name] != "rolled-back" || d.count() != 3 {
			t.Errorf("%s: %s, %q, %d Sets", name, out[name], got, d.count())
		}
		dev, err := w.store.Device(t.Context(), name)
		if err != nil || dev.Generation != "g1" || dev.Run != "" || dev.WriteSet != nil {
			t.Errorf("%+v, %v", dev, err)
		}
		owned, err := w.store.Owned(t.Context(), name)
		if err != nil || len(owned) != 3 || slices.ContainsFunc(owned, func(l view.OwnedLeaf) bool { return !l.Applied }) ||
			!slices.ContainsFunc(owned, func(l view.OwnedLeaf) bool { return string(l.Value) == "sto spine1" }) {
			t.Errorf("%s: owned %+v, %v", name, owned, err)
		}
	}
	list, err := w.store.Events(t.Context(), event.Query{Types: []event.Type{event.TypeRolledBack}, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, e := range list {
		order = append(order, e.Subject)
		if d, err := event.Decode[event.RolledBack](e); err != nil || !d.Proven || len(d.Left) > 0 {
			t.Errorf("%+v, %v", d, err)
		}
	}
	if !slices.Equal(order, []string{"leaf2", "leaf1"}) {
		t.Errorf("put back in the order %v", order)
	}
}

// TestPutBackKilledAnywhere kills the process before and after each transaction of a run that fails on its third device and is
// to leave nothing. Another one goes on, in reverse order, and sends nothing twice.
func TestPutBackKilledAnywhere(t *testing.T) {
	for _, before := range []bool{true, false} {
		survived := false
		for n := 1; !survived; n++ {
			t.Run(fmt.Sprintf("transaction %d, before is %t", n, before), func(t *testing.T) {
				w, o := allOrNothing(t)
				id := w.begin(New(o))
				dying := o
				w.die(&dying, n, before)
				_, err := New(dying).Execute(t.Context(), id)
				if survived = err == nil; !survived && !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				o.Holds = w.holds(o.Worker, w.store, stall) // the next process of the same name
				row, err := New(o).Execute(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				isBack(t, w, row)
			})
			if n > 60 {
				t.Fatal("a run has no end")
			}
		}
	}
}

// TestPutBackSparesStrangers has somebody change a leaf of a device that is done, right before it is put back: that stays, and
// is told of.
func TestPutBackSparesStrangers(t *testing.T) {
	w, o := allOrNothing(t)
	w.devices["leaf3"].onSet = func(*device, tree.Edit) error {
		w.devices["leaf1"].change(t, eth1+"description", "mine")
		return nil
	}
	row := w.apply(New(o))
	if got := w.devices["leaf1"].has(eth1 + "description"); got != "mine" || row.Status != view.RunRolledBack {
		t.Errorf("%q, %+v", got, row)
	}
	var back event.RolledBack
	if w.await(event.TypeRolledBack, "", &back); back.Device != "leaf1" || !back.Proven || !slices.Equal(back.Left, []string{eth1 + "description"}) {
		t.Errorf("%+v", back)
	}
}

// TestPutBackOnHold holds a device that is done before it would be put back: nothing is written to it, and the run says what is left.
func TestPutBackOnHold(t *testing.T) {
	w, o := allOrNothing(t)
	w.devices["leaf3"].onSet = func(*device, tree.Edit) error {
		w.do(func(tx event.Tx) error {
			return w.store.UpdateDevice(tx, "leaf1", func(d *view.Device) { d.HeldUntil, d.HeldReason = time.Now().Add(time.Hour), "cables" })
		})
		return nil
	}
	row := w.apply(New(o))
	if row.Status != view.RunFailed || !strings.Contains(row.Reason, "leaf1: failed: ") || !strings.Contains(row.Reason, "not put back: held until") {
		t.Errorf("%+v", row)
	}
	if got := w.devices["leaf1"].has(eth1 + "description"); got != "to spine2" || w.outcomes(row.ID)["leaf2"] != "rolled-back" {
		t.Errorf("%q, %v", got, w.outcomes(row.ID))
	}
	owned, err := w.store.Owned(t.Context(), "leaf1")
	if err != nil || len(owned) != 5 {
		t.Errorf("%+v, %v", owned, err)
	}
}

// command gives a run a command and returns what is answered by whoever executes the run next.
func (w *world) command(e *Engine, verb, id string) (ack event.CommandAck, row view.Run) {
	w.t.Helper()
	cmd, err := e.Command(w.t.Context(), event.Command{Verb: verb, Run: id, Reason: "because"}, "ann")
	if err != nil {
		w.t.Fatal(err)
	}
	if row, err = e.Execute(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
	if ev := w.await(event.TypeCommandAck, "", &ack); ev.Causation != cmd || ev.Actor != "ann" {
		w.t.Fatalf("%+v", ev)
	}
	return ack, row
}

// TestPausedAndStale pauses a run before its first device, and lets somebody change that meanwhile.
func TestPausedAndStale(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	e := New(w.options("a"))
	id := w.begin(e)
	ack, row := w.command(e, VerbPause, id)
	if ack.Outcome != AckDone || row.Status != view.RunPaused || row.Reason != "paused by ann: because" || w.devices["leaf1"].count() != 0 {
		t.Fatalf("%+v, %+v", ack, row)
	}
	if ack, _ = w.command(e, VerbPause, id); ack.Outcome != AckDone || ack.Reason != "it is paused already, by ann: because" {
		t.Errorf("%+v", ack)
	}
	if row, err := New(w.options("a")).Execute(t.Context(), id); err != nil || row.Status != view.RunPaused {
		t.Errorf("after a restart: %+v, %v", row, err)
	}
	w.devices["leaf1"].change(t, eth1+"mtu", "1500")
	ack, row = w.command(e, VerbResume, id)
	if ack.Outcome != AckDone || w.outcomes(id)["leaf1"] != "stale" || row.Ended.IsZero() {
		t.Errorf("%+v, %+v", ack, row)
	}
	if ack, _ = w.command(e, VerbAbort, id); ack.Outcome != AckRefused || !strings.Contains(ack.Reason, "it ended "+string(row.Status)) {
		t.Errorf("%+v", ack)
	}
	if ack, _ = w.command(e, "dance", id); ack.Outcome != AckRefused {
		t.Errorf("%+v", ack)
	}
	if _, err := e.Command(t.Context(), event.Command{Verb: VerbPause, Run: "run-0"}, "ann"); !errors.Is(err, view.ErrNotFound) {
		t.Error(err)
	}
}

// TestAborted ends a run between its devices and in the middle of one, in each mode.
func TestAborted(t *testing.T) {
	for _, tt := range []struct {
		mode         run.Mode
		leaf1, leaf2 string
		status       view.RunStatus
	}{
		{run.StopThere, "done", "done", view.RunAborted},
		{run.RollbackDevice, "done", "rolled-back", view.RunAborted},
		{run.RollbackAll, "rolled-back", "rolled-back", view.RunRolledBack},
	} {
		t.Run(string(tt.mode), func(t *testing.T) {
			w, o := allOrNothing(t)
			e := New(o)
			id, err := e.Start(t.Context(), w.propose(e), byAnn(tt.mode))
			if err != nil {
				t.Fatal(err)
			}
			said := make(chan error, 1)
			acked := func() bool { return w.count(event.TypeCommandAck) > 0 }
			w.devices["leaf2"].onSet = func(d *device, edit tree.Edit) error {
				d.onSet = nil
				_, err := e.Command(context.Background(), event.Command{Verb: VerbAbort, Run: id}, "ann")
				for end := time.Now().Add(20 * time.Second); err == nil && !acked() && time.Now().Before(end); {
					err = pause(context.Background(), time.Millisecond)
				}
				said <- err
				return d.apply(edit)
			}
			row, err := e.Execute(t.Context(), id)
			if err := errors.Join(err, <-said); err != nil {
				t.Fatal(err)
			}
			out := w.outcomes(id)
			if out["leaf1"] != tt.leaf1 || out["leaf2"] != tt.leaf2 || out["leaf3"] != "skipped" || row.Status != tt.status {
				t.Errorf("%v, %+v\n%s", out, row, w.log())
			}
		})
	}
}

// TestCommandOfNobody answers a command for a run that there is not.
func TestCommandOfNobody(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	w.serve(w.options("a"))
	w.do(func(tx event.Tx) error {
		return tx.Append(t.Context(), event.Draft{Type: event.TypeCommand, Data: event.Command{Verb: VerbAbort, Run: "run-0"}})
	})
	var ack event.CommandAck
	if w.await(event.TypeCommandAck, "", &ack); ack.Outcome != AckRefused || ack.Reason != "there is no such run" {
		t.Errorf("%+v", ack)
	}
}
