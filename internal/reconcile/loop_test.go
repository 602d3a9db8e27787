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
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

func drifts(mode fabric.DriftMode) func(*fabric.Device) {
	return func(d *fabric.Device) { d.Drift = []fabric.DriftRule{{Pattern: "/**", Mode: mode}} }
}

// inSync returns a world whose one device is enrolled and has what is wanted.
func inSync(t *testing.T, change func(*fabric.Device)) (*world, *device) {
	t.Helper()
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1 + wantEth2}, change)
	if row := w.apply(New(w.options("setup"))); row.Status != view.RunDone {
		t.Fatalf("%+v\n%s", row, w.log())
	}
	return w, w.devices["leaf1"]
}

var described = event.Finding{Path: eth1 + "description", Class: "changed", Before: "to spine1", After: "hello"}

func TestDriftEnforced(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	w.serve(w.options("a"))
	for _, episode := range []string{"e1", "e2"} { // the same drift on another day is put back again
		d.change(t, eth1+"description", "hello")
		w.drift("leaf1", episode, described)
		var done event.ApplyCompleted
		w.await(event.TypeApplyCompleted, episode, &done)
		if got := d.has(eth1 + "description"); got != "to spine1" || done.Episode != episode || done.Cause != "drift" {
			t.Fatalf("%q, %+v", got, done)
		}
		var made event.PlanGenerated
		if w.await(event.TypePlanGenerated, episode, &made); made.NeedsApproval || made.Episode != episode {
			t.Errorf("%+v", made)
		}
		ep, err := w.store.Episode(t.Context(), episode)
		if err != nil || ep.Plan != made.Plan || ep.Run != done.Run {
			t.Errorf("%v: %+v", err, ep)
		}
		w.remediated(episode)
	}
	// The third time within the hour somebody has to look.
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e3", described)
	var heldBack event.Drift
	w.await(event.TypeDriftHeld, "e3", &heldBack)
	if d.has(eth1+"description") != "hello" {
		t.Error("was put back a third time")
	}
}

// A device is read whole for the plan and for the check, and for the proof only where something was written.
func TestRemedyReadsNoMoreThanItNeeds(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1 + wantEth2 + "/system/config/hostname = leaf1"}, drifts(fabric.DriftEnforce))
	if row := w.apply(New(w.options("setup"))); row.Status != view.RunDone {
		t.Fatalf("%+v\n%s", row, w.log())
	}
	d := w.devices["leaf1"]
	e, before := New(w.options("a")), d.reads // nothing else is under way
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	ep, err := w.store.OpenEpisode(t.Context(), "leaf1")
	if err != nil {
		t.Fatal(err)
	}
	if row, err := e.Execute(t.Context(), ep.Run); err != nil || row.Status != view.RunDone {
		t.Fatalf("%+v, %v", row, err)
	}
	if n := d.reads - before; n != 3 || len(d.read) != 1 || d.read[0].String() != "/interfaces" {
		t.Errorf("%d readings, the last of %v", n, d.read)
	}
}

func TestOneEpisodeOnePlan(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftPropose))
	e, _ := w.serve(w.options("a"))
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	var made event.PlanGenerated
	w.await(event.TypePlanGenerated, "e1", &made)
	before := w.count(event.TypePlanGenerated)
	for range 3 { // told again, and found again
		if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count(event.TypePlanGenerated); n != before {
		t.Errorf("%d plans for one episode", n-before+1)
	}
	if !made.NeedsApproval || d.has(eth1+"description") != "hello" {
		t.Errorf("did not wait: %+v", made)
	}
	if _, err := e.Approve(t.Context(), plan.ID(made.Plan), ann); err != nil {
		t.Fatal(err)
	}
	var done event.ApplyCompleted
	end := w.await(event.TypeApplyCompleted, "e1", &done)
	if d.has(eth1+"description") != "to spine1" || end.Actor != "ann" {
		t.Errorf("%+v", end)
	}
	if _, err := e.Approve(t.Context(), plan.ID(made.Plan), ann); err == nil {
		t.Error("was approved twice")
	}
}

