package reconcile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
)

// What an expression looks at is kept with the run and told: secrets among it are digests, which change when they do.
func TestGatesSeeNoSecrets(t *testing.T) {
	const neighbor = "/network-instances/network-instance[name=red]/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=192.0.2.1]"
	parse := func(text string) path.Path {
		p, err := path.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	s := plan.NewSecrets([]byte("key"), []path.Path{parse("/system/config/motd")})
	see := func(value string) map[string]string {
		var leaves []profile.StateLeaf
		for _, at := range []string{neighbor + "/config/auth-password", neighbor + "/state/auth-password", "/system/config/motd", "/system/state/motd", "/system/state/hostname"} {
			leaves = append(leaves, profile.StateLeaf{Path: parse(at), Value: value})
		}
		hideSecrets(leaves, s)
		out := map[string]string{}
		for _, l := range leaves {
			out[l.Path.String()] = l.Value
		}
		return out
	}
	one, same, other := see("hunter2"), see("hunter2"), see("hunter3")
	for at, value := range one {
		if at == "/system/state/hostname" {
			if value != "hunter2" {
				t.Errorf("%s is no secret: %q", at, value)
			}
			continue
		}
		if strings.Contains(value, "hunter") || value == "" || value != same[at] || value == other[at] {
			t.Errorf("%s: %q, then %q, and %q for another", at, value, same[at], other[at])
		}
	}
	if len(one) != 5 {
		t.Errorf("the paths were changed: %v", one)
	}
}

// A gate on what the device refuses to show has seen nothing, and so lets nothing pass: nothing is sent.
func TestBlindGate(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": "/interfaces/interface[name=Ethernet1]/config/mtu = 9000"}, nil)
	w.mu.Lock()
	w.fabrics["g1"].Rollouts = []fabric.Rollout{{Name: "careful", Devices: []intent.DeviceName{"leaf1"}, Gates: []fabric.Gate{{BGP: true}}}}
	w.mu.Unlock()
	d := w.devices["leaf1"]
	d.blind = &fault{`device "leaf1": get: refused: /bgp: no such path`, "refused"}
	row := w.apply(New(w.options("a")))
	devices, err := w.store.RunDevices(t.Context(), row.ID)
	if err != nil || len(devices) != 1 {
		t.Fatal(devices, err)
	}
	var s run.State
	if err := json.Unmarshal(devices[0].State, &s); err != nil {
		t.Fatal(err)
	}
	if s.Outcome != run.Refused || !strings.Contains(s.Detail, "gates cannot be evaluated") || !strings.Contains(s.Detail, "/bgp") {
		t.Errorf("ended %s: %s", s.Outcome, s.Detail)
	}
	if d.is(func() bool { return d.sets > 0 }) {
		t.Error("it was changed")
	}
}
