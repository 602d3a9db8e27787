package approval

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/view"
)

// Many people, each of them twice and the requester among them, approve at once: as many count as are needed, each once.
func TestManyApproveAtOnce(t *testing.T) {
	w := newWorld(t, netopsOf(3))
	var wg sync.WaitGroup
	var mu sync.Mutex
	last, denied := 0, 0
	for i := range 20 {
		who := netops(fmt.Sprint("p", i/2))
		if i >= 18 {
			who = netops("ann") // who made the plan
		}
		wg.Go(func() {
			got, err := w.desk.Approve(t.Context(), "p1", who)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.As(err, new(*DeniedError)):
				denied++
			case err != nil:
				t.Error(err)
			case got.Missing == "":
				last++
			}
		})
	}
	wg.Wait()
	row := w.plan()
	if last != 1 || row.Status != view.PlanApproved || len(row.Given) != 3 || w.count(event.TypeApprovalGranted) != 3 {
		t.Errorf("%d last approvals, %d denied, %s, %+v", last, denied, row.Status, row.Given)
	}
	for _, g := range row.Given {
		if g.Name == "ann" {
			t.Error("the requester's approval counts")
		}
	}
}

// Others are told once, and then their approval counts.
func TestEscalation(t *testing.T) {
	by := netopsOf(1)
	by.EscalateAfter, by.EscalateTo = time.Minute, []string{"leads"}
	w := newWorld(t, by)
	leo := policy.Who{Name: "leo", Role: policy.Approver, Groups: []string{"leads"}}
	if err := w.desk.Escalate(t.Context(), "p1"); err != nil || w.count(event.TypeApprovalEscalated) != 0 {
		t.Fatal("too early", err)
	}
	if at := EscalateAt(w.plan()); !at.Equal(w.now.Add(time.Minute)) {
		t.Errorf("to be told at %s", at)
	}
	if _, err := w.desk.Approve(t.Context(), "p1", leo); !errors.As(err, new(*DeniedError)) {
		t.Fatal(err)
	}
	w.now = w.now.Add(2 * time.Minute)
	for range 2 {
		if err := w.desk.Escalate(t.Context(), "p1"); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count(event.TypeApprovalEscalated); n != 1 || !EscalateAt(w.plan()).IsZero() {
		t.Errorf("told %d times", n)
	}
	if got, err := w.desk.Approve(t.Context(), "p1", leo); err != nil || got.Missing != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

// A plan that nobody looked at in time expires, once, and cannot be approved any more, even before that was noted.
func TestExpire(t *testing.T) {
	w := newWorld(t, netopsOf(1))
	w.now = w.now.Add(25 * time.Hour)
	if _, err := w.desk.Approve(t.Context(), "p1", netops("ben")); !errors.As(err, new(*StaleError)) {
		t.Error(err)
	}
	for range 2 {
		if err := w.desk.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if row := w.plan(); row.Status != view.PlanExpired || row.Reason != OutOfTime || w.count(event.TypePlanExpired) != 1 {
		t.Errorf("%s: %s", row.Status, row.Reason)
	}
}

// A plan is withdrawn only when nothing of it is left to be done, and whoever rejects one says so to others too.
func TestWithdrawAndReject(t *testing.T) {
	w := newWorld(t, netopsOf(1))
	if err := w.desk.Withdraw(t.Context(), plan.ByManual, nil, "gone"); err != nil || w.plan().Status != view.PlanOpen {
		t.Error(err)
	}
	if err := w.desk.Reject(t.Context(), "p1", policy.Who{Name: "ann", Role: policy.Viewer}, "no"); !errors.As(err, new(*DeniedError)) {
		t.Error(err)
	}
	if err := w.desk.Reject(t.Context(), "p1", netops("ben"), "no"); err != nil {
		t.Fatal(err)
	}
	if row := w.plan(); row.Status != view.PlanRejected || row.Reason != "no" || w.rejected != 1 {
		t.Errorf("%s: %s, %d", row.Status, row.Reason, w.rejected)
	}
	if _, err := w.desk.Approve(t.Context(), "p1", netops("ben")); !errors.As(err, new(*DeniedError)) {
		t.Error(err)
	}
}

// What validators are against is not approved, and waits with what they said.
func TestJudge(t *testing.T) {
	for _, stale := range []bool{false, true} {
		w := newWorld(t, netopsOf(1))
		w.tally = vote.Tally{Denied: "device: it is away", Stale: stale, Votes: []event.Vote{{Validator: "device", Verdict: event.VoteNo}}}
		_, err := w.desk.Approve(t.Context(), "p1", netops("ben"))
		if errors.As(err, new(*StaleError)) != stale || errors.As(err, new(*DeniedError)) == stale {
			t.Error(err)
		}
		row := w.plan()
		if row.Status != view.PlanOpen || row.Reason != "not approved: device: it is away" || len(row.Votes) != 1 || w.count(event.TypeApprovalDenied) != 1 {
			t.Errorf("%+v", row)
		}
	}
}
