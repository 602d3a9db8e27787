package approval

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is a desk with one plan, p1, that ann made by hand.
type world struct {
	t        *testing.T
	store    *store.Store
	desk     *Desk
	fabric   *fabric.Fabric
	tally    vote.Tally
	now      time.Time
	rejected int
}

func netops(name string) policy.Who {
	return policy.Who{Name: name, Role: policy.Approver, Groups: []string{"netops"}, Via: policy.ViaToken}
}

// netopsOf asks for n approvals of netops.
func netopsOf(n int) fabric.Approval {
	return fabric.Approval{Name: "prod", Decision: intent.DecideApprove, Approvals: n, Groups: []string{"netops"}, Devices: []intent.DeviceName{"leaf1"}}
}

func newWorld(t *testing.T, by fabric.Approval) *world {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Alone: true, Fabric: "dc1", Worker: "test", Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, store: s, now: time.Now().UTC().Truncate(time.Second)}
	w.fabric = &fabric.Fabric{Name: "dc1", Devices: []*fabric.Device{{Name: "leaf1", Role: "leaf"}}, Approvals: []fabric.Approval{by}}
	w.desk = New(Options{
		Store: s, Intents: w, Validators: w, Now: func() time.Time { return w.now }, Told: func(view.Plan) event.ID { return "told" },
		Rejected: func(context.Context, event.Tx, view.Plan) error { w.rejected++; return nil },
	})
	p := plan.New(plan.Cause{Trigger: plan.ByManual}, plan.Origin{Generation: "g1"}, []plan.DevicePlan{
		{Device: "leaf1", Changes: []plan.Change{{Path: "/system/config/hostname", After: "x", Action: plan.Add}}},
	})
	body, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	err = s.Do(t.Context(), func(tx event.Tx) error {
		if err := s.SaveGeneration(tx, view.Generation{ID: "g1", Fabric: "dc1", Created: w.now}); err != nil {
			return err
		}
		return s.SetCurrentGeneration(tx, "g1")
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.desk.Register(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = s.Do(t.Context(), func(tx event.Tx) error {
		_, err := s.SavePlan(tx, view.Plan{
			ID: "p1", Content: p.Content, Status: view.PlanOpen, Cause: string(plan.ByManual), Episode: "e1", Generation: "g1", Correlation: "p1",
			Created: w.now, Expires: w.now.Add(24 * time.Hour), Devices: p.Busy(), Body: body, Requester: "ann", Needs: policy.Needs(r.Demands(p, "ann")),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Fabric is the desk's intents.
func (w *world) Fabric(context.Context, string) (*fabric.Fabric, error) { return w.fabric, nil }

// Vote is the desk's validators.
func (w *world) Vote(context.Context, plan.Plan, vote.Asking) (vote.Tally, error) {
	return w.tally, nil
}

func (w *world) plan() view.Plan {
	w.t.Helper()
	row, err := w.store.Plan(w.t.Context(), "p1")
	if err != nil {
		w.t.Fatal(err)
	}
	return row
}

// count returns how many events of the type there are.
func (w *world) count(t event.Type) int {
	w.t.Helper()
	list, err := w.store.Events(w.t.Context(), event.Query{Types: []event.Type{t}, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(list)
}
