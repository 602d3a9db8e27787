package reconcile

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/view"
)

func (w *world) enrolment(e *Engine, req EnrollRequest) Enrolment {
	w.t.Helper()
	list, err := e.Enroll(w.t.Context(), req, "ann")
	if err != nil || len(list) != 1 {
		w.t.Fatalf("%v: %+v", err, list)
	}
	return list[0]
}

func TestEnroll(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.unenroll("leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	e, d := New(w.options("a")), w.devices["leaf1"]
	steps := []struct {
		name    string
		serial  string
		down    bool
		req     EnrollRequest
		outcome EnrollOutcome
		says    string
		pinned  string // afterwards
		events  int
	}{
		{name: "away", down: true, outcome: Unreachable, says: "no route"},
		{name: "first contact", serial: "S1", outcome: Enrolled, pinned: "S1", events: 1},
		{name: "the same again", serial: "S1", outcome: Already, pinned: "S1", events: 1},
		{name: "another device", serial: "S2", outcome: Denied, says: "--replace --reason", pinned: "S1", events: 1},
		{name: "another device, with a reason", serial: "S2", req: EnrollRequest{Replace: true, Reason: "RMA"}, outcome: Replaced, pinned: "S2", events: 2},
	}
	for _, tt := range steps {
		d.mu.Lock()
		d.serial, d.down = tt.serial, tt.down
		d.mu.Unlock()
		got := w.enrolment(e, tt.req)
		row, err := w.store.Device(t.Context(), "leaf1")
		if err != nil {
			t.Fatal(err)
		}
		if got.Outcome != tt.outcome || !strings.Contains(got.Detail, tt.says) || row.Identity.Serial != tt.pinned || w.count(event.TypeDeviceEnrolled) != tt.events {
			t.Errorf("%s: %+v, row %+v\n%s", tt.name, got, row, w.log())
		}
		if tt.events > 0 && (row.Enrolled.IsZero() || row.EnrolledBy != "ann") {
			t.Errorf("%s: who and when: %+v", tt.name, row)
		}
	}
	var told event.DeviceEnrolled
	if e := w.await(event.TypeDeviceEnrolled, "", &told); e.Actor != "ann" || told.Serial != "S2" || !strings.Contains(told.Replaces, "enrolled was S1") || told.Reason != "RMA" {
		t.Errorf("%+v", told)
	}
	if _, err := e.Enroll(t.Context(), EnrollRequest{Replace: true}, "ann"); err == nil {
		t.Error("was replaced without a reason")
	}
}

// TestEnrollNamed checks that a device must be what its document says, first contact or not.
func TestEnrollNamed(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.unenroll("leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, func(d *fabric.Device) { d.Access.Identity.Serial = "S9" })
	if got := w.enrolment(New(w.options("a")), EnrollRequest{}); got.Outcome != Denied || !strings.Contains(got.Detail, "the intents name S9") {
		t.Errorf("%+v", got)
	}
}

// TestReadOnly has plans for devices that nobody enrolled: they are made, and neither asking nor approving runs them.
func TestReadOnly(t *testing.T) {
	w := newWorld(t, "leaf1", "leaf2")
	w.unenroll("leaf1", "leaf2")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1}, nil)
	e := New(w.options("a"))
	planned, err := e.Plan(t.Context(), Request{})
	if err != nil || planned.Plan.Idle() {
		t.Fatalf("%v: %+v", err, planned.Plan)
	}
	if diff := cmp.Diff([]intent.DeviceName{"leaf1", "leaf2"}, planned.ReadOnly); diff != "" {
		t.Error(diff)
	}
	id := w.propose(e)
	for _, err := range []error{func() error { _, err := e.Approve(t.Context(), id, ann); return err }(), func() error { _, err := e.Start(t.Context(), id, byAnn("")); return err }()} {
		if !errors.As(err, new(*approval.DeniedError)) || !strings.Contains(err.Error(), "leaf1: read-only: not enrolled; next: tenter device enroll leaf1") {
			t.Errorf("%v", err)
		}
	}
	w.enroll("leaf2")
	row := w.start(e, id)
	if diff := cmp.Diff(map[intent.DeviceName]string{"leaf1": "refused", "leaf2": "done"}, w.outcomes(row.ID)); diff != "" || row.Status != view.RunPartial {
		t.Errorf("%s: %s", row.Status, diff)
	}
	if !strings.Contains(row.Reason, "next: tenter device enroll leaf1") || w.devices["leaf1"].count() != 0 {
		t.Errorf("%d Sets, %q", w.devices["leaf1"].count(), row.Reason)
	}
}

// TestEnrolledLater has new intent wait for a device's enrolment, and nobody else wait for that.
func TestEnrolledLater(t *testing.T) {
	w := newWorld(t, "leaf1", "leaf2", "leaf3")
	w.unenroll("leaf2")
	o := w.options("a")
	o.AutoApply = true
	e, _ := w.serve(o)
	w.do(func(tx event.Tx) error {
		return w.store.UpdateDevice(tx, "leaf3", func(d *view.Device) { d.HeldUntil, d.HeldReason = time.Now().Add(time.Hour), "cable work" })
	})
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1, "leaf3": wantEth1}, nil)
	var done event.ApplyCompleted
	if w.await(event.TypeApplyCompleted, "g1", &done); len(done.Devices) != 1 || done.Devices[0].Device != "leaf1" {
		t.Errorf("%+v\n%s", done, w.log())
	}
	var asked event.Approval
	w.await(event.TypeApprovalRequested, "g1", &asked)
	if want := "leaf2: read-only: not enrolled; next: tenter device enroll leaf2; leaf3: held until"; !strings.Contains(asked.Reason, want) {
		t.Errorf("%q", asked.Reason)
	}
	w.enrolment(e, EnrollRequest{Devices: []intent.DeviceName{"leaf2"}})
	for w.count(event.TypeApplyCompleted) < 2 {
		head, _, err := w.store.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if w.count(event.TypeApplyCompleted) < 2 {
			if err := w.store.Wait(t.Context(), head); err != nil {
				t.Fatal(err)
			}
		}
	}
	if w.devices["leaf2"].has(eth1+"description") != "to spine1" || w.devices["leaf3"].count() != 0 {
		t.Error(w.log())
	}
}

