package openconfig

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

var names = profile.Names{
	Ethernet: "eth{number}", FirstPort: 1, PortStep: 1,
	LAG: "bond{number}", Loopback: "lo{number}", VLAN: "irb{number}", DefaultInstance: "DEFAULT",
}

func table() *tree.Table {
	return tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"": schemas.OpenConfig()}))
}

// rendered returns the leaves below a path and the problems of a device.
func rendered(t *testing.T, d *fabric.Device, below string) (leaves []string, problems []dialect.Problem) {
	t.Helper()
	w := dialect.NewWriter(table(), func(name string) (string, bool) { return "s3cret", name == "known" })
	for _, i := range Items(d, names) {
		i.Render(w)
	}
	for _, l := range w.Leaves {
		if text := fmt.Sprintf("%s = %s", l.Path(), l.Value.Text()); strings.HasPrefix(text, below) {
			leaves = append(leaves, strings.TrimPrefix(text, below))
		}
	}
	slices.Sort(leaves)
	return leaves, w.Problems
}

func eth(n int) fabric.InterfaceID { return fabric.InterfaceID{Kind: fabric.Ethernet, Number: n} }

func TestItems(t *testing.T) {
	lag := fabric.InterfaceID{Kind: fabric.LAG, Number: 3}
	med := uint32(0)
	for _, tc := range []struct {
		name   string
		device fabric.Device
		below  string
		want   []string
	}{
		{
			"static LAG",
			fabric.Device{Interfaces: []fabric.Interface{{ID: lag, Bundle: &fabric.Bundle{MinLinks: 2}}}},
			"/interfaces/interface[name=bond3]",
			[]string{
				"/aggregation/config/lag-type = STATIC", "/aggregation/config/min-links = 2", "/config/enabled = false",
				"/config/name = bond3", "/config/type = iana-if-type:ieee8023adLag",
			},
		},
		{
			"access port",
			fabric.Device{Interfaces: []fabric.Interface{{ID: eth(1), Switched: &fabric.Switched{Access: 40}}}},
			"/interfaces/interface[name=eth1]/ethernet",
			[]string{
				"/switched-vlan/config/access-vlan = 40", "/switched-vlan/config/interface-mode = ACCESS",
			},
		},
		{
			"a name of the device's own",
			fabric.Device{Interfaces: []fabric.Interface{{ID: fabric.InterfaceID{Kind: fabric.Ethernet, Name: "xe-0/0/1"}}}},
			"/interfaces/interface[name=xe-0/0/1]/config/name",
			[]string{" = xe-0/0/1"},
		},
		{
			"tagged subinterface in a VRF",
			fabric.Device{
				IPVRFs: []fabric.IPVRF{{Name: "red"}},
				Interfaces: []fabric.Interface{{ID: eth(9), Subinterfaces: []fabric.Subinterface{{
					Index: 100, VLANTag: 100, VRF: "red", IPv6: []netip.Prefix{netip.MustParsePrefix("2001:db8::1/127")},
				}}}},
			},
			"/interfaces/interface[name=eth9]/subinterfaces/subinterface[index=100]",
			[]string{
				"/config/enabled = true", "/config/index = 100",
				"/ipv6/addresses/address[ip=2001:db8::1]/config/ip = 2001:db8::1",
				"/ipv6/addresses/address[ip=2001:db8::1]/config/prefix-length = 127",
				"/ipv6/config/enabled = true", "/vlan/match/single-tagged/config/vlan-id = 100",
			},
		},
		{
			"its place in the VRF",
			fabric.Device{
				IPVRFs:     []fabric.IPVRF{{Name: "red"}},
				Interfaces: []fabric.Interface{{ID: eth(9), Subinterfaces: []fabric.Subinterface{{Index: 100, VRF: "red"}}}},
			},
			"/network-instances/network-instance[name=red]/interfaces",
			[]string{
				"/interface[id=eth9.100]/config/id = eth9.100", "/interface[id=eth9.100]/config/interface = eth9",
				"/interface[id=eth9.100]/config/subinterface = 100",
			},
		},
		{
			"BFD",
			fabric.Device{BFD: []fabric.BFD{{
				Interface: fabric.SubinterfaceID{Interface: eth(1)}, Tx: 300 * time.Millisecond, Rx: 250 * time.Millisecond, Multiplier: 3,
			}}},
			"/bfd/interfaces/interface[id=eth1.0]/config",
			[]string{
				"/desired-minimum-tx-interval = 300000", "/detection-multiplier = 3", "/enabled = true", "/id = eth1.0",
				"/required-minimum-receive = 250000",
			},
		},
		{
			"a VLAN without VNI has no EVPN instance",
			fabric.Device{MacVRFs: []fabric.MacVRF{{Name: "oob", VLAN: 7}}},
			"/network-instances/network-instance[name=mac-vrf-oob]",
			[]string{
				"/config/name = mac-vrf-oob", "/config/type = openconfig-network-instance-types:L2VSI",
				"/vlans/vlan[vlan-id=7]/config/name = oob", "/vlans/vlan[vlan-id=7]/config/status = ACTIVE", "/vlans/vlan[vlan-id=7]/config/vlan-id = 7",
			},
		},
		{
			"policy statement",
			fabric.Device{Policies: []fabric.Policy{{Name: "p", Statements: []fabric.Statement{{
				Name: "10", Protocol: fabric.Static, Accept: true, LocalPref: 200, MED: &med, AddCommunities: []string{"65000:1"},
				PrependASN: 65001, PrependTimes: 2,
			}}}}},
			"/routing-policy/policy-definitions/policy-definition[name=p]/statements/statement",
			[]string{
				" = [name=10]",
				"[name=10]/actions/bgp-actions/config/set-local-pref = 200",
				"[name=10]/actions/bgp-actions/config/set-med = 0",
				"[name=10]/actions/bgp-actions/config/set-med-action = SET",
				"[name=10]/actions/bgp-actions/set-as-path-prepend/config/asn = 65001",
				"[name=10]/actions/bgp-actions/set-as-path-prepend/config/repeat-n = 2",
				"[name=10]/actions/bgp-actions/set-community/config/method = INLINE",
				"[name=10]/actions/bgp-actions/set-community/config/options = ADD",
				"[name=10]/actions/bgp-actions/set-community/inline/config/communities = [65000:1]",
				"[name=10]/actions/config/policy-result = ACCEPT_ROUTE",
				"[name=10]/conditions/config/install-protocol-eq = openconfig-policy-types:STATIC",
				"[name=10]/config/name = 10",
			},
		},
		{
			"IPv6 prefix set",
			fabric.Device{PrefixSets: []fabric.PrefixSet{{Name: "s", IPv6: true, Prefixes: []fabric.PrefixRange{
				{Prefix: netip.MustParsePrefix("2001:db8::/32"), Min: 32, Max: 32}, {Prefix: netip.MustParsePrefix("2001:db8::/32"), Min: 48, Max: 64},
			}}}},
			"/routing-policy/defined-sets/prefix-sets/prefix-set[name=s]",
			[]string{
				"/config/mode = IPV6", "/config/name = s",
				"/prefixes/prefix[ip-prefix=2001:db8::/32][masklength-range=48..64]/config/ip-prefix = 2001:db8::/32",
				"/prefixes/prefix[ip-prefix=2001:db8::/32][masklength-range=48..64]/config/masklength-range = 48..64",
				"/prefixes/prefix[ip-prefix=2001:db8::/32][masklength-range=exact]/config/ip-prefix = 2001:db8::/32",
				"/prefixes/prefix[ip-prefix=2001:db8::/32][masklength-range=exact]/config/masklength-range = exact",
			},
		},
		{
			"a session inside the AS accepts what no policy names",
			fabric.Device{BGP: []fabric.BGP{{ASN: 65000, Neighbors: []fabric.Neighbor{{
				Address: netip.MustParseAddr("192.0.2.1"), PeerSettings: fabric.PeerSettings{
					PeerASN: 65000, Multihop: 4, ReflectTo: true, ClusterID: netip.MustParseAddr("10.0.0.1"), Auth: "known",
					Families: []fabric.NeighborFamily{{Family: fabric.EVPN, MaxPrefixes: 1000}},
				},
			}}}}},
			"/network-instances/network-instance[name=DEFAULT]/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=192.0.2.1]",
			[]string{
				"/afi-safis/afi-safi[afi-safi-name=L2VPN_EVPN]/apply-policy/config/default-export-policy = ACCEPT_ROUTE",
				"/afi-safis/afi-safi[afi-safi-name=L2VPN_EVPN]/apply-policy/config/default-import-policy = ACCEPT_ROUTE",
				"/afi-safis/afi-safi[afi-safi-name=L2VPN_EVPN]/config/afi-safi-name = openconfig-bgp-types:L2VPN_EVPN",
				"/afi-safis/afi-safi[afi-safi-name=L2VPN_EVPN]/config/enabled = true",
				"/afi-safis/afi-safi[afi-safi-name=L2VPN_EVPN]/l2vpn-evpn/prefix-limit-received/config/max-prefixes = 1000",
				"/config/auth-password = s3cret", "/config/enabled = true", "/config/neighbor-address = 192.0.2.1", "/config/peer-as = 65000",
				"/ebgp-multihop/config/enabled = true", "/ebgp-multihop/config/multihop-ttl = 4",
				"/route-reflector/config/route-reflector-client = true", "/route-reflector/config/route-reflector-cluster-id = 10.0.0.1",
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
	neighbor := func(s fabric.PeerSettings) fabric.Device {
		return fabric.Device{BGP: []fabric.BGP{{Neighbors: []fabric.Neighbor{{Address: netip.MustParseAddr("192.0.2.1"), Source: at, PeerSettings: s}}}}}
	}
	for _, tc := range []struct {
		name   string
		device fabric.Device
		gap    bool
		reason string
	}{
		{"number beyond its type", fabric.Device{Interfaces: []fabric.Interface{{ID: eth(1), Source: at, MTU: 70000}}}, false, "70000 is out of range"},
		{"value beyond its range", fabric.Device{EthernetSegments: []fabric.EthernetSegment{{Name: "s", Source: at, ESI: "00:01", Interface: eth(1)}}}, false, "no member of the union takes it"},
		{"unknown secret", neighbor(fabric.PeerSettings{Auth: "nobody"}), false, `secret "nobody" is not known`},
		{"TTL security", neighbor(fabric.PeerSettings{TTLSecurity: 1}), true, "TTL security"},
		{"DNS through a VRF", fabric.Device{System: fabric.System{DNS: []fabric.Server{{Address: "192.0.2.1", Source: at, VRF: "mgmt"}}}}, true, "DNS server"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, problems := rendered(t, &tc.device, "")
			if len(problems) != 1 || problems[0].Source != at || problems[0].Gap != tc.gap || !strings.Contains(problems[0].Reason, tc.reason) {
				t.Errorf("problems: %+v", problems)
			}
		})
	}
}

func BenchmarkPut(b *testing.B) {
	w := dialect.NewWriter(table(), nil)
	d := &fabric.Device{Gateways: []fabric.Gateway{{
		VLAN: 40, VRF: "red", IPMTU: 9000, IPv4: []netip.Prefix{netip.MustParsePrefix("10.40.0.1/24")},
		IPv6: []netip.Prefix{netip.MustParsePrefix("2001:db8:40::1/64")},
	}}}
	items := Items(d, names)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		w.Leaves = w.Leaves[:0]
		items[len(items)-1].Render(w)
		n = len(w.Leaves)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/leaf")
}
