package reconcile

import (
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
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
