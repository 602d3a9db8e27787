package reconcile

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/view"
)

// voted returns what validators are recorded to have said of a plan.
func (w *world) voted(id string) []event.Vote {
	w.t.Helper()
	row, err := w.store.Plan(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return row.Votes
}

// TestVotes has plans approved, or not, and checks who is named, what is recorded, and that a denied plan waits.
func TestVotes(t *testing.T) {
	yes := func(validator string) event.Vote { return event.Vote{Validator: validator, Verdict: event.VoteYes} }
	no := func(validator, reason string) event.Vote {
		return event.Vote{Validator: validator, Verdict: event.VoteNo, Reason: reason}
	}
	tests := []struct {
		name   string
		spoil  func(w *world, e *Engine)
		want   []event.Vote
		denied string // part of the error; empty: approved
		stale  bool
	}{
		{"all are for it", func(*world, *Engine) {}, []event.Vote{yes("schema"), yes("policy"), yes("device")}, "", false},
		{
			"the device is away", func(w *world, _ *Engine) { w.devices["leaf1"].down = true },
			[]event.Vote{yes("schema"), yes("policy"), no("device", "leaf1 cannot be asked: no route to host")},
			"device: leaf1 cannot be asked: no route to host", false,
		},
		{
			"the device is on hold", func(w *world, _ *Engine) {
				w.do(func(tx event.Tx) error {
					return w.store.UpdateDevice(tx, "leaf1", func(d *view.Device) {
						d.HeldUntil, d.HeldReason = time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC), "cables"
					})
				})
			},
			[]event.Vote{yes("schema"), no("policy", "leaf1: held until 2199-01-01T00:00:00Z: cables"), yes("device")},
			"policy: leaf1: held until", false,
		},
		{
			"the intents moved", func(w *world, _ *Engine) { w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth2}, nil) },
			[]event.Vote{no("schema", "the intents moved from generation g1 to g2"), yes("policy"), yes("device")},
			"schema: the intents moved", true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "leaf1")
			w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
			e := New(w.options("a"))
			id := w.propose(e)
			tt.spoil(w, e)
			_, err := e.Approve(t.Context(), id, ann)
			row, readErr := w.store.Plan(t.Context(), string(id))
			if readErr != nil {
				t.Fatal(readErr)
			}
			if tt.want != nil {
				if diff := cmp.Diff(tt.want, row.Votes, cmpopts.IgnoreFields(event.Vote{}, "Took")); diff != "" {
					t.Error(diff)
				}
			}
			if tt.denied == "" {
				if err != nil || row.Status != view.PlanApproved {
					t.Errorf("%s: %v", row.Status, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.denied) || errors.As(err, new(*approval.StaleError)) != tt.stale {
				t.Errorf("error %v", err)
			}
			if row.Status != view.PlanOpen || !strings.HasPrefix(row.Reason, "not approved: ") || len(row.Votes) != 3 {
				t.Errorf("%+v", row)
			}
			var told event.Approval
			if w.await(event.TypeApprovalDenied, "", &told); !told.Waits || len(told.Votes) != 3 {
				t.Errorf("%+v", told)
			}
		})
	}
}

// TestVotesUnasked has a plan that a policy would run at once wait, when validators are against it, and run when they are
// not any more.
func TestVotesUnasked(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	e := New(w.options("a"))
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	d.mu.Lock()
	d.probes = func(int) string { return "S2" }
	d.mu.Unlock()
	planned, err := e.Plan(t.Context(), Request{Part: "remedy"})
	if err != nil {
		t.Fatal(err)
	}
	tally, err := e.votes.Vote(t.Context(), planned.Plan, vote.Asking{})
	if err != nil || !strings.Contains(tally.Denied, "device: leaf1: it is another device") {
		t.Errorf("%+v, %v", tally, err)
	}
	d.mu.Lock()
	d.probes = nil
	d.mu.Unlock()
	if err := e.planDrift(t.Context(), job{device: "leaf1"}); err != nil {
		t.Fatal(err)
	}
	w.work(e)
	var started event.ApplyStarted
	w.await(event.TypeApplyStarted, "e1", &started)
	if len(started.Votes) != 3 || len(w.voted(started.Plan)) != 3 {
		t.Errorf("%+v", started)
	}
}
