package monitor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

const session = "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=10.0.0.1]/config/auth-password"

// TestSecretShownEncrypted has a run write a password that the device shows as another text. The run is no drift, before
// it is read back and after; what somebody else makes of the password is.
func TestSecretShownEncrypted(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.intend(map[string]string{desc1: "a", desc2: "b", session: "geheim"})
		w.mu.Lock()
		w.target.Secrets = w.target.Secrets.Disguised(roots, profile.Secrets{Types: []string{"routing-password"}, Shown: `^\$\w+\$\w+\$`})
		secrets := w.target.Secrets
		w.mu.Unlock()
		pass(10 * time.Second)
		w.is(view.Pending, view.Healthy)
		_ = w.events()

		// The run records what it writes, and the device tells at once what became of it.
		at, written := at(t, session), secrets.Digest(at(t, session), leaf(t, session, "geheim").Value)
		w.do(func(tx event.Tx) error {
			return w.store.UpdateDevice(tx, leaf1, func(d *view.Device) { d.Run, d.WriteSet = "r1", []view.Write{{Path: at, After: written}} })
		})
		w.device.change(map[string]string{session: "$aes1$x$one"})
		pass(10 * time.Second)
		w.expect()
		w.do(func(tx event.Tx) error {
			shown := plan.NewSecrets([]byte("a key of the store"), nil).Digest(at, leaf(t, session, "$aes1$x$one").Value)
			if err := w.store.MarkApplied(tx, leaf1, []tree.Leaf{{Path: at, Value: written}}); err != nil {
				return err
			}
			if err := w.store.MarkShown(tx, leaf1, []tree.Leaf{{Path: at, Value: shown}}); err != nil {
				return err
			}
			return w.store.UpdateDevice(tx, leaf1, func(d *view.Device) { d.Run, d.WriteSet = "", nil })
		})
		pass(2 * time.Minute) // an audit is among it
		w.expect()
		w.is(view.InSync, view.Healthy)

		for _, v := range []string{"$aes1$y$two", "in-the-clear"} {
			w.device.change(map[string]string{session: v})
			pass(10 * time.Second)
			told := strings.Join(w.events(), "\n")
			if !strings.Contains(told, "changed "+session+" (secret ") || strings.Contains(told, v) || strings.Contains(told, "geheim") {
				t.Errorf("after %q: %s", v, told)
			}
		}
		w.device.change(map[string]string{session: "$aes1$x$one"})
		pass(10 * time.Second)
		w.is(view.InSync, view.Healthy)
	})
}
