package frr

import (
	"cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// router returns the line of a BGP instance.
func router(b fabric.BGP) string {
	line := "router bgp " + itoa(routerASN(b))
	if b.VRF != "" {
		line += " vrf " + b.VRF
	}
	return line
}

// routerOf returns the line of the BGP instance of a VRF, "" if there is none.
func routerOf(d *fabric.Device, vrf string) string {
	for _, b := range d.BGP {
		if b.VRF == vrf {
			return router(b)
		}
	}
	return ""
}

// routerASN returns the AS that the router itself is in: that of its first iBGP sessions, else the device's own.
func routerASN(b fabric.BGP) uint32 {
	for _, g := range b.Groups {
		if g.LocalASN != 0 && g.LocalASN == g.PeerASN {
			return g.LocalASN
		}
	}
	for _, n := range b.Neighbors {
		if n.LocalASN != 0 && n.LocalASN == n.PeerASN {
			return n.LocalASN
		}
	}
	return b.ASN
}

// clusterID returns the id of the reflector, which FRR has once for all of its clients.
func clusterID(b fabric.BGP) string {
	for _, g := range b.Groups {
		if g.ClusterID.IsValid() {
			return g.ClusterID.String()
		}
	}
	return ""
}

// inherit returns a neighbor's settings over those of its group.
func inherit(n, g fabric.PeerSettings) fabric.PeerSettings {
	out := fabric.PeerSettings{
		PeerASN: cmp.Or(n.PeerASN, g.PeerASN), LocalASN: cmp.Or(n.LocalASN, g.LocalASN), LocalSource: cmp.Or(n.LocalSource, g.LocalSource),
		Families: n.Families, BFD: n.BFD || g.BFD, Multihop: cmp.Or(n.Multihop, g.Multihop), TTLSecurity: cmp.Or(n.TTLSecurity, g.TTLSecurity),
		ReflectTo: n.ReflectTo || g.ReflectTo, ClusterID: cmp.Or(n.ClusterID, g.ClusterID), Auth: cmp.Or(n.Auth, g.Auth),
		SendCommunity: n.SendCommunity || g.SendCommunity,
	}
	if len(out.Families) == 0 {
		out.Families = g.Families
	}
	return out
}

type instance struct {
	Router    string
	BGP       fabric.BGP
	ClusterID string
}

func renderBGP(w *dialect.Writer, _ dialect.Namer, i instance) {
	b := i.BGP
	put(w, b.Source, i.Router)
	if b.RouterID.IsValid() {
		put(w, b.Source, i.Router, "bgp router-id "+b.RouterID.String())
	}
	put(w, b.Source, i.Router, "bgp log-neighbor-changes")
	// Each neighbor says what it is for.
	put(w, b.Source, i.Router, "no bgp default ipv4-unicast")
	if i.ClusterID != "" {
		put(w, b.Source, i.Router, "bgp cluster-id "+i.ClusterID)
	}
	if b.MaxPaths == 0 {
		return
	}
	// Equal paths may come through neighbors of different AS, as multihomed prefixes do.
	put(w, b.Source, i.Router, "bgp bestpath as-path multipath-relax")
	for _, f := range b.Families {
		if f == fabric.EVPN {
			continue
		}
		put(w, b.Source, i.Router, family(f), "maximum-paths "+itoa(b.MaxPaths))
		put(w, b.Source, i.Router, family(f), "maximum-paths ibgp "+itoa(b.MaxPaths))
	}
}

// A session is a neighbor with what its group says of it.
type session struct {
	Router   string
	ASN      uint32 // that the router is in
	Own      uint32 // of the device
	Neighbor fabric.Neighbor
	Source   string // address that it comes from
	Profile  string // of BFD
}

func renderNeighbor(w *dialect.Writer, _ dialect.Namer, s session) {
	n := s.Neighbor
	name := "neighbor " + n.Address.String()
	line := func(text string) { put(w, n.Source, s.Router, name+" "+text) }
	line("remote-as " + itoa(n.PeerASN))
	put(w, n.Source, s.Router, "no "+name+" shutdown") // it is hidden, and so found missing where somebody shuts the session
	if n.Description != "" {
		line("description " + n.Description)
	}
	switch local := cmp.Or(n.LocalASN, s.Own); {
	case local == s.ASN:
	case local == n.PeerASN:
		gap(w, n.Source, "FRR has iBGP only in the AS of its router, %d: the session with %s is in %d and stays down", s.ASN, n.Address, local)
	default:
		line("local-as " + itoa(local) + " no-prepend replace-as")
	}
	if s.Source != "" {
		line("update-source " + s.Source)
	}
	if n.BFD {
		line("bfd")
		if s.Profile != "" {
			line("bfd profile " + s.Profile)
		}
	}
	if n.Multihop != 0 {
		line("ebgp-multihop " + itoa(n.Multihop))
	}
	if n.TTLSecurity != 0 {
		line("ttl-security hops " + itoa(n.TTLSecurity))
	}
	if n.Auth != "" {
		gap(w, n.Source, "the session with %s goes without its password, secret %q: as a line of text it would stand in plans and events", n.Address, n.Auth)
	}
	for _, f := range n.Families {
		renderFamily(w, s, name, f)
	}
}

func renderFamily(w *dialect.Writer, s session, name string, f fabric.NeighborFamily) {
	n := s.Neighbor
	if len(f.Import) > 1 || len(f.Export) > 1 {
		gap(w, n.Source, "FRR has one policy each way: the session with %s goes without %s, whose import is %q and export %q", n.Address, f.Family, f.Import, f.Export)
		return
	}
	line := func(text string) { put(w, n.Source, s.Router, family(f.Family), name+" "+text) }
	line("activate")
	if n.ReflectTo {
		line("route-reflector-client")
	}
	for _, p := range f.Import {
		line("route-map " + p + " in")
	}
	for _, p := range f.Export {
		line("route-map " + p + " out")
	}
	if f.MaxPrefixes != 0 {
		line("maximum-prefix " + itoa(f.MaxPrefixes))
	}
}

type redistribution struct {
	Router string
	R      fabric.Redistribution
}

func renderRedistribution(w *dialect.Writer, _ dialect.Namer, r redistribution) {
	line := "redistribute " + string(r.R.From)
	if r.R.Policy != "" {
		line += " route-map " + r.R.Policy
	}
	put(w, r.R.Source, r.Router, family(r.R.Family), line)
}

func family(f fabric.AddressFamily) string {
	switch f {
	case fabric.IPv4Unicast:
		return "address-family ipv4 unicast"
	case fabric.IPv6Unicast:
		return "address-family ipv6 unicast"
	}
	return "address-family l2vpn evpn"
}