// TestHoldEnds has new intent wait for the end of a hold, of which no event tells.
func TestHoldEnds(t *testing.T) {
	w := newWorld(t, "leaf1", "leaf2")
	o := w.options("a")
	o.AutoApply = true
	e := New(o)
	w.do(func(tx event.Tx) error {
		return w.store.UpdateDevice(tx, "leaf1", func(d *view.Device) { d.HeldUntil, d.HeldReason = time.Now().Add(time.Hour), "cable work" })
	})
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1}, nil)
	for _, step := range []struct {
		passed time.Duration
		sets   int
	}{{0, 0}, {30 * time.Minute, 0}, {61 * time.Minute, 1}, {62 * time.Minute, 1}} {
		e.now = func() time.Time { return time.Now().Add(step.passed) }
		e.queue.now = e.now
		if err := e.resync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		w.work(e)
		if n := w.devices["leaf1"].count(); n != step.sets || w.devices["leaf2"].count() != 1 {
			t.Errorf("after %s: %d Sets\n%s", step.passed, n, w.log())
		}
	}
}

// TestSwapped has another device answer after the check, right before the Set: nothing is written, and it is told of once.
func TestSwapped(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth1}, drifts(fabric.DriftEnforce))
	e := New(w.options("a"))
	id, sets := w.propose(e), d.count()
	d.mu.Lock()
	d.probes = func(n int) string { // the validator and the check see the right one
		if n <= 2 {
			return "leaf1"
		}
		return "S2"
	}
	d.mu.Unlock()
	row := w.start(e, id)
	if out := w.outcomes(row.ID); out["leaf1"] != "refused" || d.count() != sets {
		t.Errorf("%v, %d Sets", out, d.count()-sets)
	}
	var denied *approval.DeniedError
	if _, err := e.Start(t.Context(), w.propose(e), byAnn("")); !errors.As(err, &denied) || !strings.Contains(denied.Reason, "tenter device enroll leaf1 --replace") {
		t.Errorf("%v", err)
	}
	var held event.Device
	if w.await(event.TypeDeviceHeld, "", &held); w.count(event.TypeDeviceHeld) != 1 || !strings.Contains(held.Reason, "serial number S2, enrolled was leaf1") {
		t.Errorf("%+v\n%s", held, w.log())
	}
	// Its drift is not put back either.
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	w.work(e)
	if w.count(event.TypeDriftHeld) != 1 || d.count() != sets {
		t.Errorf("%d Sets\n%s", d.count()-sets, w.log())
	}
	// The right one is back.
	d.mu.Lock()
	d.probes = nil
	d.mu.Unlock()
	if row := w.apply(e); row.Status != view.RunDone {
		t.Errorf("%+v", row)
	}
	if row, err := w.store.Device(t.Context(), "leaf1"); err != nil || row.Mismatch != "" {
		t.Errorf("%v: %q", err, row.Mismatch)
	}
}

// TestPlanFile has plans that were kept as files: until they expire, and for one use.
func TestPlanFile(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	o := w.options("a")
	o.PlanExpires = time.Hour
	e := New(o)
	planned, err := e.Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	kept := bound(t, e, planned.Plan)
	if _, err := e.Import(t.Context(), planned.Plan, "ann"); !errors.As(err, new(*approval.StaleError)) {
		t.Errorf("without an end: %v", err)
	}
	e.now = func() time.Time { return time.Now().Add(61 * time.Minute) }
	if _, err := e.Import(t.Context(), kept, "ann"); !errors.As(err, new(*approval.StaleError)) || !strings.Contains(err.Error(), "could be used until") {
		t.Errorf("past its time: %v", err)
	}
	e.now = func() time.Time { return time.Now().Add(30 * time.Minute) }
	id, err := e.Import(t.Context(), kept, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if row, err := w.store.Plan(t.Context(), string(id)); err != nil || !row.Expires.Equal(kept.Expires) {
		t.Errorf("%v: expires %s, not %s", err, row.Expires, kept.Expires)
	}
	w.start(e, id)
	if _, err := e.Import(t.Context(), kept, "ann"); !errors.As(err, new(*approval.StaleError)) {
		t.Errorf("used twice: %v", err)
	}
	old, err := e.Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth2}, nil)
	if id, err = e.Import(t.Context(), bound(t, e, plan.New(old.Plan.Cause, plan.Origin{Generation: "g1"}, []plan.DevicePlan{{Device: "leaf1", Claims: 1}})), "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Start(t.Context(), id, byAnn("")); !errors.As(err, new(*approval.StaleError)) || !strings.Contains(err.Error(), "g1 to g2") {
		t.Errorf("of other intents: %v", err)
	}
}

// bound is a plan as it may be kept as a file.
func bound(t *testing.T, e *Engine, p plan.Plan) plan.Plan {
	t.Helper()
	kept, err := e.Bind(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}
