package srlinux

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

var names = profile.Names{
	Ethernet: "ethernet-1/{number}", FirstPort: 1, PortStep: 1, LAG: "lag{number}", Loopback: "lo{number}", VLAN: "irb0.{number}",
	DefaultInstance: "default",
}

func table() *tree.Table {
	return tree.NewTable(schema.NewRoots(map[string]*schema.Schema{origin: schemas.SRLinux()}))
}

func writer(t *tree.Table) *dialect.Writer {
	return dialect.NewWriter(t, func(name string) (string, bool) { return "s3cret", name == "known" })
}

// example compiles the example intents.
func example(t *testing.T) *fabric.Fabric {
	t.Helper()
	set, diags := intent.Load(intents.Files, intent.Options{})
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	f, diags := fabric.Compile(set, nil)
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	return f
}

// TestEachLeafHasOneItem is what makes a change of one item a change of its own leaves only: no other item writes any of
// them, and nothing is left for the tree to add, which would stay when the item goes.
func TestEachLeafHasOneItem(t *testing.T) {
	for _, d := range example(t).Devices {
		tbl := table()
		owner := map[string]string{}
		b := tree.NewBuilder(tbl)
		for _, i := range Items(d, names) {
			w := writer(tbl)
			i.Render(w)
			for _, l := range w.Leaves {
				p := l.Path().String()
				if other, twice := owner[p]; twice {
					t.Errorf("%s: %s is of %s and of %s", d.Name, p, other, i.Key)
				}
				owner[p] = i.Key
				if err := b.Set(tree.Leaf{Path: l.Path(), Value: l.Value}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for l := range b.Build().All() {
			if owner[l.Path.String()] == "" {
				t.Errorf("%s: %s is of no item", d.Name, l.Path)
			}
		}
	}
}

// rendered returns the leaves below a path and the problems of a device.
func rendered(t *testing.T, d *fabric.Device, below string) (leaves []string, problems []dialect.Problem) {
	t.Helper()
	w := writer(table())
	for _, i := range Items(d, names) {
		i.Render(w)
	}
	for _, l := range w.Leaves {
		p := l.Path()
		last := len(p.Elems) - 1
		if last > 0 && slices.ContainsFunc(p.Elems[last-1].Keys, func(k path.Key) bool { return k.Name == p.Elems[last].Name }) {
			continue
		}
		if text := fmt.Sprintf("%s = %s", p, l.Value.Text()); strings.HasPrefix(text, origin+":"+below) {
			leaves = append(leaves, strings.TrimPrefix(text, origin+":"+below))
		}
	}
	slices.Sort(leaves)
	return leaves, w.Problems
}

func eth(n int) fabric.InterfaceID { return fabric.InterfaceID{Kind: fabric.Ethernet, Number: n} }

func TestItems(t *testing.T) {
	lag := fabric.InterfaceID{Kind: fabric.LAG, Number: 3}
	peer := netip.MustParseAddr("192.0.2.1")
	for _, tc := range []struct {
		name   string
		device fabric.Device
		below  string
		want   []string
	}{
		{
			"static LAG",
			fabric.Device{Interfaces: []fabric.Interface{{ID: lag, Enabled: true, MTU: 9014, Bundle: &fabric.Bundle{MinLinks: 2}}}},
			"/interface",
			[]string{
				"[name=lag3]/admin-state = enable", "[name=lag3]/lag = present", "[name=lag3]/lag/lag-type = static",
				"[name=lag3]/lag/min-links = 2", "[name=lag3]/mtu = 9014",
			},
		},
		{
			"member of a LAG, whose MTU it must not have",
			fabric.Device{Interfaces: []fabric.Interface{{ID: eth(1), MTU: 9014, MemberOf: &lag}}},
			"/interface",
			[]string{"[name=ethernet-1/1]/admin-state = disable", "[name=ethernet-1/1]/ethernet/aggregate-id = lag3"},
		},
		{
			"LACP of a multihomed LAG",
			fabric.Device{Interfaces: []fabric.Interface{{ID: lag, Bundle: &fabric.Bundle{LACP: &fabric.LACP{SystemID: "02:00:00:00:00:0a"}}}}},
			"/interface[name=lag3]/lag/lacp",
			[]string{" = present", "/admin-key = 3", "/interval = SLOW", "/lacp-mode = ACTIVE", "/system-id-mac = 02:00:00:00:00:0a"},
		},
		{
			"access port",
			fabric.Device{Interfaces: []fabric.Interface{{ID: eth(1), Enabled: true, Switched: &fabric.Switched{Access: 40}}}},
			"/interface",
			[]string{
				"[name=ethernet-1/1]/admin-state = enable", "[name=ethernet-1/1]/subinterface[index=40]/admin-state = enable",
				"[name=ethernet-1/1]/subinterface[index=40]/type = srl_nokia-interfaces:bridged",
			},
		},
		{
			"trunk with a native VLAN",
			fabric.Device{Interfaces: []fabric.Interface{{ID: eth(1), MTU: 9018, Switched: &fabric.Switched{Trunk: true, VLANs: []int{40, 41}, Native: 41}}}},
			"/interface[name=ethernet-1/1]/subinterface",
			[]string{
				"[index=40]/admin-state = enable", "[index=40]/l2-mtu = 9018", "[index=40]/type = srl_nokia-interfaces:bridged",
				"[index=40]/vlan/encap/single-tagged = present", "[index=40]/vlan/encap/single-tagged/vlan-id = 40",
				"[index=41]/admin-state = enable", "[index=41]/l2-mtu = 9018", "[index=41]/type = srl_nokia-interfaces:bridged",
				"[index=41]/vlan/encap/untagged = present",
			},
		},
		{
			"the loopback of the VTEP",
			fabric.Device{
				VTEP: &fabric.VTEP{Loopback: fabric.VTEPLoopback, Address: netip.MustParseAddr("10.1.1.1")},
				Interfaces: []fabric.Interface{{ID: fabric.VTEPLoopback, Enabled: true, Subinterfaces: []fabric.Subinterface{{
					IPv4: []netip.Prefix{netip.MustParsePrefix("10.1.1.1/32")},
				}}}},
			},
			"/interface",
			[]string{
				"[name=system0]/admin-state = enable", "[name=system0]/subinterface[index=0]/admin-state = enable",
				"[name=system0]/subinterface[index=0]/ipv4/admin-state = enable",
			},
		},
		{
			"gateway that is as large as its ports",
			fabric.Device{Gateways: []fabric.Gateway{{VLAN: 7, VRF: "red", IPMTU: 9000}}, Interfaces: []fabric.Interface{
				{ID: eth(1), MTU: 9014, Switched: &fabric.Switched{Access: 7}},
				{ID: eth(2), MTU: 9018, Switched: &fabric.Switched{Trunk: true, VLANs: []int{7, 8}}},
				{ID: eth(3), MTU: 1514, Switched: &fabric.Switched{Access: 8}},
			}},
			"/interface[name=irb0]/subinterface[index=7]",
			[]string{"/admin-state = enable", "/ip-mtu = 9000"},
		},
		{
			"several route targets",
			fabric.Device{IPVRFs: []fabric.IPVRF{{Name: "red", VNI: 50001, EVI: 1, Import: []string{"65000:1", "65000:2"}, Export: []string{"65000:1", "65000:3"}}}},
			"/routing-policy",
			[]string{
				"/community-set[name=red-export]/match-set-options = any", "/community-set[name=red-export]/member = [target:65000:1, target:65000:3]",
				"/community-set[name=red-import]/match-set-options = any", "/community-set[name=red-import]/member = [target:65000:1, target:65000:2]",
				"/policy[name=red-export]/default-action/bgp/communities/add = red-export", "/policy[name=red-export]/default-action/policy-result = accept",
				"/policy[name=red-import]/default-action/policy-result = reject", "/policy[name=red-import]/statement = [name=10]",
				"/policy[name=red-import]/statement[name=10]/action/policy-result = accept",
				"/policy[name=red-import]/statement[name=10]/match/bgp/community-set = red-import",
			},
		},
		{
			"a VLAN without VNI has no EVPN instance",
			fabric.Device{MacVRFs: []fabric.MacVRF{{Name: "oob", VLAN: 7, Interfaces: []fabric.InterfaceID{eth(1)}}}},
			"/network-instance[name=mac-vrf-oob]",
			[]string{"/admin-state = enable", "/type = srl_nokia-network-instance:mac-vrf"},
		},
		{
			"Ethernet segment with a name that is too long",
			fabric.Device{EthernetSegments: []fabric.EthernetSegment{{Name: strings.Repeat("x", 33), ESI: "00:01:00:00:00:00:0a:00:00:00", Interface: lag}}},
			"/system/network-instance/protocols/evpn/ethernet-segments/bgp-instance[id=1]/ethernet-segment",
			[]string{
				"[name=lag3]/admin-state = enable", "[name=lag3]/esi = 00:01:00:00:00:00:0a:00:00:00", "[name=lag3]/multi-homing-mode = single-active",
			},
		},
		{
			"a neighbor of no group has the families that it says and no other",
			fabric.Device{BGP: []fabric.BGP{{
				ASN: 65000, Families: []fabric.AddressFamily{fabric.IPv4Unicast, fabric.IPv6Unicast},
				Neighbors: []fabric.Neighbor{{Address: peer, PeerSettings: fabric.PeerSettings{
					PeerASN: 65001, LocalASN: 64512, Multihop: 4, ReflectTo: true, ClusterID: netip.MustParseAddr("10.0.0.1"),
					Families: []fabric.NeighborFamily{{Family: fabric.IPv6Unicast, Import: []string{"in"}, Export: []string{"out"}, MaxPrefixes: 10}},
				}}},
			}}},
			"/network-instance[name=default]/protocols/bgp/neighbor[peer-address=192.0.2.1]",
			[]string{
				"/admin-state = enable", "/afi-safi[afi-safi-name=ipv4-unicast]/admin-state = disable",
				"/afi-safi[afi-safi-name=ipv6-unicast]/admin-state = enable", "/afi-safi[afi-safi-name=ipv6-unicast]/export-policy = [out]",
				"/afi-safi[afi-safi-name=ipv6-unicast]/import-policy = [in]",
				"/afi-safi[afi-safi-name=ipv6-unicast]/ipv6-unicast/prefix-limit-received/max-received-routes = 10",
				"/local-as/as-number = 64512", "/local-as/prepend-global-as = false",
				"/multihop/admin-state = enable", "/multihop/maximum-hops = 4", "/peer-as = 65001", "/peer-group = tenter-peers",
				"/route-reflector/client = true", "/route-reflector/cluster-id = 10.0.0.1",
			},
		},
		{
			"system without name servers",
			fabric.Device{System: fabric.System{Search: []fabric.Text{{Value: "example.net"}}}},
			"/system/dns",
			[]string{" = present", "/network-instance = mgmt", "/search-list = [example.net]"},
		},
		{
			"log server",
			fabric.Device{System: fabric.System{Syslog: []fabric.Syslog{{Address: "192.0.2.9", Facility: "security", VRF: "red"}}}},
			"/system/logging",
			[]string{
				"/network-instance = red", "/remote-server[host=192.0.2.9]/facility[facility-name=auth]/priority/match-above = informational",
				"/remote-server[host=192.0.2.9]/transport = udp", "/subsystem-facility = auth",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, problems := rendered(t, &tc.device, tc.below)
			if len(problems) > 0 {
				t.Errorf("problems: %+v", problems)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	at := tree.Source{File: "x.yaml", Line: 3, Kind: "Port", Name: "p"}
	loose := []fabric.PrefixSet{{Name: "all", Prefixes: []fabric.PrefixRange{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Max: 32}}}}
	accept := fabric.Policy{Name: "out", Statements: []fabric.Statement{{Name: "10", PrefixSet: "all", Accept: true}}}
	refuse := fabric.Policy{Name: "own", Statements: []fabric.Statement{{Name: "10"}}}
	announces := func(from fabric.Protocol) fabric.Device {
		return fabric.Device{
			Interfaces: []fabric.Interface{{ID: eth(1), Subinterfaces: []fabric.Subinterface{{IPv4: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/31")}}}}},
			PrefixSets: loose, Policies: []fabric.Policy{accept, refuse},
			BGP: []fabric.BGP{{
				ASN: 65000, Redistribute: []fabric.Redistribution{{Source: at, From: from, Family: fabric.IPv4Unicast, Policy: "own"}},
				Groups: []fabric.PeerGroup{{Name: "g", PeerSettings: fabric.PeerSettings{
					Families: []fabric.NeighborFamily{{Family: fabric.IPv4Unicast, Export: []string{"out"}}},
				}}},
			}},
		}
	}
	server := func(address, vrf string) fabric.Server { return fabric.Server{Address: address, Source: at, VRF: vrf} }
	for _, tc := range []struct {
		name   string
		device fabric.Device
		gap    bool
		reason string
	}{
		{"number beyond its type", fabric.Device{Interfaces: []fabric.Interface{{ID: eth(1), Source: at, MTU: 70000}}}, false, "70000"},
		{"value beyond its pattern", fabric.Device{EthernetSegments: []fabric.EthernetSegment{{Name: "s", Source: at, ESI: "00:01", Interface: eth(1)}}}, false, "esi"},
		{"unknown secret", fabric.Device{BGP: []fabric.BGP{{ASN: 1, Neighbors: []fabric.Neighbor{{
			Address: netip.MustParseAddr("192.0.2.1"), Source: at, PeerSettings: fabric.PeerSettings{Auth: "nobody"},
		}}}}}, false, `secret "nobody" is not known`},
		{"TTL security", fabric.Device{BGP: []fabric.BGP{{ASN: 1, Neighbors: []fabric.Neighbor{{
			Address: netip.MustParseAddr("192.0.2.1"), Source: at, PeerSettings: fabric.PeerSettings{TTLSecurity: 1},
		}}}}}, true, "TTL security"},
		{"tagged and untagged routed units", fabric.Device{Interfaces: []fabric.Interface{{ID: eth(1), Subinterfaces: []fabric.Subinterface{
			{Index: 0, Source: at}, {Index: 5, VLANTag: 5},
		}}}}, true, "untagged routed subinterface"},
		{"gateway larger than its ports", fabric.Device{
			Gateways:   []fabric.Gateway{{VLAN: 7, Source: at, IPMTU: 9000}},
			Interfaces: []fabric.Interface{{ID: eth(1), MTU: 1518, Switched: &fabric.Switched{Trunk: true, VLANs: []int{7}}}},
		}, true, "1500 here instead of 9000"},
		{"tunnels over IPv6", fabric.Device{VTEP: &fabric.VTEP{Source: at, Address: netip.MustParseAddr("2001:db8::1")}}, true, "2001:db8::1"},
		{"connected routes that leak", announces(fabric.Connected), true, "192.0.2.0/31"},
		{"static routes that may leak", announces(fabric.Static), true, "routes of static"},
		{"servers through two instances", fabric.Device{System: fabric.System{NTP: []fabric.Server{{Address: "192.0.2.1"}, server("192.0.2.2", "red")}}}, true, "through red"},
		{"too many name servers", fabric.Device{System: fabric.System{DNS: []fabric.Server{
			{Address: "192.0.2.1"}, {Address: "192.0.2.2"}, {Address: "192.0.2.3"}, server("192.0.2.4", ""),
		}}}, true, "192.0.2.4 is left out"},
		{"two log facilities", fabric.Device{System: fabric.System{Syslog: []fabric.Syslog{
			{Address: "192.0.2.1"}, {Address: "192.0.2.2", Source: at, Facility: "kernel"},
		}}}, true, "nothing of kern"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, problems := rendered(t, &tc.device, "")
			problems = slices.DeleteFunc(problems, func(p dialect.Problem) bool { return p.Gap && !tc.gap }) // what is said besides
			if len(problems) != 1 || problems[0].Source != at || problems[0].Gap != tc.gap || !strings.Contains(problems[0].Reason, tc.reason) {
				t.Errorf("problems: %+v", problems)
			}
		})
	}
}
