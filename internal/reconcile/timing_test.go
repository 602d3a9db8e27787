package reconcile

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// night is a world with two devices whose window is open from 01:00 to 05:00 UTC, and an engine whose clock is set by hand.
func night(t *testing.T, o fabric.Overtaken) (*world, *Engine, *atomic.Int64) {
	w := newWorld(t, "leaf1", "leaf2")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1}, nil)
	w.mu.Lock()
	w.fabrics["g1"].Windows = []fabric.Window{{
		Name: "night", Source: tree.Source{File: "w.yaml", Line: 4}, Allow: true, Cron: "0 1 * * *", Zone: "UTC", Duration: 4 * time.Hour, Overtaken: o,
		Devices: []intent.DeviceName{"leaf1", "leaf2"},
	}}
	w.mu.Unlock()
	opts := w.options("a")
	opts.Parallel = 1
	e := New(opts)
	clock := &atomic.Int64{}
	e.now = func() time.Time { return time.Unix(0, clock.Load()).UTC() }
	clock.Store(hour(12).UnixNano())
	return w, e, clock
}

func hour(h int) time.Time { return time.Date(2026, 11, 21, h, 0, 0, 0, time.UTC) }

// TestApprovedWaitsForItsWindow has a person's apply refused outside of a window, an approval taken, and the run begin when
// the window opens: once, though it is looked at twice.
func TestApprovedWaitsForItsWindow(t *testing.T) {
	w, e, clock := night(t, fabric.OvertakenStop)
	id := w.propose(e)
	_, err := e.Start(t.Context(), id, byAnn(""))
	if err == nil || !strings.Contains(err.Error(), "leaf1, leaf2: outside of window night (w.yaml:4); next opening Sun 2026-11-22 01:00:00 UTC") {
		t.Fatalf("apply outside of the window: %v", err)
	}
	if _, err := e.Approve(t.Context(), id, ann); err != nil {
		t.Fatal(err)
	}
	at := func(h int, want view.PlanStatus) {
		t.Helper()
		clock.Store(hour(h).UnixNano())
		for range 2 {
			if err := e.opening(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if row, err := e.o.Store.Plan(t.Context(), string(id)); err != nil || row.Status != want {
			t.Fatalf("at %d: %+v, %v", h, row, err)
		}
	}
	at(13, view.PlanApproved)
	at(24, view.PlanApproved)
	at(25, view.PlanRunning)
	row, err := e.Execute(t.Context(), runOf(string(id)))
	if err != nil || row.Status != view.RunDone {
		t.Errorf("%+v, %v", row, err)
	}
	if n := w.count(event.TypeApplyStarted); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// TestWindowClosesInMidRun lets the clock pass the window's end while the first device takes its Set.
func TestWindowClosesInMidRun(t *testing.T) {
	tests := []struct {
		overtaken fabric.Overtaken
		first     string // the outcomes
		second    string
		status    view.RunStatus
		word      string // of the acknowledgement, empty for none
	}{
		{fabric.OvertakenStop, "done", "skipped", view.RunPartial, "stop"},
		{fabric.OvertakenFinish, "done", "done", view.RunDone, ""},
		{fabric.OvertakenPause, "done", "", view.RunPaused, "pause"},
		{fabric.OvertakenRollback, "rolled-back", "skipped", view.RunRolledBack, "rollback"},
	}
	for _, tt := range tests {
		t.Run(string(tt.overtaken), func(t *testing.T) {
			w, e, clock := night(t, tt.overtaken)
			clock.Store(hour(26).UnixNano())
			d := w.devices["leaf1"]
			d.onSet = func(d *device, edit tree.Edit) error {
				clock.Store(hour(30).UnixNano())
				d.onSet = nil
				return d.apply(edit)
			}
			row := w.apply(e)
			out := w.outcomes(row.ID)
			if row.Status != tt.status || out["leaf1"] != tt.first || out["leaf2"] != tt.second {
				t.Fatalf("%s: %v\n%s", row.Status, out, w.log())
			}
			acks, err := w.store.Events(t.Context(), event.Query{Types: []event.Type{event.TypeCommandAck}, Limit: 10})
			if err != nil || len(acks) > 0 != (tt.word != "") || len(acks) > 1 {
				t.Fatalf("%d words, %v", len(acks), err)
			}
			if tt.word != "" && (acks[0].Actor != "window/night" || !strings.Contains(string(acks[0].Data), `"verb":"`+tt.word+`"`)) {
				t.Errorf("%s %s", acks[0].Actor, acks[0].Data)
			}
			if tt.overtaken != fabric.OvertakenPause {
				return
			}
			if again, err := e.Execute(t.Context(), row.ID); err != nil || again.Status != view.RunPaused {
				t.Errorf("outside still: %+v, %v", again, err)
			}
			clock.Store(hour(50).UnixNano()) // the night after
			if again, err := New(e.o).with(e.now).Execute(t.Context(), row.ID); err != nil || again.Status != view.RunDone {
				t.Errorf("the next night: %+v, %v\n%s", again, err, w.log())
			}
		})
	}
}

// TestFrozenRun pauses a run in whatever process takes it up, until the freeze is over; a person's break-glass passes.
func TestFrozenRun(t *testing.T) {
	w, e, clock := night(t, fabric.OvertakenStop)
	clock.Store(hour(26).UnixNano())
	frozen := view.Freeze{Until: hour(27), Reason: "audit", By: "bob", Since: hour(25), Event: "f1"}
	w.do(func(tx event.Tx) error { return w.store.SaveFreeze(tx, frozen) })
	id := w.propose(e)
	if _, err := e.Start(t.Context(), id, byAnn("")); err == nil || !strings.Contains(err.Error(), "the fabric is frozen until 2026-11-22T03:00:00Z by bob: audit") {
		t.Fatalf("apply in a freeze: %v", err)
	}
	why, err := e.WhyNot(t.Context(), "leaf1")
	if err != nil {
		t.Fatal(err)
	}
	for _, walk := range why.Walks {
		i := slices.IndexFunc(walk.Steps, func(s policy.Step) bool { return s.First })
		if i < 0 || walk.Steps[i].Rule != policy.Frozen || walk.Reason == "" {
			t.Errorf("%+v", walk)
		}
	}
	w.do(func(tx event.Tx) error { _, err := w.store.EndFreeze(tx, frozen); return err })
	run := w.commit(e, id)
	w.do(func(tx event.Tx) error { return w.store.SaveFreeze(tx, frozen) })
	if row, err := e.Execute(t.Context(), run); err != nil || row.Status != view.RunPaused || !strings.HasPrefix(row.Reason, "paused by freeze: the fabric is frozen") {
		t.Fatalf("%+v, %v", row, err)
	}
	if n := w.devices["leaf1"].count() + w.devices["leaf2"].count(); n != 0 {
		t.Errorf("%d Sets in a freeze", n)
	}
	clock.Store(hour(28).UnixNano())
	if row, err := e.Execute(t.Context(), run); err != nil || row.Status != view.RunDone {
		t.Errorf("after the freeze: %+v, %v", row, err)
	}
}

// with sets the engine's clock.
func (e *Engine) with(now func() time.Time) *Engine {
	e.now = now
	return e
}
