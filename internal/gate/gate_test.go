package gate_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/gate"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
)

func named(t testing.TB, name string) *profile.Profile {
	t.Helper()
	set, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func leaves(t testing.TB, lines ...string) []profile.StateLeaf {
	t.Helper()
	var out []profile.StateLeaf
	for _, l := range lines {
		at, value, _ := strings.Cut(l, " = ")
		p, err := path.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, profile.StateLeaf{Path: p, Value: value})
	}
	return out
}

// A leaf with a link and two sessions over it: one on the link, with BFD, and one between loopbacks, without.
func leaf() *fabric.Device {
	link, loop := fabric.InterfaceID{Kind: fabric.Ethernet, Number: 49}, fabric.RouterLoopback
	return &fabric.Device{
		Name: "leaf1",
		Interfaces: []fabric.Interface{
			{ID: link, Enabled: true, Subinterfaces: []fabric.Subinterface{{IPv4: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/31")}}}},
			{ID: loop, Enabled: true, Subinterfaces: []fabric.Subinterface{{IPv4: []netip.Prefix{netip.MustParsePrefix("10.1.0.1/32")}}}},
		},
		BFD:   []fabric.BFD{{Interface: fabric.SubinterfaceID{Interface: link}, Tx: 300 * time.Millisecond, Rx: 200 * time.Millisecond, Multiplier: 3}},
		Links: []fabric.Link{{Local: link, Peer: "spine1"}},
		BGP: []fabric.BGP{{
			Groups: []fabric.PeerGroup{
				{Name: "underlay", PeerSettings: fabric.PeerSettings{BFD: true}},
				{Name: "overlay", PeerSettings: fabric.PeerSettings{LocalSource: &loop}},
			},
			Neighbors: []fabric.Neighbor{
				{Address: netip.MustParseAddr("10.0.0.0"), Group: "underlay", Peer: "spine1"},
				{Address: netip.MustParseAddr("10.1.0.9"), Group: "overlay", Peer: "spine1"},
			},
		}},
	}
}

const (
	openconfigBGP = "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=%s]"
	port          = "/interfaces/interface[name=Ethernet49]"
)

var all = []gate.Gate{{Kind: gate.BGP}, {Kind: gate.Interfaces}, {Kind: gate.LLDP}}

func up(t testing.TB) []profile.StateLeaf {
	return leaves(t,
		fmt.Sprintf(openconfigBGP, "10.0.0.0")+"/state/session-state = ESTABLISHED",
		fmt.Sprintf(openconfigBGP, "10.1.0.9")+"/state/session-state = ESTABLISHED",
		fmt.Sprintf(openconfigBGP, "10.9.9.9")+"/state/session-state = ACTIVE",
		port+"/state/oper-status = UP",
		"/interfaces/interface[name=Ethernet1]/state/oper-status = DOWN",
		"/lldp/interfaces/interface[name=Ethernet49]/neighbors/neighbor[id=1]/state/system-name = spine1.example.net",
	)
}

func without(list []profile.StateLeaf, part string) []profile.StateLeaf {
	var out []profile.StateLeaf
	for _, l := range list {
		if !strings.Contains(l.Path.String(), part) {
			out = append(out, l)
		}
	}
	return out
}

func TestCompare(t *testing.T) {
	p := named(t, "openconfig-sim")
	link := fmt.Sprintf(openconfigBGP, "10.0.0.0")
	for _, tt := range []struct {
		name   string
		writes []run.Write
		now    []profile.StateLeaf
		want   []string
	}{
		{"all is as it was", nil, up(t), nil},
		{"what is new is no reason", nil, append(up(t), leaves(t, "/interfaces/interface[name=Ethernet2]/state/oper-status = UP")...), nil},
		{"a session is gone", nil, without(up(t), "10.1.0.9"), []string{"the BGP session with 10.1.0.9 was established before and is not any more"}},
		{
			"the plan removes it", []run.Write{{Path: link + "/config/neighbor-address", Before: "s10.0.0.0"}}, without(up(t), "10.0.0.0"), nil,
		},
		{
			"the plan removes another",
			[]run.Write{{Path: link + "/config/neighbor-address", Before: "s10.0.0.0"}},
			without(up(t), "10.1.0.9"),
			[]string{"the BGP session with 10.1.0.9 was established before and is not any more"},
		},
		{
			"a leaf of it goes, which is not to remove it",
			[]run.Write{{Path: link + "/config/description", Before: "sx"}},
			without(up(t), "10.0.0.0"),
			[]string{"the BGP session with 10.0.0.0 was established before and is not any more"},
		},
		{
			"the plan shuts the interface: its session and neighbour go along, no other",
			[]run.Write{{Path: port + "/config/enabled", Before: "btrue", After: "bfalse"}},
			leaves(t),
			[]string{"the BGP session with 10.1.0.9 was established before and is not any more"},
		},
		{"an interface went down", nil, without(up(t), "oper-status"), []string{"interface Ethernet49 was up before and is not any more"}},
		{"nobody is heard", nil, without(up(t), "lldp"), []string{"LLDP saw spine1.example.net on Ethernet49 before, and nobody now"}},
		{
			"another neighbour", nil, append(without(up(t), "lldp"), leaves(t, "/lldp/interfaces/interface[name=Ethernet49]/neighbors/neighbor[id=1]/state/system-name = spine2")...),
			[]string{"LLDP sees spine2 on Ethernet49, and saw spine1.example.net before"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := gate.Change{Device: leaf(), Profile: p, Writes: tt.writes}
			got := gate.Compare(all, c, gate.Sights(all, p, up(t)), gate.Sights(all, p, tt.now))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A cable to another device than the model says fails, also where it was so before or new.
func TestMiscabled(t *testing.T) {
	p := named(t, "openconfig-sim")
	wrong := gate.Sights(all, p, leaves(t, "/lldp/interfaces/interface[name=Ethernet49]/neighbors/neighbor[id=1]/state/system-name = spine2"))
	want := []string{"LLDP sees spine2 on Ethernet49, and the link there leads to spine1"}
	if diff := cmp.Diff(want, gate.Compare(all, gate.Change{Device: leaf(), Profile: p}, wrong, wrong)); diff != "" {
		t.Error(diff)
	}
}

func TestExpressions(t *testing.T) {
	p := named(t, "openconfig-sim")
	before := leaves(t, port+"/state/oper-status = UP", port+"/state/mtu = 9214")
	now := leaves(t, port+"/state/oper-status = UP", port+"/state/mtu = 1500", "/system/state/hostname = leaf1")
	for expr, want := range map[string]string{
		`leaves["/interfaces/interface[name=Ethernet49]/state/oper-status"] == "UP"`: "",
		`size(leaves) == size(before) && size(leaves) == 2`:                          "",
		`leaves.all(p, leaves[p] == before[p])`:                                      `leaves.all(p, leaves[p] == before[p]) is not true: /interfaces/interface[name=Ethernet49]/state/mtu is "1500" and was "9214"`,
		`leaves["/nowhere"] == "UP"`:                                                 "no such key",
	} {
		gates := []gate.Gate{{Kind: gate.Expr, Expr: expr, Paths: []string{"/interfaces"}}}
		got := gate.Compare(gates, gate.Change{Device: leaf(), Profile: p}, gate.Sights(gates, p, before), gate.Sights(gates, p, now))
		if (want == "") != (len(got) == 0) || want != "" && !strings.Contains(got[0], want) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

func TestDetection(t *testing.T) {
	p := named(t, "openconfig-sim")
	neighbor := fmt.Sprintf(openconfigBGP, "10.0.0.0")
	for at, want := range map[string]time.Duration{
		port + "/config/description":                            0,
		port + "/config/mtu":                                    900 * time.Millisecond,
		neighbor + "/config/peer-as":                            900 * time.Millisecond,
		neighbor + "/config/description":                        0,
		"/interfaces/interface[name=Loopback0]/config/enabled":  90 * time.Second,
		fmt.Sprintf(openconfigBGP, "10.1.0.9") + "/config/x":    90 * time.Second,
		strings.Split(neighbor, "/neighbors")[0] + "/global/as": 90 * time.Second,
		strings.Split(neighbor, "/neighbors")[0] + "/peer-groups/peer-group[peer-group-name=underlay]/config/x": 900 * time.Millisecond,
		"/system/config/hostname":                           0,
		"/interfaces/interface[name=Ethernet1]/config/mtu":  0,
		"/bfd/interfaces/interface[id=Ethernet49]/config/x": 900 * time.Millisecond,
	} {
		c := gate.Change{Device: leaf(), Profile: p, Writes: []run.Write{{Path: at, After: "sx"}}}
		if got := gate.Guard([]gate.Gate{{Kind: gate.BGP}}, c, 0, 0).Soak; got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
		guard := gate.Guard([]gate.Gate{{Kind: gate.BGP, Within: 3 * time.Second}}, c, time.Second, 2*time.Second)
		if guard.Soak != max(want, time.Second) || guard.Settle != 3*time.Second || !guard.Gates {
			t.Errorf("%s: %+v", at, guard)
		}
	}
}

// Other dialects show the same things in leaves of their own.
func TestDialects(t *testing.T) {
	srl := named(t, "srlinux")
	got := gate.Sights(all, srl, leaves(t,
		"srl_nokia:/network-instance[name=default]/protocols/bgp/neighbor[peer-address=10.0.0.0]/session-state = established",
		"srl_nokia:/interface[name=ethernet-1/49]/oper-state = up",
		"srl_nokia:/interface[name=ethernet-1/1]/oper-state = down",
		"srl_nokia:/system/lldp/interface[name=ethernet-1/49]/neighbor[id=7]/system-name = spine1"))
	want := []run.Sight{
		{Gate: gate.BGP, Name: "default 10.0.0.0", Is: "established"}, {Gate: gate.Interfaces, Name: "ethernet-1/49", Is: "up"}, {Gate: gate.LLDP, Name: "ethernet-1/49", Is: "spine1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"openconfig", "openconfig-sim", "eos", "srlinux", "nxos"} {
		if _, err := gate.Reads(all, named(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func Example() {
	set, err := profile.Load(nil)
	if err != nil {
		panic(err)
	}
	p, err := set.Get("openconfig")
	if err != nil {
		panic(err)
	}
	gates := []gate.Gate{{Kind: gate.Interfaces}}
	before := []run.Sight{{Gate: gate.Interfaces, Name: "Ethernet49", Is: "UP"}}
	fmt.Println(gate.Compare(gates, gate.Change{Device: &fabric.Device{}, Profile: p}, before, nil))
	// Output: [interface Ethernet49 was up before and is not any more]
}
