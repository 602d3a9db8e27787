package plane

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// A net is a leaf-spine fabric of two spines and two leaves: eBGP on the links, iBGP EVPN between the
// loopbacks with the spines as reflectors.
type net struct {
	t  *testing.T
	in Input
}

func lab(t *testing.T) *net {
	n := &net{t: t, in: Input{Devices: map[string]*conf.Tree{}}}
	for s := 1; s <= 2; s++ {
		n.load(fmt.Sprintf("spine%d", s), n.device(fmt.Sprintf("10.1.0.%d", s), 65100, func(b *builder) {
			for l := 1; l <= 2; l++ {
				b.link(fmt.Sprintf("Ethernet%d", l), fmt.Sprintf("10.0.%d.%d", s, 2*l), fmt.Sprintf("10.0.%d.%d", s, 2*l+1), 65200+l)
				b.overlay(fmt.Sprintf("10.1.0.%d", 10+l), true)
			}
		}))
	}
	for l := 1; l <= 2; l++ {
		n.load(fmt.Sprintf("leaf%d", l), n.device(fmt.Sprintf("10.1.0.%d", 10+l), 65200+l, func(b *builder) {
			b.loopback("Loopback1", fmt.Sprintf("10.1.1.%d", l))
			for s := 1; s <= 2; s++ {
				b.link(fmt.Sprintf("Ethernet%d", 48+s), fmt.Sprintf("10.0.%d.%d", s, 2*l+1), fmt.Sprintf("10.0.%d.%d", s, 2*l), 65100)
				b.overlay(fmt.Sprintf("10.1.0.%d", s), false)
			}
		}))
		for s := 1; s <= 2; s++ {
			n.in.Links = append(n.in.Links, Link{
				A: Port{Device: fmt.Sprintf("spine%d", s), Interface: fmt.Sprintf("Ethernet%d", l)},
				B: Port{Device: fmt.Sprintf("leaf%d", l), Interface: fmt.Sprintf("Ethernet%d", 48+s)},
			})
		}
	}
	return n
}

type builder struct{ interfaces, neighbors []string }

func (b *builder) loopback(name, addr string) {
	b.interfaces = append(b.interfaces, fmt.Sprintf(`{"name":%[1]q,"config":{"name":%[1]q,"type":"iana-if-type:softwareLoopback"},
		"subinterfaces":{"subinterface":[{"index":0,"config":{"index":0},"openconfig-if-ip:ipv4":{"addresses":{"address":[
		{"ip":%[2]q,"config":{"ip":%[2]q,"prefix-length":32}}]}}}]}}`, name, addr))
}

func (b *builder) link(port, addr, peer string, as int) {
	b.interfaces = append(b.interfaces, fmt.Sprintf(`{"name":%[1]q,"config":{"name":%[1]q,"type":"iana-if-type:ethernetCsmacd","enabled":true},
		"subinterfaces":{"subinterface":[{"index":0,"config":{"index":0},"openconfig-if-ip:ipv4":{"addresses":{"address":[
		{"ip":%[2]q,"config":{"ip":%[2]q,"prefix-length":31}}]}}}]}}`, port, addr))
	b.neighbors = append(b.neighbors, fmt.Sprintf(`{"neighbor-address":%[1]q,"config":{"neighbor-address":%[1]q,"peer-as":%[2]d,"peer-group":"underlay"}}`, peer, as))
}

func (b *builder) overlay(peer string, client bool) {
	b.neighbors = append(b.neighbors, fmt.Sprintf(`{"neighbor-address":%[1]q,"config":{"neighbor-address":%[1]q,"peer-group":"overlay"},
		"route-reflector":{"config":{"route-reflector-client":%[2]v}}}`, peer, client))
}

