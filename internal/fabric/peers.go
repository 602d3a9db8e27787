package fabric

import (
	"net/netip"
	"slices"

	"github.com/tenter-net/tenter/internal/tree"
)

// addUnit adds a routed subinterface to a port that may already have others.
func addUnit(d *Device, id InterfaceID, i Interface, unit Subinterface) {
	k := slices.IndexFunc(d.Interfaces, func(x Interface) bool { return x.ID == id })
	if k < 0 {
		i.ID = id
		d.Interfaces = append(d.Interfaces, i)
		k = len(d.Interfaces) - 1
	}
	units := &d.Interfaces[k].Subinterfaces
	j := slices.IndexFunc(*units, func(u Subinterface) bool { return u.Index == unit.Index })
	if j < 0 {
		*units = append(*units, unit)
		return
	}
	u := &(*units)[j]
	u.IPv4, u.IPv6 = union(u.IPv4, unit.IPv4), union(u.IPv6, unit.IPv6)
}

func union(a, b []netip.Prefix) []netip.Prefix {
	for _, p := range b {
		if !slices.Contains(a, p) {
			a = append(a, p)
		}
	}
	return a
}

// peers configures external BGP sessions with the port, the subinterface and the policies that they need.
func (c *compiler) peers() {
	for _, p := range c.set.BgpPeers {
		s := &p.Spec
		d := c.devices[s.Port.Device]
		if d == nil {
			continue
		}
		vrf := c.ipVRF(d, s.Vrf)
		id := portID(s.Port)
		unit := Subinterface{Index: s.VLANTag, Source: p.Source(), Description: s.Description, VLANTag: s.VLANTag, VRF: s.Vrf}
		unit.IPv4, unit.IPv6 = families([]netip.Prefix{s.Local})
		addUnit(d, id, Interface{Source: p.Source(), Description: s.Description, Enabled: true}, unit)
		if sub := (SubinterfaceID{id, s.VLANTag}); !slices.Contains(vrf.Subinterfaces, sub) {
			vrf.Subinterfaces = append(vrf.Subinterfaces, sub)
		}
		family := IPv4Unicast
		if s.Peer.Is6() {
			family = IPv6Unicast
		}
		n := Neighbor{
			Address: s.Peer, Source: p.Source(), Description: s.Description,
			PeerSettings: PeerSettings{
				PeerASN: uint32(s.PeerASN), LocalASN: uint32(s.LocalASN), BFD: s.BFD, TTLSecurity: s.TTLSecurity, SendCommunity: true,
				Families: []NeighborFamily{{Family: family, Import: s.Import, Export: s.Export, MaxPrefixes: uint32(s.MaxPrefixes)}},
			},
		}
		if s.PasswordFrom != nil {
			n.Auth = s.PasswordFrom.Secret
		}
		for i := range d.BGP {
			if d.BGP[i].VRF == s.Vrf {
				d.BGP[i].Neighbors = append(d.BGP[i].Neighbors, n)
			}
		}
		if s.BFD {
			c.peerBFD(d, SubinterfaceID{id, s.VLANTag}, p.Source("bfd"))
		}
		for _, name := range slices.Concat(s.Import, s.Export) {
			c.policy(d, name)
		}
	}
}

// peerBFD runs BFD towards an external peer with the timers of the underlay, or those that BFD is specified with.
func (c *compiler) peerBFD(d *Device, sub SubinterfaceID, at tree.Source) {
	if slices.ContainsFunc(d.BFD, func(b BFD) bool { return b.Interface == sub }) {
		return
	}
	b := BFD{Interface: sub, Source: at, Tx: defaultBFD, Rx: defaultBFD, Multiplier: 3}
	if u := c.set.Fabric.Spec.Underlay.BFD; u != nil {
		b.Tx, b.Rx, b.Multiplier = durationOf(u.Tx), durationOf(u.Rx), u.Multiplier
	}
	d.BFD = append(d.BFD, b)
}
