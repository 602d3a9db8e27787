package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// work does all jobs that are due, as workers do.
func (w *world) work(e *Engine) {
	w.t.Helper()
	for j, _, ok := e.queue.take(e.now()); ok; j, _, ok = e.queue.take(e.now()) {
		e.work(w.t.Context(), j)
		e.queue.done(j)
	}
}

// TestDriftAgainInOneEpisode has a drift that nobody puts back keep an episode open: another one beside it is put back
// each time that it comes, until it has come too often.
func TestDriftAgainInOneEpisode(t *testing.T) {
	w, d := inSync(t, func(d *fabric.Device) {
		d.Drift = []fabric.DriftRule{{Pattern: eth2 + "description", Mode: fabric.DriftObserve}, {Pattern: "/**", Mode: fabric.DriftEnforce}}
	})
	e := New(w.options("a"))
	d.change(t, eth2+"description", "stays")
	for n := range 3 {
		d.change(t, eth1+"description", "hello")
		if n == 0 {
			w.drift("leaf1", "e1", described)
		}
		if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
			t.Fatal(err)
		}
		w.work(e)
		if got := d.has(eth1 + "description"); (got == "to spine1") != (n < 2) {
			t.Errorf("after %d changes: %q\n%s", n+1, got, w.log())
		}
	}
	if w.count(event.TypeDriftHeld) != 1 {
		t.Error(w.log())
	}
}

// TestPlanPastItsTime tries to start a plan that expired while no process was there to say so.
func TestPlanPastItsTime(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	e := New(w.options("a"))
	id := w.propose(e)
	e.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	if _, err := e.Start(t.Context(), id, byAnn("")); !errors.As(err, new(*approval.StaleError)) {
		t.Errorf("started: %v", err)
	}
	if _, err := e.Approve(t.Context(), id, ann); !errors.As(err, new(*approval.StaleError)) {
		t.Errorf("approved: %v", err)
	}
}

// TestBackLeavesNobodyOut has a device come back while a plan for it and for others waits.
func TestBackLeavesNobodyOut(t *testing.T) {
	w := newWorld(t, "leaf1", "leaf2")
	w.unenroll("leaf2")
	o := w.options("a")
	o.AutoApply = true
	e := New(o)
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1}, nil)
	if err := e.planIntent(t.Context()); err != nil { // leaf2 waits: nobody has enrolled it
		t.Fatal(err)
	}
	if err := e.planBack(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	e.now = func() time.Time { return time.Now().Add(5 * time.Second) } // the end of a run asks for more, a little later
	w.work(e)
	open, err := w.store.Plans(t.Context(), view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Device: "leaf2"})
	if err != nil || len(open) != 1 {
		t.Errorf("%v: %+v\n%s", err, open, w.log())
	}
}

// TestClarifiedLater has a device be unreadable right when it is back: what the run left there is found out all the same.
func TestClarifiedLater(t *testing.T) {
	w, d := inSync(t, nil)
	e := New(w.options("a"))
	d.onSet = func(d *device, _ tree.Edit) error {
		d.down = true
		return errors.New("the connection broke")
	}
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth1 + wantEth2 + eth2 + "mtu = 1500\n"}, nil)
	w.apply(e)
	row, err := w.store.Device(t.Context(), "leaf1")
	if err != nil || len(row.WriteSet) == 0 {
		t.Fatalf("%v: %+v", err, row)
	}
	e.work(t.Context(), job{key: "back/leaf1", kind: kindBack, device: "leaf1"}) // and is away again
	d.mu.Lock()
	d.down, d.onSet = false, nil
	d.mu.Unlock()
	later := New(w.options("b")) // another process by then
	later.now = func() time.Time { return time.Now().Add(time.Hour) }
	if err := later.resync(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	w.work(later)
	if row, err = w.store.Device(t.Context(), "leaf1"); err != nil || len(row.WriteSet) != 0 {
		t.Errorf("%v: still in flight: %+v", err, row.WriteSet)
	}
}

// TestDeviceLeavesTheIntents has a device go while its drift is to be put back.
func TestDeviceLeavesTheIntents(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftPropose))
	e := New(w.options("a"))
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	open, err := w.store.Plans(t.Context(), view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}})
	if err != nil || len(open) != 1 {
		t.Fatalf("%v: %+v", err, open)
	}
	run, err := e.Start(t.Context(), plan.ID(open[0].ID), byAnn(""))
	if err != nil {
		t.Fatal(err)
	}
	w.intend("g2", nil, nil)
	ctx, cancel := context.WithTimeout(t.Context(), stall)
	defer cancel()
	row, err := e.Execute(ctx, run)
	if err != nil || row.Ended.IsZero() {
		t.Errorf("%v: the run never ends: %+v", err, row)
	}
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Errorf("drift of a device that is gone: %v", err)
	}
	if d.has(eth1+"description") != "hello" {
		t.Error("was written")
	}
}

