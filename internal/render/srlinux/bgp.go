package srlinux

import (
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/tree"
)

// lonelyGroup is the group of neighbors that the intents put into none: the model wants one. It says nothing.
const lonelyGroup = "tenter-peers"

func bgpPath(n dialect.Namer, vrf string, elems ...path.Elem) path.Path {
	return protocolPath(n.VRF(vrf), append([]path.Elem{dialect.Elem("bgp")}, elems...)...)
}

func renderBGP(w *dialect.Writer, n dialect.Namer, b fabric.BGP) {
	leaves := []leaf{{"admin-state", "enable"}, {"autonomous-system", b.ASN}}
	if b.RouterID.IsValid() {
		leaves = append(leaves, leaf{"router-id", b.RouterID.String()})
	}
	put(w, b.Source, bgpPath(n, b.VRF), leaves...)
	for _, f := range b.Families {
		leaves := []leaf{{"admin-state", "enable"}}
		if b.MaxPaths != 0 && f != fabric.EVPN {
			// Equal paths may come through neighbors of different AS, as multihomed prefixes do.
			leaves = append(leaves, leaf{"multipath/allow-multiple-as", true},
				leaf{"multipath/ebgp/maximum-paths", b.MaxPaths}, leaf{"multipath/ibgp/maximum-paths", b.MaxPaths})
		}
		put(w, b.Source, bgpPath(n, b.VRF, familyElem(f)), leaves...)
	}
}

type peerGroup struct {
	VRF          string
	Group        fabric.PeerGroup
	LocalAddress string
	Families     []fabric.AddressFamily // of the instance
}

func renderPeerGroup(w *dialect.Writer, n dialect.Namer, g peerGroup) {
	at := bgpPath(n, g.VRF, dialect.Elem("group", "group-name", g.Group.Name))
	put(w, g.Group.Source, at, append([]leaf{{"admin-state", "enable"}}, session(g.Group.PeerSettings, g.LocalAddress)...)...)
	renderSession(w, g.Group.Source, at, g.Group.PeerSettings, g.Families)
}

type lonelyPeers struct {
	VRF    string
	Source tree.Source
}

func renderLonelyGroup(w *dialect.Writer, n dialect.Namer, p lonelyPeers) {
	put(w, p.Source, bgpPath(n, p.VRF, dialect.Elem("group", "group-name", lonelyGroup)), leaf{"admin-state", "enable"})
}

type neighbor struct {
	VRF          string
	Neighbor     fabric.Neighbor
	LocalAddress string
	Families     []fabric.AddressFamily // of the instance, where no group is between it and the neighbor
}

func renderNeighbor(w *dialect.Writer, n dialect.Namer, nb neighbor) {
	group := nb.Neighbor.Group
	if group == "" {
		group = lonelyGroup
	}
	at := bgpPath(n, nb.VRF, dialect.Elem("neighbor", "peer-address", nb.Neighbor.Address.String()))
	leaves := append([]leaf{{"admin-state", "enable"}, {"peer-group", group}}, some("description", nb.Neighbor.Description)...)
	put(w, nb.Neighbor.Source, at, append(leaves, session(nb.Neighbor.PeerSettings, nb.LocalAddress)...)...)
	renderSession(w, nb.Neighbor.Source, at, nb.Neighbor.PeerSettings, nb.Families)
}

// session returns what a neighbor or its group says of a session; the names are the same below either.
func session(s fabric.PeerSettings, localAddress string) []leaf {
	leaves := slices.Concat(
		some("peer-as", s.PeerASN),
		some("transport/local-address", localAddress),
		some("failure-detection/enable-bfd", s.BFD),
		some("multihop/maximum-hops", s.Multihop),
		some("route-reflector/client", s.ReflectTo),
	)
	if s.LocalASN != 0 {
		// It stands in for the device's own AS, which would follow it in the path.
		leaves = append(leaves, leaf{"local-as/as-number", s.LocalASN}, leaf{"local-as/prepend-global-as", false})
	}
	if s.Multihop != 0 {
		leaves = append(leaves, leaf{"multihop/admin-state", "enable"})
	}
	if s.ReflectTo && s.ClusterID.IsValid() {
		leaves = append(leaves, leaf{"route-reflector/cluster-id", s.ClusterID.String()})
	}
	return leaves
}

// renderSession adds address families, secrets, and what SR Linux cannot say. Families of the instance that the session
// does not have are turned off, for it would inherit them.
func renderSession(w *dialect.Writer, source tree.Source, at path.Path, s fabric.PeerSettings, inherited []fabric.AddressFamily) {
	has := map[fabric.AddressFamily]bool{}
	for _, f := range s.Families {
		has[f.Family] = true
		renderFamily(w, source, at, f, s.SendCommunity)
	}
	for _, f := range inherited {
		if !has[f] {
			put(w, source, dialect.Below(at, familyElem(f)), leaf{"admin-state", "disable"})
		}
	}
	if s.Auth != "" {
		w.PutSecret(source, dialect.Below(at, dialect.Elem("authentication"), dialect.Elem("password")), s.Auth)
	}
	if s.TTLSecurity != 0 {
		w.Gap(source, at, "SR Linux has no TTL security (RFC 5082): the session goes without")
	}
}

func renderFamily(w *dialect.Writer, source tree.Source, at path.Path, f fabric.NeighborFamily, communities bool) {
	leaves := []leaf{{"admin-state", "enable"}}
	// A session between two AS rejects what no policy accepts, and one inside an AS accepts it, as RFC 8212 has it.
	if len(f.Import) > 0 {
		leaves = append(leaves, leaf{"import-policy", values(f.Import)})
	}
	if len(f.Export) > 0 {
		leaves = append(leaves, leaf{"export-policy", values(f.Export)})
	}
	if communities {
		leaves = append(leaves, leaf{"send-community-type", []any{"standard", "extended"}})
	}
	leaves = append(leaves, some(familyName(f.Family)+"/prefix-limit-received/max-received-routes", f.MaxPrefixes)...)
	put(w, source, dialect.Below(at, familyElem(f.Family)), leaves...)
}

func familyElem(f fabric.AddressFamily) path.Elem {
	return dialect.Elem("afi-safi", "afi-safi-name", familyName(f))
}

func familyName(f fabric.AddressFamily) string {
	if f == fabric.EVPN {
		return "evpn"
	}
	return string(f) // ipv4-unicast and ipv6-unicast
}
