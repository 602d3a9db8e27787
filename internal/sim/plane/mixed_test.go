package plane

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// mixed is the fabric of lab with leaf1 as an SR Linux.
func mixed(t *testing.T) *net {
	n := lab(t)
	n.loadAs(conf.SRLinux, "leaf1", srLinuxLeaf1)
	for i, l := range n.in.Links {
		if l.B.Device == "leaf1" {
			n.in.Links[i].B.Interface = "ethernet-1/" + strings.TrimPrefix(l.B.Interface, "Ethernet")
		}
	}
	return n
}

var srLinuxLeaf1 = func() string {
	port := func(name, prefix string) string {
		return fmt.Sprintf(`{"name":%q,"admin-state":"enable","subinterface":[{"index":0,"admin-state":"enable","ipv4":{"admin-state":"enable","address":[{"ip-prefix":%q}]}}]}`, name, prefix)
	}
	peer := func(addr, group, more string) string {
		return fmt.Sprintf(`{"peer-address":%q,"peer-group":%q%s}`, addr, group, more)
	}
	return `{"srl_nokia-interfaces:interface":[` + strings.Join([]string{
		port("ethernet-1/49", "10.0.1.3/31"), port("ethernet-1/50", "10.0.2.3/31"), port("lo0", "10.1.0.11/32"), port("system0", "10.1.1.1/32"),
	}, ",") + `],
"srl_nokia-routing-policy:routing-policy":{
 "prefix-set":[{"name":"loopbacks","prefix":[{"ip-prefix":"10.1.0.0/23","mask-length-range":"32..32"}]}],
 "policy":[{"name":"loopbacks","default-action":{"policy-result":"reject"},"statement":[
  {"name":"10","match":{"prefix":{"prefix-set":"loopbacks"}},"action":{"policy-result":"accept"}}]}]},
"srl_nokia-network-instance:network-instance":[{"name":"default","type":"srl_nokia-network-instance:default",
 "interface":[{"name":"ethernet-1/49.0"},{"name":"ethernet-1/50.0"},{"name":"lo0.0"},{"name":"system0.0"}],
 "protocols":{"srl_nokia-bgp:bgp":{"autonomous-system":65201,"router-id":"10.1.0.11",
  "afi-safi":[{"afi-safi-name":"srl_nokia-common:ipv4-unicast","admin-state":"enable","multipath":{"ebgp":{"maximum-paths":4}}},
   {"afi-safi-name":"srl_nokia-common:evpn","admin-state":"enable"}],
  "group":[
   {"group-name":"underlay","peer-as":65100,"afi-safi":[{"afi-safi-name":"srl_nokia-common:ipv4-unicast","admin-state":"enable","import-policy":["loopbacks"],"export-policy":["loopbacks"]},
    {"afi-safi-name":"srl_nokia-common:evpn","admin-state":"disable"}]},
   {"group-name":"overlay","peer-as":65000,"local-as":{"as-number":65000,"prepend-global-as":false},"transport":{"local-address":"10.1.0.11"},"afi-safi":[
    {"afi-safi-name":"srl_nokia-common:evpn","admin-state":"enable"},{"afi-safi-name":"srl_nokia-common:ipv4-unicast","admin-state":"disable"}]}],
  "neighbor":[` + strings.Join([]string{
		peer("10.0.1.2", "underlay", ""), peer("10.0.2.2", "underlay", ""), peer("10.1.0.1", "overlay", ""), peer("10.1.0.2", "overlay", ""),
	}, ",") + `]}}}]}`
}()

func TestMixedFabricComesUp(t *testing.T) {
	r := Compute(mixed(t).in)
	for _, device := range []string{"spine1", "spine2", "leaf1", "leaf2"} {
		if got := down(r, device); len(got) > 0 || len(r.Sessions[device]) == 0 {
			t.Errorf("%s: sessions down: %v", device, got)
		}
	}
	for device, vtep := range map[string]string{"leaf1": "10.1.1.2", "leaf2": "10.1.1.1"} {
		if got := reach(r, device, vtep); len(got) != 2 {
			t.Errorf("%s to %s: %v, want two next hops", device, vtep, got)
		}
	}
	shown := map[string]string{}
	for _, leaf := range r.State["leaf1"] {
		shown[leaf.Path.String()] = leaf.Value.Text
	}
	for path, want := range map[string]string{
		"/interface[name=ethernet-1/49]/oper-state":                                                                                                                                                   "up",
		"/interface[name=ethernet-1/49]/subinterface[index=0]/oper-state":                                                                                                                             "up",
		"/network-instance[name=default]/protocols/bgp/neighbor[peer-address=10.0.1.2]/session-state":                                                                                                 "established",
		"/network-instance[name=default]/protocols/bgp/neighbor[peer-address=10.1.0.1]/session-state":                                                                                                 "established",
		"/network-instance[name=default]/protocols/bgp/neighbor[peer-address=10.1.0.1]/afi-safi[afi-safi-name=srl_nokia-common:evpn]/oper-state":                                                      "up",
		"/network-instance[name=default]/route-table/ipv4-unicast/route[id=0][ipv4-prefix=10.1.1.2/32][origin-network-instance=default][route-owner=bgp_mgr][route-type=srl_nokia-common:bgp]/active": "true",
	} {
		if shown[path] != want {
			t.Errorf("%s: %q, want %q", path, shown[path], want)
		}
	}
	schema, err := conf.SRLinux()
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range r.State["leaf1"] { // the model must have what is shown
		if !schema.Known(leaf.Path) {
			t.Errorf("SR Linux has no %s", leaf.Path)
		}
	}
}