func TestRejectedStaysRejected(t *testing.T) {
	w, d := inSync(t, nil)
	e, _ := w.serve(w.options("a"))
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	var made event.PlanGenerated
	w.await(event.TypePlanGenerated, "e1", &made)
	if err := e.Reject(t.Context(), plan.ID(made.Plan), ann, "on purpose"); err != nil {
		t.Fatal(err)
	}
	before := w.count(event.TypePlanGenerated)
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	if n := w.count(event.TypePlanGenerated); n != before {
		t.Error("the rejected plan was made again")
	}
	ep, err := w.store.OpenEpisode(t.Context(), "leaf1")
	if err != nil || !strings.Contains(ep.Reason, "was rejected: on purpose; next: ") {
		t.Errorf("%v: nobody is told why the drift stays: %q", err, ep.Reason)
	}
	if n := w.count(event.TypeDriftHeld); n != 1 {
		t.Errorf("told %d times", n)
	}
	if _, err := e.Start(t.Context(), plan.ID(made.Plan), byAnn("")); !errors.As(err, new(*approval.DeniedError)) {
		t.Errorf("a rejected plan: %v", err)
	}
}

func TestMoreDriftReplacesThePlan(t *testing.T) {
	w, d := inSync(t, nil)
	e, _ := w.serve(w.options("a"))
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	first, expired := event.PlanGenerated{}, event.PlanExpired{}
	w.await(event.TypePlanGenerated, "e1", &first)
	d.change(t, eth2+"description", "hello too")
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	if w.await(event.TypePlanExpired, "e1", &expired); expired.Plan != first.Plan {
		t.Errorf("expired %+v, made %+v", expired, first)
	}
}

// TestPendingIsNotShipped has new intent wait for approval while drift is put back.
func TestPendingIsNotShipped(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth1 + wantEth2 + eth2 + "mtu = 1500\n"}, drifts(fabric.DriftEnforce))
	e, _ := w.serve(w.options("a"))
	var made event.PlanGenerated
	if w.await(event.TypePlanGenerated, "g2", &made); !made.NeedsApproval || made.Cause != "intent" {
		t.Errorf("%+v", made)
	}
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	var done event.ApplyCompleted
	w.await(event.TypeApplyCompleted, "e1", &done)
	if d.has(eth1+"description") != "to spine1" || d.has(eth2+"mtu") != "" {
		t.Errorf("description %q, pending mtu %q", d.has(eth1+"description"), d.has(eth2+"mtu"))
	}
	if _, err := e.Approve(t.Context(), plan.ID(made.Plan), ann); err != nil {
		t.Fatal(err)
	}
	w.await(event.TypeApplyCompleted, "g2", &done)
	if d.has(eth2+"mtu") != "1500" {
		t.Errorf("approved, and the mtu is %q\n%s", d.has(eth2+"mtu"), w.log())
	}
}

func TestIntentApplied(t *testing.T) {
	w, d := inSync(t, nil)
	o := w.options("a")
	o.AutoApply = true
	e, _ := w.serve(o)
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	var done event.ApplyCompleted
	w.await(event.TypeApplyCompleted, "g2", &done)
	if d.has(eth2+"description") != "" || d.has(eth1+"description") == "" {
		t.Error(w.log())
	}
	if p, err := e.Plan(t.Context(), Request{Devices: []intent.DeviceName{"leaf1"}}); err != nil || !p.Plan.Idle() {
		t.Errorf("%v\n%s", err, p.Plan.Text())
	}
}

// TestNewIntentOutdatesPlans checks that a plan for other intents cannot be run any more.
func TestNewIntentOutdatesPlans(t *testing.T) {
	w, _ := inSync(t, nil)
	e := New(w.options("a"))
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	if err := e.planIntent(t.Context()); err != nil {
		t.Fatal(err)
	}
	open, err := w.store.Plans(t.Context(), view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}})
	if err != nil || len(open) != 1 {
		t.Fatalf("%v: %v", err, open)
	}
	w.intend("g3", map[intent.DeviceName]string{"leaf1": wantEth2}, nil)
	if _, err := e.Start(t.Context(), plan.ID(open[0].ID), byAnn("")); !errors.As(err, new(*approval.StaleError)) {
		t.Errorf("a plan for other intents: %v", err)
	}
	if err := e.planIntent(t.Context()); err != nil {
		t.Fatal(err)
	}
	old, err := w.store.Plan(t.Context(), open[0].ID)
	if err != nil || old.Status != view.PlanExpired {
		t.Errorf("%v: %+v", err, old)
	}
}

