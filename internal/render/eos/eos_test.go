package eos

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

var names = profile.Names{
	Ethernet: "Ethernet{number}", FirstPort: 1, PortStep: 1, LAG: "Port-Channel{number}", Loopback: "Loopback{number}", VLAN: "Vlan{number}",
	DefaultInstance: "default",
}

// rendered returns the leaves of a device whose paths begin with a text, without it, and the problems.
func rendered(d *fabric.Device, below string) (leaves []string, problems []dialect.Problem) {
	table := tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"openconfig": schemas.EOS(), "cli": schemas.CLI()}))
	w := dialect.NewWriter(table, func(string) (string, bool) { return "s3cret", true })
	for _, i := range Items(d, names) {
		i.Render(w)
	}
	for _, l := range w.Leaves {
		if text := fmt.Sprintf("%s = %s", l.Path(), l.Value.Text()); strings.HasPrefix(text, below) {
			leaves = append(leaves, strings.TrimPrefix(text, below))
		}
	}
	slices.Sort(leaves)
	return slices.Compact(leaves), w.Problems
}

func Example() {
	device := &fabric.Device{EthernetSegments: []fabric.EthernetSegment{{
		ESI: "00:02:00:00:00:00:0a:00:00:00", Interface: fabric.InterfaceID{Kind: fabric.LAG, Number: 10}, AllActive: true,
	}}}
	leaves, _ := rendered(device, "cli:/line[text=interface Port-Channel10]/line[text=evpn ethernet-segment]")
	fmt.Println(strings.Join(leaves, "\n"))
	// Output:
	// /line[text=identifier 0002:0000:0000:0a00:0000]/text = identifier 0002:0000:0000:0a00:0000
	// /line[text=route-target import 02:00:00:00:00:0a]/text = route-target import 02:00:00:00:00:0a
	// /text = evpn ethernet-segment
}

func bgp(s fabric.PeerSettings) *fabric.Device {
	return &fabric.Device{BGP: []fabric.BGP{{ASN: 65201, Neighbors: []fabric.Neighbor{{Address: netip.MustParseAddr("10.0.0.1"), PeerSettings: s}}}}}
}

