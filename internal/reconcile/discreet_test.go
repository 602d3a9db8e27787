package reconcile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// TestDiscreet has a device quote what it was sent, first when it refuses the new value of a secret and then when it
// refuses to be given the old one back. Nothing but the intents says that the leaf is a secret.
func TestDiscreet(t *testing.T) {
	const old, wanted = "hunter1-before", "hunter2-after"
	secret, err := path.Parse(eth1 + "description")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, "leaf1")
	w.secrets = plan.NewSecrets([]byte("a key of the store that is secret"), []path.Path{secret})
	d := w.devices["leaf1"]
	d.change(t, eth1+"description", old)
	d.onSet = func(d *device, e tree.Edit) error {
		d.onSet = func(*device, tree.Edit) error { return &fault{fmt.Sprintf("will not have %q again", old), "refused"} }
		e.Updates = e.Updates[:1]
		if err := d.apply(e); err != nil {
			return err
		}
		return &fault{fmt.Sprintf("did half of {description: %q, was: %q}", wanted, old), "refused"}
	}
	w.intend("g1", map[intent.DeviceName]string{"leaf1": eth1 + "description = " + wanted + "\n" + eth1 + "mtu = 9214\n"}, nil)
	row := w.apply(New(w.options("a")))
	if row.Status != view.RunFailed || d.count() < 2 {
		t.Fatalf("%+v after %d Sets\n%s", row, d.count(), w.log())
	}
	devices, err := w.store.RunDevices(t.Context(), row.ID)
	if err != nil {
		t.Fatal(err)
	}
	told := w.log() + row.Reason
	for _, r := range devices {
		told += r.Detail + string(r.State)
	}
	if strings.Contains(told, old) || strings.Contains(told, wanted) {
		t.Errorf("a secret is told:\n%s", told)
	}
	var failed event.ApplyFailed
	w.await(event.TypeApplyFailed, "", &failed)
	if !strings.Contains(failed.Error, `did half of {description: "(secret)", was: "(secret)"}`) {
		t.Errorf("the device's words are gone: %s", failed.Error)
	}
}