func (n *net) device(router string, as int, more func(*builder)) string {
	b := &builder{}
	b.loopback("Loopback0", router)
	more(b)
	return fmt.Sprintf(`{
"openconfig-interfaces:interfaces":{"interface":[%s]},
"openconfig-routing-policy:routing-policy":{
 "defined-sets":{"prefix-sets":{"prefix-set":[{"name":"loopbacks","config":{"name":"loopbacks"},"prefixes":{"prefix":[
  {"ip-prefix":"10.1.0.0/23","masklength-range":"32..32","config":{"ip-prefix":"10.1.0.0/23","masklength-range":"32..32"}}]}}]}},
 "policy-definitions":{"policy-definition":[{"name":"loopbacks","config":{"name":"loopbacks"},"statements":{"statement":[
  {"name":"10","config":{"name":"10"},"conditions":{"match-prefix-set":{"config":{"prefix-set":"loopbacks"}}},"actions":{"config":{"policy-result":"ACCEPT_ROUTE"}}},
  {"name":"20","config":{"name":"20"},"actions":{"config":{"policy-result":"REJECT_ROUTE"}}}]}}]}},
"openconfig-network-instance:network-instances":{"network-instance":[{"name":"default","config":{"name":"default","type":"openconfig-network-instance-types:DEFAULT_INSTANCE"},
 "tables":{"table":[{"protocol":"openconfig-policy-types:DIRECTLY_CONNECTED","address-family":"openconfig-types:IPV4","config":{"protocol":"openconfig-policy-types:DIRECTLY_CONNECTED","address-family":"openconfig-types:IPV4"}},
  {"protocol":"openconfig-policy-types:BGP","address-family":"openconfig-types:IPV4","config":{"protocol":"openconfig-policy-types:BGP","address-family":"openconfig-types:IPV4"}}]},
 "table-connections":{"table-connection":[{"src-protocol":"openconfig-policy-types:DIRECTLY_CONNECTED","dst-protocol":"openconfig-policy-types:BGP","address-family":"openconfig-types:IPV4",
  "config":{"src-protocol":"openconfig-policy-types:DIRECTLY_CONNECTED","dst-protocol":"openconfig-policy-types:BGP","address-family":"openconfig-types:IPV4","import-policy":["loopbacks"]}}]},
 "protocols":{"protocol":[
 {"identifier":"openconfig-policy-types:DIRECTLY_CONNECTED","name":"connected","config":{"identifier":"openconfig-policy-types:DIRECTLY_CONNECTED","name":"connected"}},
 {"identifier":"openconfig-policy-types:BGP","name":"BGP","config":{"identifier":"openconfig-policy-types:BGP","name":"BGP"},"bgp":{
  "global":{"config":{"as":%d,"router-id":%q},"use-multiple-paths":{"config":{"enabled":true}},"afi-safis":{"afi-safi":[
   {"afi-safi-name":"openconfig-bgp-types:IPV4_UNICAST","config":{"afi-safi-name":"openconfig-bgp-types:IPV4_UNICAST","enabled":true}},
   {"afi-safi-name":"openconfig-bgp-types:L2VPN_EVPN","config":{"afi-safi-name":"openconfig-bgp-types:L2VPN_EVPN","enabled":true}}]}},
  "peer-groups":{"peer-group":[
   {"peer-group-name":"underlay","config":{"peer-group-name":"underlay"},"afi-safis":{"afi-safi":[
    {"afi-safi-name":"openconfig-bgp-types:IPV4_UNICAST","config":{"afi-safi-name":"openconfig-bgp-types:IPV4_UNICAST","enabled":true},
     "apply-policy":{"config":{"import-policy":["loopbacks"],"export-policy":["loopbacks"]}}}]}},
   {"peer-group-name":"overlay","config":{"peer-group-name":"overlay","peer-as":65000,"local-as":65000},"transport":{"config":{"local-address":%q}},"afi-safis":{"afi-safi":[
    {"afi-safi-name":"openconfig-bgp-types:L2VPN_EVPN","config":{"afi-safi-name":"openconfig-bgp-types:L2VPN_EVPN","enabled":true}}]}}]},
  "neighbors":{"neighbor":[%s]}}}]}}]}}`, strings.Join(b.interfaces, ","), as, router, router, strings.Join(b.neighbors, ","))
}