func TestHold(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	w.do(func(tx event.Tx) error {
		return w.store.UpdateDevice(tx, "leaf1", func(d *view.Device) {
			d.HeldUntil, d.HeldReason = time.Now().Add(time.Hour), "cable work"
		})
	})
	e, _ := w.serve(w.options("a"))
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	var back event.Drift
	w.await(event.TypeDriftHeld, "e1", &back)
	var made event.PlanGenerated
	w.await(event.TypePlanGenerated, "e1", &made)
	if _, err := e.Start(t.Context(), plan.ID(made.Plan), byAnn("")); !errors.As(err, new(*approval.DeniedError)) {
		t.Errorf("a held device: %v", err)
	}
	if d.has(eth1+"description") != "hello" {
		t.Error("was written")
	}
}

// content are validators that are for every plan.
type content struct{}

func (content) Vote(context.Context, plan.Plan, vote.Asking) (vote.Tally, error) {
	return vote.Tally{}, nil
}

// TestBackAgain has a device away when its drift is to be put back.
func TestBackAgain(t *testing.T) {
	w, d := inSync(t, nil)
	e, _ := w.serve(w.options("a"))
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	var made event.PlanGenerated
	w.await(event.TypePlanGenerated, "e1", &made)
	d.mu.Lock()
	d.down = true
	d.mu.Unlock()
	if _, err := e.Approve(t.Context(), plan.ID(made.Plan), ann); !errors.As(err, new(*approval.DeniedError)) {
		t.Fatal(err)
	}
	// It was approved right before, when validators had nothing against it.
	desk := approval.New(approval.Options{Store: w.store, Intents: w, Validators: content{}, Now: time.Now, Told: toldPlan})
	if _, err := desk.Approve(t.Context(), plan.ID(made.Plan), ann); err != nil {
		t.Fatal(err)
	}
	var done event.ApplyCompleted
	if w.await(event.TypeApplyCompleted, "e1", &done); done.Outcome != "partial" {
		t.Fatalf("%+v", done)
	}
	d.mu.Lock()
	d.down = false
	d.mu.Unlock()
	w.do(func(tx event.Tx) error {
		return tx.Append(t.Context(), event.Draft{Type: event.TypeDeviceSynced, Subject: "leaf1", Data: event.Device{Device: "leaf1"}})
	})
	var second event.PlanGenerated
	for second.Plan == "" || second.Plan == made.Plan {
		w.await(event.TypePlanGenerated, "e1", &second)
	}
	if second.Content != made.Content {
		t.Errorf("%+v, then %+v", made, second)
	}
	if _, err := e.Approve(t.Context(), plan.ID(second.Plan), ann); err != nil {
		t.Fatal(err)
	}
	for d.has(eth1+"description") != "to spine1" {
		w.await(event.TypeApplyCompleted, "e1", &done)
	}
}

