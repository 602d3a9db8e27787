package fabric

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/intent"
)

// Each case breaks the finished models of the example in one way, as a bug of the compiler would, and names the proof
// that must fail.
func TestProofsFail(t *testing.T) {
	bgp := func(d *Device) *BGP { return &d.BGP[0] }
	port := func(d *Device, n int) *Interface {
		return &d.Interfaces[slices.IndexFunc(d.Interfaces, func(i Interface) bool { return i.ID == InterfaceID{Kind: Ethernet, Number: n} })]
	}
	loop := func(d *Device, id InterfaceID) *Interface {
		return &d.Interfaces[slices.IndexFunc(d.Interfaces, func(i Interface) bool { return i.ID == id })]
	}
	lag := func(d *Device, n int) *Interface { return loop(d, InterfaceID{Kind: LAG, Number: n}) }
	policy := func(d *Device, name string) *Policy {
		return &d.Policies[slices.IndexFunc(d.Policies, func(p Policy) bool { return p.Name == name })]
	}
	set := func(d *Device, name string) *PrefixSet {
		return &d.PrefixSets[slices.IndexFunc(d.PrefixSets, func(s PrefixSet) bool { return s.Name == name })]
	}
	group := func(d *Device, name string) *PeerGroup {
		b := bgp(d)
		return &b.Groups[slices.IndexFunc(b.Groups, func(g PeerGroup) bool { return g.Name == name })]
	}
	for _, c := range []struct {
		name  string
		spoil func(leaf, other, spine *Device)
		code  intent.Code
		say   string
	}{
		{"VTEP loopback shut", func(l, _, _ *Device) { loop(l, VTEPLoopback).Enabled = false }, intent.CodeNoRoute, "no loopback has its address"},
		{"VTEP loopback elsewhere", func(l, _, _ *Device) { loop(l, VTEPLoopback).Subinterfaces[0].VRF = "red" }, intent.CodeNoRoute, "no loopback has its address"},
		{"not redistributed", func(l, _, _ *Device) { bgp(l).Redistribute = nil }, intent.CodeNoRoute, "not redistributed"},
		{"redistribution policy", func(l, _, _ *Device) { policy(l, policyConnected).Statements[0].Accept = false }, intent.CodeNoRoute, "not redistributed"},
		{"leaf exports nothing", func(l, _, _ *Device) { set(l, setOwn).Prefixes = nil }, intent.CodeNoRoute, "not redistributed"},
		{"leaf's export policy", func(l, _, _ *Device) { policy(l, policyUnderlayOut).Statements[0].Accept = false }, intent.CodeNoRoute, "export policy of leaf1"},
		{"no export policy", func(l, _, _ *Device) { group(l, groupUnderlay).Families[0].Export = nil }, intent.CodeNoRoute, "export policy of leaf1"},
		{"policy does not exist", func(l, _, _ *Device) { group(l, groupUnderlay).Families[0].Export = []string{"gone"} }, intent.CodeNoRoute, "export policy of leaf1"},
		{"spine's import policy", func(_, _, s *Device) { policy(s, policyUnderlayIn).Statements[0].PrefixSet = setOwn }, intent.CodeNoRoute, "import policy of spine1"},
		{"spine's export policy", func(_, _, s *Device) { policy(s, policyUnderlayOut).Statements[0].PrefixSet = setOwn }, intent.CodeNoRoute, "export policy of spine1"},
		{"leaf's import policy", func(l, _, _ *Device) { set(l, setLoopbacks).Prefixes[1].Min = 33 }, intent.CodeNoRoute, "import policy of leaf1"},
		{"leaves share an AS", func(l, o, s *Device) {
			bgp(o).ASN = bgp(l).ASN
			for i := range bgp(s).Neighbors {
				if bgp(s).Neighbors[i].PeerASN == 65202 {
					bgp(s).Neighbors[i].PeerASN = 65201
				}
			}
		}, intent.CodeNoRoute, "already in its path"},
		{"not a reflector", func(_, _, s *Device) { group(s, groupOverlay).ReflectTo = false }, intent.CodeNoRoute, "does not reflect"},
		{"overlay from the wrong loopback", func(l, _, _ *Device) { group(l, groupOverlay).LocalSource = &VTEPLoopback }, intent.CodeNoRoute, "would not come from"},
		{"overlay without EVPN", func(l, _, _ *Device) { group(l, groupOverlay).Families[0].Family = IPv6Unicast }, intent.CodeNoRoute, "l2vpn-evpn is not on both ends"},
		{"overlay AS", func(l, _, _ *Device) { group(l, groupOverlay).LocalASN = 0 }, intent.CodeNoRoute, "expects AS 65000"},
		{"overlay neighbor missing", func(_, _, s *Device) {
			bgp(s).Neighbors = slices.DeleteFunc(bgp(s).Neighbors, func(n Neighbor) bool { return n.Description == "leaf1" })
		}, intent.CodeNoRoute, "spine1 has no BGP neighbor"},

		{"import changed on one leaf", func(l, _, _ *Device) { l.MacVRFs[0].Import = []string{"65000:1"} }, intent.CodeRouteTargets, "VNI 10040"},
		{"VRF export changed on one leaf", func(l, _, _ *Device) { l.IPVRFs[0].Export = []string{"65000:1"} }, intent.CodeRouteTargets, "VNI 50001"},
		{"one VLAN imports another", func(l, o, _ *Device) { l.MacVRFs[0].Import = append(l.MacVRFs[0].Import, l.MacVRFs[1].Export...) }, intent.CodeRouteTargets, "other instances"},

		{"MTU of one end", func(l, _, _ *Device) { port(l, 49).MTU = 1514 }, intent.CodeLinkEnds, "MTU 9214 and 1514"},
		{"IP MTU of one end", func(l, _, _ *Device) { port(l, 49).Subinterfaces[0].IPMTU = 1500 }, intent.CodeLinkEnds, "IP MTU"},
		{"one end shut", func(l, _, _ *Device) { port(l, 49).Enabled = false }, intent.CodeLinkEnds, "shut down"},
		{"same address on both ends", func(l, _, s *Device) { port(l, 49).Subinterfaces[0].IPv4 = port(s, 1).Subinterfaces[0].IPv4 }, intent.CodeLinkEnds, "not the two of one subnet"},
		{"another subnet", func(l, _, _ *Device) {
			port(l, 49).Subinterfaces[0].IPv4 = []netip.Prefix{netip.MustParsePrefix("10.99.0.1/31")}
		}, intent.CodeLinkEnds, "not the two of one subnet"},
		{"neighbor's AS", func(_, _, s *Device) { bgp(s).Neighbors[0].PeerASN = 1 }, intent.CodeLinkEnds, "expects AS 1"},
		{"BFD timers on one end", func(l, _, _ *Device) { l.BFD = nil }, intent.CodeLinkEnds, "BFD runs on one end"},
		{"BFD guards one end", func(l, _, _ *Device) { group(l, groupUnderlay).BFD = false }, intent.CodeLinkEnds, "BFD guards"},
		{"one end unknown", func(l, _, _ *Device) { l.Links = nil }, intent.CodeLinkEnds, "only one end"},

		{"LACP system", func(l, _, _ *Device) { lag(l, 10).Bundle.LACP.SystemID = "02:00:00:00:00:99" }, intent.CodeSegmentEnds, "one LACP system"},
		{"no LACP on one", func(l, _, _ *Device) { lag(l, 10).Bundle.LACP = nil }, intent.CodeSegmentEnds, "no LACP"},
		{"other VLANs", func(l, _, _ *Device) { lag(l, 10).Switched.VLANs = []int{40} }, intent.CodeSegmentEnds, "other VLANs"},
		{"LAG MTU", func(l, _, _ *Device) { lag(l, 10).MTU = 1518 }, intent.CodeSegmentEnds, "MTU"},
		{"a member lacks the segment", func(l, _, _ *Device) { l.EthernetSegments = nil }, intent.CodeSegmentEnds, "names 2 members"},
		{"single-active on one", func(l, _, _ *Device) { l.EthernetSegments[0].AllActive = false }, intent.CodeSegmentEnds, "mode or members"},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, problems := intent.Load(intents.Files, intent.Options{})
			if len(problems) > 0 {
				t.Fatal(problems.Text())
			}
			f, problems := Compile(docs, nil)
			if len(problems) > 0 {
				t.Fatal(problems.Text())
			}
			c.spoil(f.device("leaf1"), f.device("leaf2"), f.device("spine1"))
			got := prove(f, nil, docs)
			i := slices.IndexFunc(got, func(d intent.Diagnostic) bool { return d.Code == c.code && strings.Contains(d.Message, c.say) })
			if i < 0 {
				t.Fatalf("no %s with %q in:\n%s", c.code, c.say, got.Text())
			}
			if got[i].File == "" || got[i].Line == 0 || got[i].Excerpt == "" {
				t.Errorf("without a position: %+v", got[i])
			}
		})
	}
}
