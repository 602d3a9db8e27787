package reconcile

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/view"
)

func netops(name string) policy.Who {
	return policy.Who{Name: name, Role: policy.Approver, Groups: []string{"netops"}, Via: policy.ViaToken}
}

// asks makes a generation with one policy that asks for n approvals of netops, each of which counts for an hour.
func (w *world) asks(generation string, n int) {
	w.t.Helper()
	w.intend(generation, map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fabrics[generation].Approvals = []fabric.Approval{{
		Name: "prod", Decision: intent.DecideApprove, Approvals: n, Groups: []string{"netops"}, Expires: time.Hour, Devices: []intent.DeviceName{"leaf1"},
	}}
}

// waiting is a world with a plan that ann made by hand and that needs n approvals.
func waiting(t *testing.T, n int) (*world, *Engine, plan.ID) {
	t.Helper()
	w := newWorld(t, "leaf1")
	w.asks("g1", n)
	e := New(w.options("a"))
	return w, e, w.propose(e)
}

func (w *world) planRow(id plan.ID) view.Plan {
	w.t.Helper()
	row, err := w.store.Plan(w.t.Context(), string(id))
	if err != nil {
		w.t.Fatal(err)
	}
	return row
}

// An approval counts for its time; a plan that has lost one waits again, and says so.
func TestApprovalsExpire(t *testing.T) {
	w, e, id := waiting(t, 1)
	if got, err := e.Approve(t.Context(), id, netops("ben")); err != nil || got.Missing != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	later := New(w.options("b"))
	later.now = func() time.Time { return time.Now().Add(61 * time.Minute) }
	var denied *approval.DeniedError
	if _, err := later.Start(t.Context(), id, Beginning{Who: netops("ben")}); !errors.As(err, &denied) || !strings.Contains(denied.Reason, "0 of 1 approval by netops") {
		t.Fatal(err)
	}
	if row := w.planRow(id); row.Status != view.PlanOpen || w.count(event.TypeApprovalRequested) != 2 {
		t.Errorf("%s: %s", row.Status, row.Reason)
	}
	if got, err := later.Approve(t.Context(), id, netops("ben")); err != nil || got.Missing != "" {
		t.Fatalf("once more: %+v, %v", got, err)
	}
	if _, err := later.Start(t.Context(), id, Beginning{Who: netops("ben")}); err != nil {
		t.Error(err)
	}
}

// What was approved by policies that are not in force any more is counted again where the run is committed, whoever commits it.
func TestApprovalsAreCountedAgain(t *testing.T) {
	for _, by := range []string{"a person", "the event"} {
		t.Run(by, func(t *testing.T) {
			w, e, id := waiting(t, 1)
			if _, err := e.Approve(t.Context(), id, netops("ben")); err != nil {
				t.Fatal(err)
			}
			list, err := w.store.Events(t.Context(), event.Query{Types: []event.Type{event.TypeApprovalGranted}, Limit: 1})
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			w.asks("g2", 2)
			if by == "a person" {
				if _, err := e.Start(t.Context(), id, Beginning{Who: netops("cat")}); !errors.As(err, new(*approval.DeniedError)) || !strings.Contains(err.Error(), "1 of 2 approvals") {
					t.Fatal(err)
				}
			} else {
				w.do(func(tx event.Tx) error { return e.Handle(t.Context(), tx, list[0]) })
			}
			row := w.planRow(id)
			if row.Status != view.PlanOpen || w.count(event.TypeApplyStarted) != 0 || !strings.HasPrefix(row.Reason, "1 of 2 approvals") {
				t.Errorf("%s: %s", row.Status, row.Reason)
			}
		})
	}
}

// Of many who run an approved plan, reject it and take it back at once, one gets it, and nothing is written unless a run was that.
func TestRunOrReject(t *testing.T) {
	for range 5 {
		w, e, id := waiting(t, 1)
		if _, err := e.Approve(t.Context(), id, netops("ben")); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		runs, rejected := 0, 0
		for i := range 8 {
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = e.Start(t.Context(), id, Beginning{Who: netops("cat")})
				} else {
					err = e.Reject(t.Context(), id, netops("dan"), "no")
				}
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && i%2 == 0:
					runs++
				case err == nil:
					rejected++
				case !errors.As(err, new(*approval.DeniedError)) && !errors.As(err, new(*approval.StaleError)):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		row := w.planRow(id)
		if runs+rejected != 1 || w.count(event.TypeApplyStarted) != runs || (row.Status == view.PlanRejected) != (rejected == 1) {
			t.Errorf("%d runs, %d rejections, %s", runs, rejected, row.Status)
		}
	}
}

func TestWhoMayWhat(t *testing.T) {
	w, e, id := waiting(t, 1)
	planner := policy.Who{Name: "pam", Role: policy.Planner, Groups: []string{"netops"}}
	glass := Beginning{Who: planner, BreakGlass: "now"}
	for name, err := range map[string]error{
		"a planner approves":     func() error { _, err := e.Approve(t.Context(), id, planner); return err }(),
		"a planner rejects":      e.Reject(t.Context(), id, planner, "no"),
		"a planner breaks glass": func() error { _, err := e.Start(t.Context(), id, glass); return err }(),
		"nobody has approved it": func() error { _, err := e.Start(t.Context(), id, byAnn("")); return err }(),
		"another group approves it": func() error {
			_, err := e.Approve(t.Context(), id, policy.Who{Name: "leo", Role: policy.Admin})
			return err
		}(),
	} {
		if !errors.As(err, new(*approval.DeniedError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.count(event.TypeApprovalGranted)+w.count(event.TypeApprovalDenied)+w.count(event.TypeApplyStarted) != 0 {
		t.Error("something came of it")
	}
	glass.Who = netops("ben")
	if _, err := e.Start(t.Context(), id, glass); err != nil || w.count(event.TypeApprovalOverridden) != 1 {
		t.Errorf("%v, %d", err, w.count(event.TypeApprovalOverridden))
	}
}
