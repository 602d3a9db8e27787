package plane

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// withEOS is the fabric of lab with leaf1 as an EOS: the same OpenConfig but for where EOS differs, and lines.
func withEOS(t *testing.T, commands string) *net {
	t.Helper()
	n := lab(t)
	text := string(n.in.Devices["leaf1"].MarshalConfig())
	text = strings.Replace(text, `"use-multiple-paths":{"config":{"enabled":true}}`, `"use-multiple-paths":{"ebgp":{"config":{"maximum-paths":4}}}`, 1)
	n.loadAs(conf.EOS, "leaf1", text)
	n.enter("leaf1", commands)
	return n
}

func (n *net) enter(device, commands string) {
	n.t.Helper()
	e := n.in.Devices[device].Edit()
	if err := e.Run(commands); err != nil {
		n.t.Fatal(err)
	}
	n.in.Devices[device] = e.Tree()
}

func TestEOSAmongOpenConfig(t *testing.T) {
	r := Compute(withEOS(t, "").in)
	for _, device := range []string{"spine1", "spine2", "leaf1", "leaf2"} {
		if got := down(r, device); len(got) > 0 {
			t.Errorf("%s: sessions down: %v", device, got)
		}
	}
	if diff := cmp.Diff([]string{"10.0.1.2", "10.0.2.2"}, reach(r, "leaf1", "10.1.1.2")); diff != "" {
		t.Errorf("leaf1 to the VTEP of leaf2: %s", diff)
	}
}

// Without policies EOS takes and tells everything, where OpenConfig takes and tells nothing.
func TestEOSWithoutPolicies(t *testing.T) {
	policies := inBGP("peer-groups", "peer-group[peer-group-name=underlay]", "afi-safis", "afi-safi[afi-safi-name=IPV4_UNICAST]", "apply-policy")
	n := withEOS(t, "")
	n.set("leaf1", "", policies...)
	r := Compute(n.in)
	if got := reach(r, "leaf1", "10.1.1.2"); len(got) != 2 {
		t.Errorf("leaf1 to the VTEP of leaf2: %v", got)
	}
	if got := reach(r, "leaf2", "10.1.1.1"); len(got) != 2 {
		t.Errorf("leaf2 to the VTEP of leaf1: %v", got)
	}
}

// What a line brings into BGP counts like a table connection, in the process that there is.
func TestEOSRedistributesByLine(t *testing.T) {
	for name, tc := range map[string]struct {
		commands string
		want     int // next hops of leaf2 to leaf1's VTEP
	}{
		"nothing":       {"", 0},
		"all":           {"router bgp 65201\nredistribute connected", 2},
		"by a policy":   {"router bgp 65201\nredistribute connected route-map loopbacks", 2},
		"by none":       {"router bgp 65201\nredistribute connected route-map absent", 0},
		"other routes":  {"router bgp 65201\nredistribute static", 0},
		"other process": {"router bgp 65999\nredistribute connected", 0},
		"other VRF":     {"router bgp 65201\nvrf red\nredistribute connected", 0},
		"not any more":  {"router bgp 65201\nredistribute connected\nno redistribute connected", 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := withEOS(t, tc.commands)
			n.set("leaf1", "", names("network-instances", "network-instance[name=default]", "table-connections")...)
			if got := reach(Compute(n.in), "leaf2", "10.1.1.1"); len(got) != tc.want {
				t.Errorf("%v, want %d next hops", got, tc.want)
			}
		})
	}
}

// Addresses that devices share are connected routes as others are.
func TestEOSVirtualAddresses(t *testing.T) {
	n := withEOS(t, "interface Vlan40\nipv6 address virtual 2001:db8:40::1/64")
	n.set("leaf1", `{"name":"Vlan40","config":{"name":"Vlan40","type":"iana-if-type:l3ipvlan"},"routed-vlan":{"config":{"vlan":40}},
		"arista-varp":{"virtual-address":{"config":{"ip":"10.40.0.1","prefix-length":24}},
		"secondary-virtual-addresses":{"address":[{"ip":"10.41.0.1","config":{"ip":"10.41.0.1","prefix-length":24}}]}}}`, ports("Vlan40")...)
	have := map[netip.Prefix]bool{}
	for _, r := range Compute(n.in).Routes["leaf1"] {
		have[r.Prefix] = true
	}
	for _, want := range []string{"10.40.0.0/24", "10.41.0.0/24", "2001:db8:40::/64"} {
		if !have[netip.MustParsePrefix(want)] {
			t.Errorf("no route to %s in %v", want, have)
		}
	}
}

// A device of one dialect talks to its like, and the result is the same from both ends.
func TestSessionsHaveTwoEnds(t *testing.T) {
	for name, n := range map[string]*net{"openconfig": lab(t), "srlinux": mixed(t), "eos": withEOS(t, "")} {
		r := Compute(n.in)
		ends := func(device string) (out []string) {
			for _, s := range r.Sessions[device] {
				out = append(out, fmt.Sprint(s.Peer, s.Established, s.Families))
			}
			slices.Sort(out)
			return out
		}
		var back []string
		for _, device := range []string{"spine1", "spine2", "leaf2"} {
			for _, s := range r.Sessions[device] {
				if s.Peer == "leaf1" {
					back = append(back, fmt.Sprint(device, s.Established, s.Families))
				}
			}
		}
		slices.Sort(back)
		if diff := cmp.Diff(ends("leaf1"), back); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
