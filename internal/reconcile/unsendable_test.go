package reconcile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
)

// A neverSent is the error of a Set that the session refuses to send, now and the next time.
type neverSent struct{ fault }

func (neverSent) Permanent() bool { return true }

// TestUnsendable: a Set that is too large is no device that is away, and is not to be tried when it is back.
func TestUnsendable(t *testing.T) {
	w := newWorld(t, "leaf1")
	const mtu = "/interfaces/interface[name=Ethernet1]/config/mtu"
	w.intend("g1", map[intent.DeviceName]string{"leaf1": mtu + " = 9000"}, nil)
	w.devices["leaf1"].onSet = func(*device, tree.Edit) error { return &neverSent{fault{"5 MB and the limit is 4", "unsent"}} }
	row := w.apply(New(w.options("a")))
	devices, err := w.store.RunDevices(t.Context(), row.ID)
	if err != nil || len(devices) != 1 {
		t.Fatal(devices, err)
	}
	var s run.State
	if err := json.Unmarshal(devices[0].State, &s); err != nil {
		t.Fatal(err)
	}
	if s.Outcome != run.Refused || !strings.Contains(s.Detail, "limit is 4") {
		t.Errorf("ended %s: %s", s.Outcome, s.Detail)
	}
	d, err := w.store.Device(t.Context(), "leaf1")
	if err != nil || d.Run != "" || len(d.WriteSet) > 0 {
		t.Errorf("still in flight: %+v, %v", d, err)
	}
}

// TestTooLarge: what does not fit the device is refused when it is planned, and stops nobody else; what goes in phases
// says so in the plan.
func TestTooLarge(t *testing.T) {
	w := newWorld(t, "leaf1", "leaf2", "leaf3")
	const mtu = "/interfaces/interface[name=Ethernet1]/config/mtu = 9000"
	w.intend("g1", map[intent.DeviceName]string{"leaf1": mtu, "leaf2": mtu, "leaf3": mtu}, nil)
	w.devices["leaf1"].phases = func(tree.Edit) (int, error) { return 0, &neverSent{fault{"5 MB and the limit is 4", "unsent"}} }
	w.devices["leaf2"].phases = func(tree.Edit) (int, error) { return 3, nil }
	planned, err := New(w.options("a")).Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	refused, _ := planned.Plan.Device("leaf1")
	if refused.Refused != "5 MB and the limit is 4" || len(refused.Changes) > 0 || !planned.Results["leaf1"].Edit.Empty() {
		t.Errorf("leaf1: %+v", refused)
	}
	text := planned.Plan.Text()
	for _, want := range []string{
		"1 device refused", "leaf1  refused, nothing of it is planned: 5 MB and the limit is 4\n",
		"leaf2  +1 ~0 -0  in 3 phases, which is not all or nothing", "leaf3  +1 ~0 -0\n", "Plan: 2 to add, 0 to change, 0 to delete on 2 devices.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if md := planned.Plan.Markdown(); !strings.Contains(md, "**leaf1** refused") || !strings.Contains(md, "**leaf2** is sent in 3 phases") {
		t.Error(md)
	}
}

// TestRefusedIsTold: whoever follows a run reads why a Set did not go through when it is known, not only when the run has ended.
func TestRefusedIsTold(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": "/interfaces/interface[name=Ethernet1]/config/mtu = 9000"}, nil)
	w.devices["leaf1"].onSet = func(*device, tree.Edit) error { return &fault{"no such leaf", "refused"} }
	w.apply(New(w.options("a")))
	for line := range strings.Lines(w.log()) {
		if strings.Contains(line, `"step":"set","outcome":"verify"`) {
			if !strings.Contains(line, `"detail":"no such leaf"`) {
				t.Error(line)
			}
			return
		}
	}
	t.Errorf("nothing of the Set is told:\n%s", w.log())
}