// TestDriftPlanExpires has nobody look at a proposal for a day: it is made again, for the drift is still there.
func TestDriftPlanExpires(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftPropose))
	e := New(w.options("a"))
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	e.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	for range 2 {
		if err := e.resync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		w.work(e)
	}
	open, err := w.store.Plans(t.Context(), view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}})
	if err != nil || len(open) != 1 {
		t.Errorf("%v: %+v\n%s", err, open, w.log())
	}
}

// TestScheduleHeedsTheDriftPolicy checks that a schedule leaves alone what the policy wants to be left alone.
func TestScheduleHeedsTheDriftPolicy(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftObserve))
	o := w.options("a")
	o.AutoApply = true
	e := New(o)
	d.change(t, eth1+"description", "hello")
	w.do(func(tx event.Tx) error {
		return tx.Append(t.Context(), event.Draft{
			Type: event.TypeCommand, Correlation: "c1", Data: event.Command{Verb: "reconcile", Schedule: "nightly"},
		})
	})
	if err := e.resyncCommands(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.work(e)
	if d.has(eth1+"description") != "hello" {
		t.Errorf("was put back\n%s", w.log())
	}
}

// TestScheduleOnAChangedDevice checks that nothing is put back unasked on a device that is not what it was, and that
// new intent for it does not make it pass for one that is in order.
func TestScheduleOnAChangedDevice(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	o := w.options("a")
	o.AutoApply = true
	e := New(o)
	was := view.Known{Serial: "leaf0"}
	w.do(func(tx event.Tx) error {
		return w.store.UpdateDevice(tx, "leaf1", func(r *view.Device) { r.Known = was })
	})
	d.change(t, eth1+"description", "hello")
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth1 + wantEth2 + eth2 + "mtu = 1500\n"}, drifts(fabric.DriftEnforce))
	if err := e.planIntent(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.work(e)
	row, err := w.store.Device(t.Context(), "leaf1")
	if err != nil || d.has(eth2+"mtu") != "1500" || row.Known != was {
		t.Errorf("%v: mtu %q, known %+v\n%s", err, d.has(eth2+"mtu"), row.Known, w.log())
	}
	w.do(func(tx event.Tx) error {
		return tx.Append(t.Context(), event.Draft{Type: event.TypeCommand, Correlation: "c1", Data: event.Command{Verb: "reconcile", Schedule: "nightly"}})
	})
	if err := e.resyncCommands(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.work(e)
	var made event.PlanGenerated
	if w.await(event.TypePlanGenerated, "c1", &made); !made.NeedsApproval || d.has(eth1+"description") != "hello" {
		t.Errorf("%+v", made)
	}
}

// TestBackForApproval has a device be away while new intent is planned for the others: its part is proposed when it is back.
func TestBackForApproval(t *testing.T) {
	w := newWorld(t, "leaf1", "leaf2")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1}, nil)
	e := New(w.options("a"))
	w.devices["leaf2"].down = true
	if err := e.planIntent(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.devices["leaf2"].down = false
	for _, name := range []intent.DeviceName{"leaf2", "leaf1", "leaf2"} {
		if err := e.planBack(t.Context(), job{device: name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []intent.DeviceName{"leaf1", "leaf2"} {
		open, err := w.store.Plans(t.Context(), view.PlanQuery{Device: name})
		if err != nil || len(open) != 1 || open[0].Status != view.PlanOpen {
			t.Errorf("%s: %v: %+v\n%s", name, err, open, w.log())
		}
	}
}

// hanging devices do not answer until their caller gives up.
type hanging struct {
	*world
	names []intent.DeviceName
}

func (h hanging) Session(ctx context.Context, name intent.DeviceName) (Session, error) {
	if slices.Contains(h.names, name) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.world.Session(ctx, name)
}

// TestHangingDevicesHoldUpNobody has drift on a dozen devices that hang, and then on one that answers.
func TestHangingDevicesHoldUpNobody(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	h := hanging{world: w}
	wants := map[intent.DeviceName]string{"leaf1": wantEth1 + wantEth2}
	for i := range 12 {
		name := intent.DeviceName(fmt.Sprintf("stuck%d", i))
		h.names, wants[name] = append(h.names, name), wantEth1
		w.devices[name] = newDevice(t, name)
	}
	w.intend("g2", wants, drifts(fabric.DriftEnforce))
	for _, name := range h.names {
		w.drift(name, "e-"+string(name), described)
	}
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	o := w.options("a")
	o.Sessions = h
	w.serve(o)
	w.await(event.TypeApplyCompleted, "e1", &event.ApplyCompleted{})
}
