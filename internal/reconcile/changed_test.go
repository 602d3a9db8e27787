package reconcile

import (
	"testing"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/view"
)

// TestChangedDevice has drift on a device that is not what it was when it was last in order: somebody has to look once.
func TestChangedDevice(t *testing.T) {
	w, d := inSync(t, drifts(fabric.DriftEnforce))
	e, _ := w.serve(w.options("a"))
	w.do(func(tx event.Tx) error {
		return w.store.UpdateDevice(tx, "leaf1", func(r *view.Device) { r.Known.Serial = "leaf0" })
	})
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e1", described)
	var held event.Drift
	if w.await(event.TypeDriftHeld, "e1", &held); d.has(eth1+"description") != "hello" {
		t.Fatalf("put back without asking: %+v", held)
	}
	if want := "it is another device: serial number leaf1, it was leaf0: what it lost is put back after approval"; held.Reason != want {
		t.Errorf("%q, want %q", held.Reason, want)
	}
	ep, err := w.store.Episode(t.Context(), "e1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Approve(t.Context(), plan.ID(ep.Plan), ann); err != nil {
		t.Fatal(err)
	}
	w.await(event.TypeApplyCompleted, "e1", &event.ApplyCompleted{})
	w.remediated("e1")
	d.change(t, eth1+"description", "hello")
	w.drift("leaf1", "e2", described)
	if w.await(event.TypeApplyCompleted, "e2", &event.ApplyCompleted{}); d.has(eth1+"description") != "to spine1" {
		t.Error("it is known by now, and was not put back")
	}
}
