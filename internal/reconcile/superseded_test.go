package reconcile

import (
	"testing"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// TestSupersededComesBack has a leaf that new intent is about drift and come back: what waits for approval fits the device
// as it is, each time.
func TestSupersededComesBack(t *testing.T) {
	w, d := inSync(t, nil)
	e := New(w.options("a"))
	w.intend("g2", map[intent.DeviceName]string{"leaf1": wantEth2 + eth1 + "description = new\n"}, nil)
	waiting := func() string {
		if err := e.planIntent(t.Context()); err != nil {
			t.Fatal(err)
		}
		open, err := w.store.Plans(t.Context(), view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}})
		if err != nil || len(open) != 1 {
			t.Fatalf("%v: %+v\n%s", err, open, w.log())
		}
		return open[0].Content
	}
	before := waiting()
	d.change(t, eth1+"description", "hello")
	if waiting() == before {
		t.Fatal("the drift makes no difference to the plan")
	}
	d.change(t, eth1+"description", "to spine1")
	if waiting() != before {
		t.Error("the device is as before, and the plan is not")
	}
}