func TestItems(t *testing.T) {
	lag := fabric.InterfaceID{Kind: fabric.LAG, Number: 3}
	process := "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp"
	family := process + "/neighbors/neighbor[neighbor-address=10.0.0.1]/afi-safis/afi-safi[afi-safi-name="
	gateway := fabric.Gateway{VLAN: 40, VRF: "red", IPv4: []netip.Prefix{netip.MustParsePrefix("10.40.0.1/24"), netip.MustParsePrefix("10.40.9.1/24")}}
	shared := gateway
	shared.AnycastMAC = "00:1c:73:00:00:01"
	for _, tc := range []struct {
		name   string
		device *fabric.Device
		below  string
		want   []string
	}{
		{
			"static LAG", &fabric.Device{Interfaces: []fabric.Interface{{ID: lag, Bundle: &fabric.Bundle{MinLinks: 2}}}},
			"/interfaces/interface[name=Port-Channel3]/aggregation/config",
			[]string{"/lag-type = STATIC", "/min-links = 2"},
		},
		{
			"access port", &fabric.Device{Interfaces: []fabric.Interface{{ID: fabric.InterfaceID{Kind: fabric.Ethernet, Number: 1}, Switched: &fabric.Switched{Access: 40}}}},
			"/interfaces/interface[name=Ethernet1]/ethernet/switched-vlan/config",
			[]string{"/access-vlan = 40", "/interface-mode = ACCESS"},
		},
		{
			"single-active segment", &fabric.Device{EthernetSegments: []fabric.EthernetSegment{{ESI: "00:02:00:00:00:00:0a:00:00:00", Interface: lag}}},
			"cli:/line[text=interface Port-Channel3]/line[text=evpn ethernet-segment]/line[text=redundancy",
			[]string{" single-active]/text = redundancy single-active"},
		},
		{
			"addresses that every leaf has", &fabric.Device{Gateways: []fabric.Gateway{shared}}, "/interfaces/interface[name=Vlan40]/arista-varp",
			[]string{
				"/secondary-virtual-addresses/address[ip=10.40.9.1]/config/ip = 10.40.9.1", "/secondary-virtual-addresses/address[ip=10.40.9.1]/config/prefix-length = 24",
				"/virtual-address/config/ip = 10.40.0.1", "/virtual-address/config/prefix-length = 24",
			},
		},
		{"their MAC address", &fabric.Device{Gateways: []fabric.Gateway{shared}}, "/system/mac-address", []string{"/config/routing-mac = 00:1c:73:00:00:01"}},
		{
			"addresses of its own", &fabric.Device{Gateways: []fabric.Gateway{gateway}}, "/interfaces/interface[name=Vlan40]/routed-vlan/ipv4/addresses/address[ip=10.40.0.1]",
			[]string{"/config/ip = 10.40.0.1", "/config/prefix-length = 24"},
		},
		{
			"limit of IPv6", bgp(fabric.PeerSettings{Families: []fabric.NeighborFamily{{Family: fabric.IPv6Unicast, MaxPrefixes: 9}}}),
			family + "IPV6_UNICAST]/ipv6-unicast",
			[]string{"/prefix-limit-received/config/max-prefixes = 9"},
		},
		{
			"policy of EVPN", bgp(fabric.PeerSettings{Families: []fabric.NeighborFamily{{Family: fabric.EVPN, Export: []string{"all"}}}}),
			"cli:/line[text=router bgp 65201]/line[text=address-family evpn]/line",
			[]string{"[text=neighbor 10.0.0.1 route-map all out]/text = neighbor 10.0.0.1 route-map all out"},
		},
		{
			"redistribution by policy",
			&fabric.Device{BGP: []fabric.BGP{{ASN: 65201, Redistribute: []fabric.Redistribution{{From: fabric.Static, Family: fabric.IPv6Unicast, Policy: "some"}}}}},
			"/network-instances/network-instance[name=default]/table-connections/table-connection[address-family=IPV6][dst-protocol=BGP][src-protocol=STATIC]/config/import-policy",
			[]string{" = [some]"},
		},
		{
			"redistribution of all",
			&fabric.Device{BGP: []fabric.BGP{{ASN: 65201, VRF: "red", Redistribute: []fabric.Redistribution{{From: fabric.Static, Family: fabric.IPv4Unicast}}}}},
			"cli:/line[text=router bgp 65201]/line[text=vrf red]/line",
			[]string{"[text=redistribute static]/text = redistribute static"},
		},
		{
			"DNS by a VRF", &fabric.Device{System: fabric.System{DNS: []fabric.Server{{Address: "10.9.9.9", VRF: "MGMT"}}}},
			"/system/dns/config",
			[]string{"/network-instance = MGMT"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, problems := rendered(tc.device, tc.below)
			if diff := cmp.Diff(tc.want, got); diff != "" || len(problems) > 0 {
				t.Errorf("%v (-want +got)\n%s", problems, diff)
			}
		})
	}
}

// TestCannot says what EOS has no words for; what would be dangerous to leave out is an error.
func TestCannot(t *testing.T) {
	for _, tc := range []struct {
		name   string
		device *fabric.Device
		gap    bool
		want   string
	}{
		{"two MAC addresses", &fabric.Device{Gateways: []fabric.Gateway{{VLAN: 1, AnycastMAC: "00:1c:73:00:00:01"}, {VLAN: 2, AnycastMAC: "00:1c:73:00:00:02"}}}, true, "one virtual MAC address"},
		{"MTU of a switched port", &fabric.Device{Interfaces: []fabric.Interface{{MTU: 9014, Switched: &fabric.Switched{Access: 4}}}}, true, "no MTU of a switched port"},
		{"DNS by two VRFs", &fabric.Device{System: fabric.System{DNS: []fabric.Server{{Address: "10.9.9.8"}, {Address: "10.9.9.9", VRF: "MGMT"}}}}, true, "through one network instance"},
		{"limit of EVPN", bgp(fabric.PeerSettings{Families: []fabric.NeighborFamily{{Family: fabric.EVPN, MaxPrefixes: 9}}}), true, "no limit"},
		{"two policies", bgp(fabric.PeerSettings{Families: []fabric.NeighborFamily{{Family: fabric.IPv4Unicast, Import: []string{"a", "b"}}}}), false, "one import policy"},
		{"peer group in a VRF", &fabric.Device{BGP: []fabric.BGP{{VRF: "red", Groups: []fabric.PeerGroup{{Name: "g"}}}}}, false, "default network instance only"},
		{"a name that is too long", &fabric.Device{System: fabric.System{Hostname: fabric.Text{Value: strings.Repeat("a", 300)}}}, false, "length"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, problems := rendered(tc.device, "")
			if len(problems) != 1 || problems[0].Gap != tc.gap || !strings.Contains(problems[0].Reason, tc.want) {
				t.Errorf("problems %+v, want one that says %q", problems, tc.want)
			}
		})
	}
}
