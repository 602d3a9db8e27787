package plane

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// heardBy are the neighbours in the state of a device, as its dialect shows them.
func heardBy(r Result, device string) []string {
	var out []string
	for _, l := range r.State[device] {
		if p := l.Path.String(); strings.Contains(p, "lldp") && strings.HasSuffix(p, "/system-name") {
			for _, s := range l.Path {
				if s.Name == "interface" {
					out = append(out, s.Key("name")+" "+l.Value.Text)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestNeighbours: a device hears whoever is at the other end of a cable that is up, where both ends take part, across dialects.
func TestNeighbours(t *testing.T) {
	n := mixed(t)
	n.loadAs(conf.SRLinux, "leaf1", strings.TrimSuffix(srLinuxLeaf1, "}")+`,"srl_nokia-system:system":{
"srl_nokia-system-name:name":{"host-name":"tor1"},
"srl_nokia-lldp:lldp":{"admin-state":"enable","interface":[{"name":"ethernet-1/49","admin-state":"enable"}]}}}`)
	for _, spine := range []string{"spine1", "spine2"} {
		n.set(spine, `{"config":{"enabled":true},"interfaces":{"interface":[{"name":"Ethernet1","config":{"name":"Ethernet1","enabled":true}}]}}`, names("lldp")...)
	}
	check := func(what string, want map[string][]string) {
		t.Helper()
		r := Compute(n.in)
		for device, heard := range want {
			if diff := cmp.Diff(heard, heardBy(r, device)); diff != "" {
				t.Errorf("%s: %s: %s", what, device, diff)
			}
		}
	}
	check("as configured", map[string][]string{"leaf1": {"ethernet-1/49 spine1"}, "spine1": {"Ethernet1 tor1"}, "spine2": nil, "leaf2": nil})
	n.in.Deaf = map[string]bool{"leaf1": true}
	check("deaf", map[string][]string{"leaf1": nil, "spine1": {"Ethernet1 tor1"}})
	n.in.Deaf = nil
	n.set("spine1", `false`, names("lldp", "config", "enabled")...)
	check("one end is off", map[string][]string{"leaf1": nil, "spine1": nil})
	n.set("spine1", `true`, names("lldp", "config", "enabled")...)
	for i := range n.in.Links {
		n.in.Links[i].Pulled = true
	}
	check("no cable", map[string][]string{"leaf1": nil, "spine1": nil})
}

// TestMute: a device whose BGP is broken has no session, and so its neighbors have none with it.
func TestMute(t *testing.T) {
	n := lab(t)
	n.in.Mute = map[string]bool{"leaf1": true}
	r := Compute(n.in)
	for device, want := range map[string]int{"leaf1": 0, "spine1": 2, "leaf2": 4} {
		up := 0
		for _, s := range r.Sessions[device] {
			if s.Established {
				up++
			}
		}
		if up != want {
			t.Errorf("%s: %d sessions, want %d: %v", device, up, want, r.Sessions[device])
		}
	}
}
