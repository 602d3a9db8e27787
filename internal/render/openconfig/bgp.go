package openconfig

import (
	"net/netip"

	"github.com/openconfig/ygot/ygot"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/render/openconfig/oc"
	"github.com/tenter-net/tenter/internal/tree"
)

// bgpName is the name of the one BGP instance of a network instance.
const bgpName = "BGP"

func bgpPath(n dialect.Namer, vrf string) path.Path {
	return dialect.Below(protocolPath(n.VRF(vrf), "BGP", bgpName), dialect.Elem("bgp"))
}

func renderBGP(w *dialect.Writer, n dialect.Namer, b fabric.BGP) {
	put(w, b.Source, protocolPath(n.VRF(b.VRF), "BGP", bgpName), &oc.NetworkInstance_Protocol{Enabled: ygot.Bool(true)})
	out := &oc.NetworkInstance_Protocol_Bgp_Global{
		As:       &b.ASN,
		RouterId: text(addr(b.RouterID)),
		AfiSafi:  map[oc.E_BgpTypes_AFI_SAFI_TYPE]*oc.NetworkInstance_Protocol_Bgp_Global_AfiSafi{},
	}
	for _, f := range b.Families {
		out.AfiSafi[family(f)] = &oc.NetworkInstance_Protocol_Bgp_Global_AfiSafi{AfiSafiName: family(f), Enabled: ygot.Bool(true)}
	}
	if paths := positive[uint32](w, b.Source, b.MaxPaths); paths != nil {
		out.UseMultiplePaths = &oc.NetworkInstance_Protocol_Bgp_Global_UseMultiplePaths{
			Enabled: ygot.Bool(true),
			// Equal paths may come through neighbors of different AS, as multihomed prefixes do.
			Ebgp: &oc.NetworkInstance_Protocol_Bgp_Global_UseMultiplePaths_Ebgp{AllowMultipleAs: ygot.Bool(true), MaximumPaths: paths},
			Ibgp: &oc.NetworkInstance_Protocol_Bgp_Global_UseMultiplePaths_Ibgp{MaximumPaths: paths},
		}
	}
	put(w, b.Source, dialect.Below(bgpPath(n, b.VRF), dialect.Elem("global")), out)
}

type peerGroup struct {
	VRF          string
	Group        fabric.PeerGroup
	LocalAddress string
}

func renderPeerGroup(w *dialect.Writer, n dialect.Namer, g peerGroup) {
	at := dialect.Below(bgpPath(n, g.VRF), dialect.Elem("peer-groups"), dialect.Elem("peer-group", "peer-group-name", g.Group.Name))
	put(w, g.Group.Source, at, session(w, g.Group.Source, g.Group.PeerSettings, g.LocalAddress))
	renderSession(w, g.Group.Source, at, g.Group.PeerSettings)
}

type neighbor struct {
	VRF          string
	Neighbor     fabric.Neighbor
	LocalAddress string
}

func renderNeighbor(w *dialect.Writer, n dialect.Namer, nb neighbor) {
	at := dialect.Below(bgpPath(n, nb.VRF), dialect.Elem("neighbors"), dialect.Elem("neighbor", "neighbor-address", nb.Neighbor.Address.String()))
	put(w, nb.Neighbor.Source, at, &oc.NetworkInstance_Protocol_Bgp_Neighbor{
		Enabled: ygot.Bool(true), Description: text(nb.Neighbor.Description), PeerGroup: text(nb.Neighbor.Group),
	})
	// What a group and a neighbor can both say has the same paths below either, so one struct serves both.
	put(w, nb.Neighbor.Source, at, session(w, nb.Neighbor.Source, nb.Neighbor.PeerSettings, nb.LocalAddress))
	renderSession(w, nb.Neighbor.Source, at, nb.Neighbor.PeerSettings)
}

// session returns what a neighbor or its group says of a session.
func session(w *dialect.Writer, source tree.Source, s fabric.PeerSettings, localAddress string) *oc.NetworkInstance_Protocol_Bgp_PeerGroup {
	out := &oc.NetworkInstance_Protocol_Bgp_PeerGroup{}
	if s.PeerASN != 0 {
		out.PeerAs = &s.PeerASN
	}
	if s.LocalASN != 0 {
		out.LocalAs = &s.LocalASN
	}
	if localAddress != "" {
		out.Transport = &oc.NetworkInstance_Protocol_Bgp_PeerGroup_Transport{LocalAddress: &localAddress}
	}
	if s.BFD {
		out.EnableBfd = &oc.NetworkInstance_Protocol_Bgp_PeerGroup_EnableBfd{Enabled: ygot.Bool(true)}
	}
	if s.Multihop != 0 {
		out.EbgpMultihop = &oc.NetworkInstance_Protocol_Bgp_PeerGroup_EbgpMultihop{
			Enabled: ygot.Bool(true), MultihopTtl: positive[uint8](w, source, s.Multihop),
		}
	}
	if s.ReflectTo {
		out.RouteReflector = &oc.NetworkInstance_Protocol_Bgp_PeerGroup_RouteReflector{RouteReflectorClient: ygot.Bool(true)}
		if s.ClusterID.IsValid() {
			out.RouteReflector.RouteReflectorClusterId = oc.UnionString(s.ClusterID.String())
		}
	}
	if s.SendCommunity {
		out.SendCommunityType = []oc.E_BgpTypes_CommunityType{oc.BgpTypes_CommunityType_STANDARD, oc.BgpTypes_CommunityType_EXTENDED}
	}
	return out
}

