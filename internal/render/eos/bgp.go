package eos

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/tree"
)

// bgpName is what EOS calls the one BGP instance of a network instance.
const bgpName = "BGP"

func bgpPath(n dialect.Namer, vrf string) path.Path {
	return dialect.Below(protocolPath(n.VRF(vrf), "BGP", bgpName), dialect.Elem("bgp"))
}

func renderBGP(w *dialect.Writer, n dialect.Namer, b fabric.BGP) {
	put(w, b.Source, protocolPath(n.VRF(b.VRF), "BGP", bgpName), leaf{"config/enabled", true})
	global := dialect.Below(bgpPath(n, b.VRF), dialect.Elem("global"))
	leaves := some("config/as", b.ASN)
	if b.RouterID.IsValid() {
		leaves = append(leaves, leaf{"config/router-id", b.RouterID.String()})
	}
	if b.MaxPaths != 0 {
		// EOS has one number for eBGP and iBGP. Equal paths may come through neighbors of different AS, as multihomed
		// prefixes do.
		leaves = append(leaves, leaf{"use-multiple-paths/ebgp/config/maximum-paths", b.MaxPaths},
			leaf{"use-multiple-paths/ebgp/config/allow-multiple-as", true})
	}
	put(w, b.Source, global, leaves...)
	for _, f := range b.Families {
		put(w, b.Source, dialect.Below(global, dialect.Elem("afi-safis"), dialect.Elem("afi-safi", "afi-safi-name", familyName(f))),
			leaf{"config/enabled", true})
	}
}

// peers is what a group and a neighbor say alike.
type peers struct {
	VRF          string
	ASN          uint32 // of the device's process, which opens the block of command lines
	Settings     fabric.PeerSettings
	LocalAddress string
}

type peerGroup struct {
	Group fabric.PeerGroup
	peers
}

func renderPeerGroup(w *dialect.Writer, n dialect.Namer, g peerGroup) {
	at := dialect.Below(bgpPath(n, g.VRF), dialect.Elem("peer-groups"), dialect.Elem("peer-group", "peer-group-name", g.Group.Name))
	if g.VRF != "" {
		w.Fail(g.Group.Source, at, fmt.Errorf("EOS has peer groups in the default network instance only"))
		return
	}
	put(w, g.Group.Source, at)
	g.render(w, n, g.Group.Source, at, g.Group.Name)
}

type neighbor struct {
	Neighbor fabric.Neighbor
	peers
}

func renderNeighbor(w *dialect.Writer, n dialect.Namer, nb neighbor) {
	address := nb.Neighbor.Address.String()
	at := dialect.Below(bgpPath(n, nb.VRF), dialect.Elem("neighbors"), dialect.Elem("neighbor", "neighbor-address", address))
	leaves := []leaf{{"config/enabled", true}}
	leaves = append(leaves, some("config/description", nb.Neighbor.Description)...)
	leaves = append(leaves, some("config/peer-group", nb.Neighbor.Group)...)
	put(w, nb.Neighbor.Source, at, leaves...)
	nb.render(w, n, nb.Neighbor.Source, at, address)
}

// render writes a session's settings at the path of a group or neighbor, which command lines call by name.
func (p peers) render(w *dialect.Writer, n dialect.Namer, source tree.Source, at path.Path, name string) {
	s := p.Settings
	leaves := some("config/peer-as", s.PeerASN)
	leaves = append(leaves, some("config/local-as", s.LocalASN)...)
	leaves = append(leaves, some("transport/config/local-address", p.LocalAddress)...)
	leaves = append(leaves, some("enable-bfd/config/enabled", s.BFD)...)
	leaves = append(leaves, some("ebgp-multihop/config/multihop-ttl", s.Multihop)...)
	leaves = append(leaves, some("route-reflector/config/route-reflector-client", s.ReflectTo)...)
	if s.SendCommunity {
		leaves = append(leaves, leaf{"config/send-community-type", []any{"STANDARD", "EXTENDED"}})
	}
	put(w, source, at, leaves...)
	if s.Auth != "" {
		w.PutSecret(source, dialect.Below(at, dialect.Elem("config"), dialect.Elem("auth-password")), s.Auth)
	}
	if s.ReflectTo && s.ClusterID.IsValid() {
		line(w, source, processLine(p.ASN, p.VRF, "bgp cluster-id "+s.ClusterID.String())...)
	}
	if s.TTLSecurity != 0 {
		line(w, source, processLine(p.ASN, p.VRF, fmt.Sprintf("neighbor %s ttl maximum-hops %d", name, s.TTLSecurity))...)
	}
	for _, f := range s.Families {
		p.renderFamily(w, source, at, name, f)
	}
}