func TestWhatBreaksWhatOnSRLinux(t *testing.T) {
	bgp := func(more ...string) conf.Path {
		return names(append([]string{"network-instance[name=default]", "protocols", "bgp"}, more...)...)
	}
	uplink := entry("interface", "name", "ethernet-1/49")
	spine1 := []string{"10.0.1.2", "10.1.0.1"}
	for name, tc := range map[string]struct {
		change func(*net)
		down   []string // sessions of leaf1, sorted
		vtep   []string // leaf1's next hops to leaf2's VTEP
	}{
		"uplink shut": {func(n *net) { n.set("leaf1", `"disable"`, uplink, conf.Step{Name: "admin-state"}) }, spine1, []string{"10.0.2.2"}},
		"addresses off": {
			func(n *net) {
				n.set("leaf1", `"disable"`, append(conf.Path{uplink}, names("subinterface[index=0]", "ipv4", "admin-state")...)...)
			},
			spine1,
			[]string{"10.0.2.2"},
		},
		"subinterface in no instance": {
			func(n *net) {
				n.set("leaf1", "", names("network-instance[name=default]")[0], entry("interface", "name", "ethernet-1/49.0"))
			},
			spine1,
			[]string{"10.0.2.2"},
		},
		"wrong AS":  {func(n *net) { n.set("leaf1", `65999`, bgp("neighbor[peer-address=10.0.1.2]", "peer-as")...) }, spine1, []string{"10.0.2.2"}},
		"group off": {func(n *net) { n.set("leaf1", `"disable"`, bgp("group[group-name=overlay]", "admin-state")...) }, []string{"10.1.0.1", "10.1.0.2"}, []string{"10.0.1.2", "10.0.2.2"}},
		"BGP off":   {func(n *net) { n.set("leaf1", `"disable"`, bgp("admin-state")...) }, nil, []string{}},
		"VLAN tag": {func(n *net) {
			n.set("leaf1", `7`, append(conf.Path{uplink}, names("subinterface[index=0]", "vlan", "encap", "single-tagged", "vlan-id")...)...)
		}, spine1, []string{"10.0.2.2"}},
		"password": {func(n *net) {
			n.set("leaf1", `"x"`, bgp("neighbor[peer-address=10.0.1.2]", "authentication", "password")...)
		}, spine1, []string{"10.0.2.2"}},
		"nothing taken": {func(n *net) {
			n.set("leaf1", "", bgp("group[group-name=underlay]", "afi-safi[afi-safi-name=ipv4-unicast]", "import-policy")...)
		}, []string{"10.1.0.1", "10.1.0.2"}, []string{}},
		"all taken": {func(n *net) {
			n.set("leaf1", "", bgp("group[group-name=underlay]", "afi-safi[afi-safi-name=ipv4-unicast]", "import-policy")...)
			n.set("leaf1", `false`, bgp("ebgp-default-policy", "import-reject-all")...)
		}, []string{}, []string{"10.0.1.2", "10.0.2.2"}},
		"no family in common": {func(n *net) { n.set("leaf1", `"disable"`, bgp("afi-safi[afi-safi-name=evpn]", "admin-state")...) }, []string{"10.1.0.1", "10.1.0.2"}, []string{"10.0.1.2", "10.0.2.2"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := mixed(t)
			tc.change(n)
			r := Compute(n.in)
			got := down(r, "leaf1")
			slices.Sort(got)
			if diff := cmp.Diff(slices.Concat(tc.down, []string{}), slices.Concat(got, []string{})); diff != "" {
				t.Errorf("sessions down at leaf1: %s", diff)
			}
			if diff := cmp.Diff(tc.vtep, reach(r, "leaf1", "10.1.1.2")); diff != "" {
				t.Errorf("next hops to the VTEP of leaf2: %s", diff)
			}
		})
	}
	n := mixed(t) // and what leaf1 announces
	n.set("leaf1", "", bgp("group[group-name=underlay]", "afi-safi[afi-safi-name=ipv4-unicast]", "export-policy")...)
	if got := reach(Compute(n.in), "leaf2", "10.1.1.1"); len(got) > 0 {
		t.Errorf("leaf2 still learns leaf1's VTEP: %v", got)
	}
}