func (n *net) load(name, config string) { n.loadAs(conf.OpenConfig, name, config) }

func (n *net) loadAs(dialect func() (*conf.Schema, error), name, config string) {
	schema, err := dialect()
	if err != nil {
		n.t.Fatal(err)
	}
	tree, err := conf.Load(schema, []byte(config))
	if err != nil {
		n.t.Fatalf("%s: %v", name, err)
	}
	n.in.Devices[name] = tree
}

// set merges JSON at a path of names and keys "a/b[k=v]" on a device; nil deletes.
func (n *net) set(device, value string, steps ...conf.Step) {
	e := n.in.Devices[device].Edit()
	var err error
	if value == "" {
		err = e.Delete(steps)
	} else {
		err = e.Update(steps, &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: []byte(value)}})
	}
	if err != nil {
		n.t.Fatal(err)
	}
	n.in.Devices[device] = e.Tree()
	if err := n.in.Devices[device].Validate(); err != nil {
		n.t.Fatal(err)
	}
}

func names(names ...string) conf.Path {
	var p conf.Path
	for _, name := range names {
		step := conf.Step{Name: name}
		if before, keys, ok := strings.Cut(name, "["); ok {
			step.Name = before
			for _, k := range strings.Split(strings.TrimSuffix(keys, "]"), "][") {
				key, value, _ := strings.Cut(k, "=")
				step.Keys = append(step.Keys, conf.Key{Name: key, Value: value})
			}
		}
		p = append(p, step)
	}
	return p
}

var (
	ports = func(name string, more ...string) conf.Path {
		return names(append([]string{"interfaces", "interface[name=" + name + "]"}, more...)...)
	}
	inBGP = func(more ...string) conf.Path {
		return names(append([]string{"network-instances", "network-instance[name=default]", "protocols", "protocol[identifier=BGP][name=BGP]", "bgp"}, more...)...)
	}
)

func down(r Result, device string) []string {
	out := []string{}
	for _, s := range r.Sessions[device] {
		if !s.Established {
			out = append(out, s.Neighbor.String())
		}
	}
	return out
}

// reach returns the next hops of the route to a VTEP loopback.
func reach(r Result, device, addr string) []string {
	out := []string{}
	for _, route := range r.Routes[device] {
		if route.Prefix == netip.PrefixFrom(netip.MustParseAddr(addr), 32) {
			for _, h := range route.NextHops {
				out = append(out, h.String())
			}
		}
	}
	return out
}

func TestFabricComesUp(t *testing.T) {
	r := Compute(lab(t).in)
	for _, device := range []string{"spine1", "spine2", "leaf1", "leaf2"} {
		if got := down(r, device); len(got) > 0 {
			t.Errorf("%s: sessions down: %v", device, got)
		}
	}
	if diff := cmp.Diff([]string{"10.0.1.2", "10.0.2.2"}, reach(r, "leaf1", "10.1.1.2")); diff != "" {
		t.Errorf("leaf1 to the VTEP of leaf2: %s", diff)
	}
	for _, route := range r.Routes["leaf1"] {
		if route.Protocol == "BGP" && !slices.Contains([]int{32}, route.Prefix.Bits()) {
			t.Errorf("leaf1 learned %v, which the policies do not let through", route.Prefix)
		}
	}
}