// processLine returns a command line of the BGP process, in the blocks of the texts before the last one.
func processLine(asn uint32, vrf string, texts ...string) []string {
	block := []string{fmt.Sprintf("router bgp %d", asn)}
	if vrf != "" {
		block = append(block, "vrf "+vrf)
	}
	return append(block, texts...)
}

// renderFamily activates an address family. EOS takes and sends everything where no policy is, which only sessions
// inside the AS may have (RFC 8212).
func (p peers) renderFamily(w *dialect.Writer, source tree.Source, at path.Path, name string, f fabric.NeighborFamily) {
	at = dialect.Below(at, dialect.Elem("afi-safis"), dialect.Elem("afi-safi", "afi-safi-name", familyName(f.Family)))
	leaves := []leaf{{"config/enabled", true}}
	for _, d := range []struct {
		path, command string
		policies      []string
	}{{"import", "in", f.Import}, {"export", "out", f.Export}} {
		switch {
		case len(d.policies) > 1:
			// To leave one out would let through what it was to stop.
			w.Fail(source, at, fmt.Errorf("EOS takes one %s policy: make one RoutePolicy of %q", d.path, d.policies))
		case len(d.policies) == 0:
		case f.Family == fabric.EVPN:
			// The tree has policies for IPv4 and IPv6 unicast only.
			line(w, source, processLine(p.ASN, p.VRF, "address-family evpn", fmt.Sprintf("neighbor %s route-map %s %s", name, d.policies[0], d.command))...)
		default:
			leaves = append(leaves, leaf{"apply-policy/config/" + d.path + "-policy", values(d.policies)})
		}
	}
	if f.MaxPrefixes != 0 {
		switch f.Family {
		case fabric.IPv4Unicast:
			leaves = append(leaves, leaf{"ipv4-unicast/prefix-limit-received/config/max-prefixes", f.MaxPrefixes})
		case fabric.IPv6Unicast:
			leaves = append(leaves, leaf{"ipv6-unicast/prefix-limit-received/config/max-prefixes", f.MaxPrefixes})
		default:
			w.Gap(source, at, "EOS has no limit for the routes of this address family: the session goes without")
		}
	}
	put(w, source, at, leaves...)
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

type redistribution struct {
	VRF string
	ASN uint32
	R   fabric.Redistribution
}

// renderRedistribution connects two tables where a policy chooses. Where all routes go it is a command line: the tree
// cannot say so, for it fixes the default of a connection to REJECT_ROUTE. That line is for IPv4 and IPv6 alike.
func renderRedistribution(w *dialect.Writer, n dialect.Namer, r redistribution) {
	if r.R.Policy == "" {
		line(w, r.R.Source, processLine(r.ASN, r.VRF, "redistribute "+string(r.R.From))...)
		return
	}
	instance, af := n.VRF(r.VRF), "IPV4"
	if r.R.Family == fabric.IPv6Unicast {
		af = "IPV6"
	}
	from := protocolName(r.R.From)
	if r.R.From != fabric.BGPRoutes {
		put(w, r.R.Source, protocolPath(instance, from, from), leaf{"config/enabled", true})
	}
	for _, protocol := range []string{from, "BGP"} {
		put(w, r.R.Source, dialect.Below(instancePath(instance), dialect.Elem("tables"), dialect.Elem("table", "address-family", af, "protocol", protocol)))
	}
	put(w, r.R.Source, dialect.Below(instancePath(instance), dialect.Elem("table-connections"),
		dialect.Elem("table-connection", "address-family", af, "dst-protocol", "BGP", "src-protocol", from)),
		leaf{"config/import-policy", []any{r.R.Policy}})
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
