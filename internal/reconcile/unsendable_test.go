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
