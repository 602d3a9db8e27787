package fabric

import (
	"net/netip"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// Names of what a fabric makes itself. Intents cannot use them.
const (
	groupUnderlay = "tenter-underlay"
	groupOverlay  = "tenter-overlay"

	setLoopbacks = "tenter-loopbacks"     // every loopback of the fabric
	setOwn       = "tenter-own-loopbacks" // those of this device

	policyUnderlayIn  = "tenter-underlay-in"
	policyUnderlayOut = "tenter-underlay-out"
	policyConnected   = "tenter-connected"
	policyOverlay     = "tenter-overlay"
)

// maxPaths is enough for every uplink of the largest sizing.
const maxPaths = 64

func portID(p intent.PortRef) InterfaceID {
	return InterfaceID{Kind: Ethernet, Number: p.Number, Name: p.Name}
}

// links configures both ends of each link.
func (c *compiler) links() {
	u := &c.set.Fabric.Spec.Underlay
	for i, n := range c.numbers.links {
		at := c.set.Fabric.Source("links", i)
		end := func(local, remote intent.PortRef, addr netip.Prefix) {
			d, id := c.devices[local.Device], portID(local)
			if d == nil {
				return
			}
			d.Interfaces = append(d.Interfaces, Interface{
				ID: id, Source: at, Description: "to " + remote.String(), Enabled: true, MTU: u.L2MTU,
				Subinterfaces: []Subinterface{{Source: at, IPv4: []netip.Prefix{addr}, IPMTU: u.IPMTU}},
			})
			d.Links = append(d.Links, Link{Local: id, Peer: remote.Device, Remote: portID(remote), Source: at})
			if b := u.BFD; b != nil {
				d.BFD = append(d.BFD, BFD{
					Interface: SubinterfaceID{Interface: id}, Source: c.set.Fabric.Source("underlay", "bfd"),
					Tx: time.Duration(b.Tx), Rx: time.Duration(b.Rx), Multiplier: b.Multiplier,
				})
			}
		}
		end(n.spine, n.leaf, n.spineAddr)
		end(n.leaf, n.spine, n.leafAddr)
	}
}

// routing adds the default network instance's BGP, with underlay and overlay, and the policies that it needs.
func (c *compiler) routing(d *Device) {
	f := c.set.Fabric
	own := c.numbers.of[d.Name]
	at := f.Source("underlay")
	over := f.Source("overlay")
	source := RouterLoopback
	b := BGP{
		Source: at, ASN: own.asn, RouterID: own.router, Families: []AddressFamily{IPv4Unicast, EVPN}, MaxPaths: maxPaths,
		Groups: []PeerGroup{
			{Name: groupUnderlay, Source: at, PeerSettings: PeerSettings{
				BFD:      f.Spec.Underlay.BFD != nil,
				Families: []NeighborFamily{{Family: IPv4Unicast, Import: []string{policyUnderlayIn}, Export: []string{policyUnderlayOut}}},
			}},
			{Name: groupOverlay, Source: over, PeerSettings: PeerSettings{
				PeerASN: uint32(f.Spec.Overlay.ASN), LocalASN: uint32(f.Spec.Overlay.ASN), LocalSource: &source,
				Families: []NeighborFamily{{Family: EVPN, Import: []string{policyOverlay}, Export: []string{policyOverlay}}}, SendCommunity: true,
			}},
		},
		Redistribute: []Redistribution{{Source: at, From: Connected, Family: IPv4Unicast, Policy: policyConnected}},
	}
	if d.Role == intent.RoleSpine {
		b.Groups[1].ReflectTo = true
		b.Groups[1].ClusterID = own.router
	}
	for i, n := range c.numbers.links {
		var peer intent.PortRef
		var addr netip.Prefix
		switch d.Name {
		case n.spine.Device:
			peer, addr = n.leaf, n.leafAddr
		case n.leaf.Device:
			peer, addr = n.spine, n.spineAddr
		default:
			continue
		}
		b.Neighbors = append(b.Neighbors, Neighbor{
			Address: addr.Addr(), Source: f.Source("links", i), Group: groupUnderlay, Description: peer.String(), Peer: peer.Device,
			PeerSettings: PeerSettings{PeerASN: c.numbers.of[peer.Device].asn},
		})
	}
	for _, peer := range c.set.Devices {
		if intent.Role(peer) == d.Role {
			continue // leaves talk EVPN to the reflectors, the spines
		}
		name := intent.DeviceName(peer.Name)
		b.Neighbors = append(b.Neighbors, Neighbor{
			Address: c.numbers.of[name].router, Source: peer.Source(), Group: groupOverlay, Description: peer.Name, Peer: name,
		})
	}
	d.BGP = append(d.BGP, b)
	c.underlayPolicies(d, at)
}

// underlayPolicies lets loopbacks through the underlay and nothing else. A leaf announces only its own, so that no spine ever
// reaches another through a leaf; a spine passes on those of all leaves.
func (c *compiler) underlayPolicies(d *Device, at tree.Source) {
	d.PrefixSets = append(d.PrefixSets, c.fabricLoopbacks(at), c.ownLoopbacks(d))
	out := setOwn
	if d.Role == intent.RoleSpine {
		out = setLoopbacks
	}
	for _, p := range []struct {
		name string
		s    Statement
	}{
		{policyUnderlayIn, Statement{PrefixSet: setLoopbacks}},
		{policyUnderlayOut, Statement{PrefixSet: out}},
		{policyConnected, Statement{PrefixSet: setOwn, Protocol: Connected}},
	} {
		p.s.Name, p.s.Source, p.s.Accept = "10", at, true
		d.Policies = append(d.Policies, Policy{Name: p.name, Source: at, Statements: []Statement{p.s, {Name: "20", Source: at}}})
	}
	// Route targets alone decide what the overlay imports; the policy says so, since OpenConfig rejects by default.
	over := c.set.Fabric.Source("overlay")
	d.Policies = append(d.Policies, Policy{Name: policyOverlay, Source: over, Statements: []Statement{{Name: "10", Source: over, Accept: true}}})
}

// fabricLoopbacks matches the pools, and beside them only the addresses that devices have from elsewhere: so a new
// device usually changes nothing on the others.
func (c *compiler) fabricLoopbacks(at tree.Source) PrefixSet {
	l := c.set.Fabric.Spec.Loopbacks
	s := PrefixSet{Name: setLoopbacks, Source: at}
	for _, pool := range []netip.Prefix{l.Router, l.VTEP} {
		s.Prefixes = append(s.Prefixes, PrefixRange{Prefix: pool.Masked(), Min: 32, Max: 32})
	}
	for _, d := range c.set.Devices {
		n := c.numbers.of[intent.DeviceName(d.Name)]
		for _, a := range []netip.Addr{n.router, n.vtep} {
			if a.IsValid() && !l.Router.Contains(a) && !l.VTEP.Contains(a) {
				s.Prefixes = append(s.Prefixes, PrefixRange{Prefix: netip.PrefixFrom(a, 32), Min: 32, Max: 32})
			}
		}
	}
	return s
}

func (c *compiler) ownLoopbacks(d *Device) PrefixSet {
	s := PrefixSet{Name: setOwn, Source: d.Source}
	n := c.numbers.of[d.Name]
	for _, a := range []netip.Addr{n.router, n.vtep} {
		if a.IsValid() {
			s.Prefixes = append(s.Prefixes, PrefixRange{Prefix: netip.PrefixFrom(a, 32), Min: 32, Max: 32})
		}
	}
	return s
}