func TestWhatBreaksWhat(t *testing.T) {
	all := []string{"10.0.1.2", "10.1.0.1", "10.0.2.2", "10.1.0.2"}
	both := []string{"10.0.1.2", "10.0.2.2"}
	// Without its link, spine1's loopback cannot be reached either: spine2 refuses the path over another
	// leaf, for its own AS is in it.
	spine1 := []string{"10.0.1.2", "10.1.0.1"}
	for name, tc := range map[string]struct {
		change func(*net)
		down   []string // sessions of leaf1, sorted
		vtep   []string // leaf1's next hops to leaf2's VTEP
	}{
		"uplink shut": {
			func(n *net) { n.set("leaf1", `false`, ports("Ethernet49", "config", "enabled")...) },
			spine1,
			[]string{"10.0.2.2"},
		},
		"uplink shut at the spine": {
			func(n *net) { n.set("spine1", `false`, ports("Ethernet1", "config", "enabled")...) },
			spine1,
			[]string{"10.0.2.2"},
		},
		"cable pulled": {
			func(n *net) { n.in.Links[0].Pulled = true }, spine1, []string{"10.0.2.2"},
		},
		"spine without power": {
			func(n *net) { n.in.Devices["spine1"] = nil }, spine1, []string{"10.0.2.2"},
		},
		"wrong AS at the spine": {
			func(n *net) {
				n.set("spine1", `65999`, inBGP("neighbors", "neighbor[neighbor-address=10.0.1.3]", "config", "peer-as")...)
			},
			spine1,
			[]string{"10.0.2.2"},
		},
		"neighbor disabled": {
			func(n *net) {
				n.set("spine1", `false`, inBGP("neighbors", "neighbor[neighbor-address=10.0.1.3]", "config", "enabled")...)
			},
			spine1,
			[]string{"10.0.2.2"},
		},
		"password on one side": {
			func(n *net) {
				n.set("leaf1", `"x"`, inBGP("neighbors", "neighbor[neighbor-address=10.0.1.2]", "config", "auth-password")...)
			},
			spine1,
			[]string{"10.0.2.2"},
		},
		"wrong address on the link": {
			func(n *net) {
				n.set("spine1", "", ports("Ethernet1", "subinterfaces", "subinterface[index=0]", "ipv4", "addresses", "address[ip=10.0.1.2]")...)
				n.set("spine1", `{"ip":"10.0.9.2","config":{"ip":"10.0.9.2","prefix-length":31}}`, ports("Ethernet1", "subinterfaces", "subinterface[index=0]", "ipv4", "addresses", "address[ip=10.0.9.2]")...)
			},
			spine1,
			[]string{"10.0.2.2"},
		},
		"VLAN tag on one side": {
			func(n *net) {
				n.set("spine1", `7`, ports("Ethernet1", "subinterfaces", "subinterface[index=0]", "vlan", "match", "single-tagged", "config", "vlan-id")...)
			},
			spine1,
			[]string{"10.0.2.2"},
		},
		"no address family in common": {
			func(n *net) {
				n.set("leaf1", "", inBGP("peer-groups", "peer-group[peer-group-name=overlay]", "afi-safis")...)
			},
			[]string{"10.1.0.1", "10.1.0.2"},
			both,
		},
		"no export policy: rejected by default": {
			func(n *net) {
				n.set("leaf2", "", inBGP("peer-groups", "peer-group[peer-group-name=underlay]", "afi-safis", "afi-safi[afi-safi-name=IPV4_UNICAST]", "apply-policy", "config", "export-policy")...)
			},
			[]string{},
			[]string{},
		},
		"no import policy at leaf1: no loopback, no overlay": {
			func(n *net) {
				n.set("leaf1", "", inBGP("peer-groups", "peer-group[peer-group-name=underlay]", "afi-safis", "afi-safi[afi-safi-name=IPV4_UNICAST]", "apply-policy")...)
			},
			[]string{"10.1.0.1", "10.1.0.2"},
			[]string{},
		},
		"import policy replaced by a default that accepts": {
			func(n *net) {
				n.set("leaf1", "", inBGP("peer-groups", "peer-group[peer-group-name=underlay]", "afi-safis", "afi-safi[afi-safi-name=IPV4_UNICAST]", "apply-policy", "config", "import-policy")...)
				n.set("leaf1", `"ACCEPT_ROUTE"`, inBGP("peer-groups", "peer-group[peer-group-name=underlay]", "afi-safis", "afi-safi[afi-safi-name=IPV4_UNICAST]", "apply-policy", "config", "default-import-policy")...)
			},
			[]string{},
			both,
		},
		"prefix set too narrow": {
			func(n *net) {
				n.set("leaf2", "", names("routing-policy", "defined-sets", "prefix-sets", "prefix-set[name=loopbacks]", "prefixes")...)
				n.set("leaf2", `{"config":{"ip-prefix":"10.1.0.0/24","masklength-range":"32..32"}}`,
					conf.Step{Name: "routing-policy"}, conf.Step{Name: "defined-sets"}, conf.Step{Name: "prefix-sets"},
					conf.Step{Name: "prefix-set", Keys: []conf.Key{{Name: "name", Value: "loopbacks"}}}, conf.Step{Name: "prefixes"},
					conf.Step{Name: "prefix", Keys: []conf.Key{{Name: "ip-prefix", Value: "10.1.0.0/24"}, {Name: "masklength-range", Value: "32..32"}}})
			},
			[]string{},
			[]string{},
		},
		"nothing redistributed": {
			func(n *net) {
				n.set("leaf2", "", names("network-instances", "network-instance[name=default]", "table-connections")...)
			},
			[]string{},
			[]string{},
		},
		"loopback shut": {
			func(n *net) { n.set("leaf1", `false`, ports("Loopback0", "config", "enabled")...) },
			[]string{"10.1.0.1", "10.1.0.2"},
			both,
		},
		"nothing configured at leaf1": {
			func(n *net) { n.in.Devices["leaf1"] = conf.NewTree(n.in.Devices["leaf1"].Root.Schema) }, []string{}, []string{},
		},
		"both uplinks shut": {
			func(n *net) {
				n.set("leaf1", `false`, ports("Ethernet49", "config", "enabled")...)
				n.set("leaf1", `false`, ports("Ethernet50", "config", "enabled")...)
			}, all, []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := lab(t)
			tc.change(n)
			r := Compute(n.in)
			got := down(r, "leaf1")
			slices.Sort(got)
			slices.Sort(tc.down)
			if diff := cmp.Diff(tc.down, got); diff != "" {
				t.Errorf("sessions down at leaf1: %s", diff)
			}
			if diff := cmp.Diff(tc.vtep, reach(r, "leaf1", "10.1.1.2")); diff != "" {
				t.Errorf("next hops to the VTEP of leaf2: %s", diff)
			}
		})
	}
}

func TestOperStatusFollowsBothEnds(t *testing.T) {
	n := lab(t)
	n.set("leaf1", `false`, ports("Ethernet49", "config", "enabled")...)
	r := Compute(n.in)
	for _, tc := range []struct{ device, port, leaf, want string }{
		{"leaf1", "Ethernet49", "admin-status", "DOWN"},
		{"leaf1", "Ethernet49", "oper-status", "DOWN"},
		{"spine1", "Ethernet1", "admin-status", "UP"},
		{"spine1", "Ethernet1", "oper-status", "DOWN"},
		{"leaf1", "Ethernet50", "oper-status", "UP"},
		{"leaf1", "Loopback0", "oper-status", "UP"},
	} {
		got := ""
		for _, leaf := range r.State[tc.device] {
			if leaf.Path.Equal(ports(tc.port, "state", tc.leaf)) {
				got = leaf.Value.Text
			}
		}
		if got != tc.want {
			t.Errorf("%s %s %s: got %q, want %q", tc.device, tc.port, tc.leaf, got, tc.want)
		}
	}
}

func BenchmarkCompute(b *testing.B) {
	n := lab(&testing.T{})
	for b.Loop() {
		Compute(n.in)
	}
}