func TestCommand(t *testing.T) {
	tests := []struct {
		name    string
		verb    string
		pending bool // new intent waits
		applied bool
	}{
		{name: "plan waits", verb: "plan"},
		{name: "reconcile puts back", verb: "reconcile", applied: true},
		{name: "reconcile ships no pending intent", verb: "reconcile", pending: true, applied: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, d := inSync(t, nil)
			if tt.pending {
				w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth1 + wantEth2 + eth2 + "mtu = 1500\n"}, nil)
			}
			d.change(t, eth1+"description", "hello")
			w.do(func(tx event.Tx) error {
				return tx.Append(t.Context(), event.Draft{
					Type: event.TypeCommand, Correlation: "c1", Data: event.Command{Verb: tt.verb, Schedule: "nightly", Devices: []intent.DeviceName{"leaf1"}},
				})
			})
			w.serve(w.options("a"))
			var made event.PlanGenerated
			w.await(event.TypePlanGenerated, "c1", &made)
			if made.Cause != "schedule" || made.NeedsApproval == tt.applied {
				t.Errorf("%+v", made)
			}
			if tt.applied {
				var done event.ApplyCompleted
				w.await(event.TypeApplyCompleted, "c1", &done)
			}
			want := map[bool]string{true: "to spine1", false: "hello"}[tt.applied]
			if got := d.has(eth1 + "description"); got != want || d.has(eth2+"mtu") != "" {
				t.Errorf("description %q, mtu %q", got, d.has(eth2+"mtu"))
			}
		})
	}
}

// TestPlansWithdrawn has the reason for waiting plans go away by itself.
func TestPlansWithdrawn(t *testing.T) {
	w, d := inSync(t, nil)
	e := New(w.options("a"))
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	if err := e.planIntent(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	open := view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}}
	if list, err := w.store.Plans(t.Context(), open); err != nil || len(list) != 2 {
		t.Fatalf("%v: %v", err, list)
	}
	d.change(t, eth1+"description", "to spine1")
	w.remediated("e1")
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	w.apply(e) // by hand, all of it
	if err := e.planIntent(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, err := w.store.Plans(t.Context(), open); err != nil || len(list) != 0 {
		t.Errorf("%v: %+v\n%s", err, list, w.log())
	}
}

// TestForgottenCommand has a process take a command and die before it did anything about it.
func TestForgottenCommand(t *testing.T) {
	w, d := inSync(t, nil)
	d.change(t, eth1+"description", "hello")
	w.do(func(tx event.Tx) error {
		return tx.Append(t.Context(), event.Draft{
			Type: event.TypeCommand, Correlation: "c1", Data: event.Command{Verb: "reconcile", Schedule: "nightly"},
		})
	})
	e := New(w.options("a"))
	for range 2 { // the second process finds it done
		if err := e.resyncCommands(t.Context()); err != nil {
			t.Fatal(err)
		}
		for j, _, ok := e.queue.take(time.Now()); ok; j, _, ok = e.queue.take(time.Now()) {
			e.work(t.Context(), j)
			e.queue.done(j)
		}
	}
	if d.has(eth1+"description") != "to spine1" || w.count(event.TypePlanGenerated) != 2 {
		t.Errorf("description %q\n%s", d.has(eth1+"description"), w.log())
	}
}

// TestOnePlanAtATime has a device come back, and its intents looked at again, while a run is changing it: that makes no
// second plan of what the run is about to do.
func TestOnePlanAtATime(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.enroll("leaf1")
	sent, answer := make(chan struct{}), make(chan struct{})
	w.devices["leaf1"].onSet = func(d *device, e tree.Edit) error {
		d.mu.Unlock() // it can be read while it works on the Set
		close(sent)
		<-answer
		d.mu.Lock()
		return d.apply(e)
	}
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	o := w.options("a")
	o.AutoApply = true
	e, _ := w.serve(o)
	<-sent
	early := e.turns()
	old, err := e.Plan(t.Context(), Request{Part: plan.Pending})
	if err != nil {
		t.Fatal(err)
	}
	for _, again := range []error{e.planIntent(t.Context()), e.planBack(t.Context(), job{device: "leaf1"})} {
		if again != nil {
			t.Error(again)
		}
	}
	close(answer)
	var done event.ApplyCompleted
	w.await(event.TypeApplyCompleted, "", &done)
	if err := e.proposeIntent(t.Context(), old, early, false); err != nil { // computed before the run ended
		t.Error(err)
	}
	if err := e.planIntent(t.Context()); err != nil || e.lastPlanned() != "g1" {
		t.Errorf("planned %q: %v", e.lastPlanned(), err)
	}
	if n := w.count(event.TypePlanGenerated); n != 1 {
		t.Errorf("%d plans\n%s", n, w.log())
	}
}