// renderSession adds what needs more than a struct: address families, secrets, and what OpenConfig cannot say.
func renderSession(w *dialect.Writer, source tree.Source, at path.Path, s fabric.PeerSettings) {
	for _, f := range s.Families {
		renderFamily(w, source, at, f)
	}
	if s.Auth != "" {
		w.PutSecret(source, dialect.Below(at, dialect.Elem("config"), dialect.Elem("auth-password")), s.Auth)
	}
	if s.TTLSecurity != 0 {
		w.Gap(source, at, "OpenConfig has no leaf for TTL security (RFC 5082): the session goes without")
	}
}

func renderFamily(w *dialect.Writer, source tree.Source, at path.Path, f fabric.NeighborFamily) {
	apply := &oc.NetworkInstance_Protocol_Bgp_PeerGroup_AfiSafi_ApplyPolicy{ImportPolicy: f.Import, ExportPolicy: f.Export}
	// OpenConfig rejects what no policy accepts. Only a session inside the AS may have none (RFC 8212).
	if len(f.Import) == 0 {
		apply.DefaultImportPolicy = oc.RoutingPolicy_DefaultPolicyType_ACCEPT_ROUTE
	}
	if len(f.Export) == 0 {
		apply.DefaultExportPolicy = oc.RoutingPolicy_DefaultPolicyType_ACCEPT_ROUTE
	}
	out := &oc.NetworkInstance_Protocol_Bgp_PeerGroup_AfiSafi{Enabled: ygot.Bool(true), ApplyPolicy: apply}
	if limit := f.MaxPrefixes; limit != 0 {
		switch f.Family {
		case fabric.IPv4Unicast:
			out.Ipv4Unicast = &oc.NetworkInstance_Protocol_Bgp_PeerGroup_AfiSafi_Ipv4Unicast{
				PrefixLimitReceived: &oc.NetworkInstance_Protocol_Bgp_PeerGroup_AfiSafi_Ipv4Unicast_PrefixLimitReceived{MaxPrefixes: &limit},
			}
		case fabric.IPv6Unicast:
			out.Ipv6Unicast = &oc.NetworkInstance_Protocol_Bgp_PeerGroup_AfiSafi_Ipv6Unicast{
				PrefixLimitReceived: &oc.NetworkInstance_Protocol_Bgp_PeerGroup_AfiSafi_Ipv6Unicast_PrefixLimitReceived{MaxPrefixes: &limit},
			}
		case fabric.EVPN:
			out.L2VpnEvpn = &oc.NetworkInstance_Protocol_Bgp_PeerGroup_AfiSafi_L2VpnEvpn{
				PrefixLimitReceived: &oc.NetworkInstance_Protocol_Bgp_PeerGroup_AfiSafi_L2VpnEvpn_PrefixLimitReceived{MaxPrefixes: &limit},
			}
		}
	}
	put(w, source, dialect.Below(at, dialect.Elem("afi-safis"), dialect.Elem("afi-safi", "afi-safi-name", familyName(f.Family))), out)
}

type redistribution struct {
	VRF string
	R   fabric.Redistribution
}

// renderRedistribution connects two tables. OpenConfig lets the system make tables, but a connection refers to them,
// and a table to its protocol, so they are declared with it.
func renderRedistribution(w *dialect.Writer, n dialect.Namer, r redistribution) {
	instance, af := n.VRF(r.VRF), "IPV4"
	if r.R.Family == fabric.IPv6Unicast {
		af = "IPV6"
	}
	from := protocolName(r.R.From)
	if r.R.From != fabric.BGPRoutes {
		put(w, r.R.Source, protocolPath(instance, from, from), &oc.NetworkInstance_Protocol{Enabled: ygot.Bool(true)})
	}
	for _, protocol := range []string{from, "BGP"} {
		put(w, r.R.Source, dialect.Below(instancePath(instance), dialect.Elem("tables"), dialect.Elem("table", "address-family", af, "protocol", protocol)), &oc.NetworkInstance_Table{})
	}
	out := &oc.NetworkInstance_TableConnection{}
	if r.R.Policy != "" {
		out.ImportPolicy = []string{r.R.Policy}
	} else {
		out.DefaultImportPolicy = oc.RoutingPolicy_DefaultPolicyType_ACCEPT_ROUTE
	}
	put(w, r.R.Source, dialect.Below(instancePath(instance), dialect.Elem("table-connections"),
		dialect.Elem("table-connection", "address-family", af, "dst-protocol", "BGP", "src-protocol", from)), out)
}

func protocolName(p fabric.Protocol) string {
	switch p {
	case fabric.Connected:
		return "DIRECTLY_CONNECTED"
	case fabric.Static:
		return "STATIC"
	}
	return "BGP"
}

func family(f fabric.AddressFamily) oc.E_BgpTypes_AFI_SAFI_TYPE {
	switch f {
	case fabric.IPv4Unicast:
		return oc.BgpTypes_AFI_SAFI_TYPE_IPV4_UNICAST
	case fabric.IPv6Unicast:
		return oc.BgpTypes_AFI_SAFI_TYPE_IPV6_UNICAST
	}
	return oc.BgpTypes_AFI_SAFI_TYPE_L2VPN_EVPN
}

func familyName(f fabric.AddressFamily) string {
	switch f {
	case fabric.IPv4Unicast:
		return "IPV4_UNICAST"
	case fabric.IPv6Unicast:
		return "IPV6_UNICAST"
	}
	return "L2VPN_EVPN"
}

func addr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
