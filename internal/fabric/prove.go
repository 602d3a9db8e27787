package fabric

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// prove walks the finished models, as the devices will, and reports where they would not work together. It trusts
// nothing of how Compile came to them: only what the models say counts. What was proved of the same models before is not
// walked again.
func prove(f, before *Fabric, set *intent.Set) intent.Diagnostics {
	p := &prover{set: set, f: f, by: map[intent.DeviceName]*view{}}
	if !sameUnderlay(before, f) {
		for _, d := range f.Devices {
			p.by[d.Name] = newView(d)
		}
		p.linkEnds()
		p.reachability()
	}
	p.routeTargets()
	p.segments()
	return p.out
}

type prover struct {
	set *intent.Set
	f   *Fabric
	by  map[intent.DeviceName]*view
	out intent.Diagnostics
}

func (p *prover) errorf(code intent.Code, at tree.Source, format string, args ...any) {
	p.out = append(p.out, p.set.Errorf(code, at, format, args...))
}

// A view is a device's model with what the walk looks up often.
type view struct {
	*Device
	bgp      *BGP
	ports    map[InterfaceID]*Interface
	owner    map[netip.Addr]*Interface // addresses of the default network instance
	policies map[string]*Policy
	sets     map[string]*PrefixSet
	groups   map[string]*PeerGroup
	peers    map[netip.Addr]*Neighbor
	towards  map[intent.DeviceName][]Link // by Peer
}

func newView(d *Device) *view {
	v := &view{
		Device: d, ports: map[InterfaceID]*Interface{}, owner: map[netip.Addr]*Interface{}, policies: map[string]*Policy{},
		sets: map[string]*PrefixSet{}, groups: map[string]*PeerGroup{}, peers: map[netip.Addr]*Neighbor{},
		towards: map[intent.DeviceName][]Link{},
	}
	for _, l := range d.Links {
		v.towards[l.Peer] = append(v.towards[l.Peer], l)
	}
	for i := range d.Interfaces {
		x := &d.Interfaces[i]
		v.ports[x.ID] = x
		for _, u := range x.Subinterfaces {
			for _, a := range u.IPv4 {
				if u.VRF == "" {
					v.owner[a.Addr()] = x
				}
			}
		}
	}
	for i := range d.Policies {
		v.policies[d.Policies[i].Name] = &d.Policies[i]
	}
	for i := range d.PrefixSets {
		v.sets[d.PrefixSets[i].Name] = &d.PrefixSets[i]
	}
	for i := range d.BGP {
		if d.BGP[i].VRF != "" {
			continue
		}
		v.bgp = &d.BGP[i]
		for k := range v.bgp.Groups {
			v.groups[v.bgp.Groups[k].Name] = &v.bgp.Groups[k]
		}
		for k := range v.bgp.Neighbors {
			v.peers[v.bgp.Neighbors[k].Address] = &v.bgp.Neighbors[k]
		}
	}
	return v
}

// settings are a neighbor's own with its group's where it says nothing itself.
func (v *view) settings(n *Neighbor) PeerSettings {
	s := n.PeerSettings
	g := v.groups[n.Group]
	if g == nil {
		return s
	}
	if s.PeerASN == 0 {
		s.PeerASN = g.PeerASN
	}
	if s.LocalASN == 0 {
		s.LocalASN = g.LocalASN
	}
	if s.LocalSource == nil {
		s.LocalSource = g.LocalSource
	}
	if len(s.Families) == 0 {
		s.Families = g.Families
	}
	s.BFD = s.BFD || g.BFD
	s.ReflectTo = s.ReflectTo || g.ReflectTo
	return s
}

func (s *PeerSettings) family(f AddressFamily) *NeighborFamily {
	for i := range s.Families {
		if s.Families[i].Family == f {
			return &s.Families[i]
		}
	}
	return nil
}

// localASN is the AS that the device shows to a neighbor.
func (v *view) localASN(s PeerSettings) uint32 {
	if s.LocalASN != 0 {
		return s.LocalASN
	}
	return v.bgp.ASN
}

// linkEnds proves that both ends of each link know each other and are configured alike.
func (p *prover) linkEnds() {
	for _, d := range p.f.Devices {
		for _, l := range d.Links {
			if d.Role != intent.RoleSpine {
				continue // each link is looked at once
			}
			if why := p.linkEnd(p.by[d.Name], l); why != "" {
				p.errorf(intent.CodeLinkEnds, l.Source, "link between %s and %s: %s", d.Name, l.Peer, why)
			}
		}
	}
}

func (p *prover) linkEnd(a *view, l Link) string {
	b := p.by[l.Peer]
	back := slices.ContainsFunc(b.Links, func(x Link) bool { return x.Local == l.Remote && x.Peer == a.Name && x.Remote == l.Local })
	x, y := a.ports[l.Local], b.ports[l.Remote]
	switch {
	case !back || x == nil || y == nil:
		return "only one end is configured"
	case !x.Enabled || !y.Enabled:
		return "one end is shut down"
	case x.MTU != y.MTU:
		return fmt.Sprintf("MTU %d and %d", x.MTU, y.MTU)
	case len(x.Subinterfaces) != 1 || len(y.Subinterfaces) != 1:
		return "an end is not routed"
	}
	u, v := x.Subinterfaces[0], y.Subinterfaces[0]
	if len(u.IPv4) != 1 || len(v.IPv4) != 1 || u.IPv4[0].Masked() != v.IPv4[0].Masked() || u.IPv4[0] == v.IPv4[0] {
		return fmt.Sprintf("addresses %v and %v are not the two of one subnet", u.IPv4, v.IPv4)
	}
	if u.IPMTU != v.IPMTU {
		return fmt.Sprintf("IP MTU %d and %d", u.IPMTU, v.IPMTU)
	}
	if why := session(a, b, u.IPv4[0].Addr(), v.IPv4[0].Addr(), IPv4Unicast); why != "" {
		return why
	}
	bfd := func(d *view, id InterfaceID) bool {
		return slices.ContainsFunc(d.BFD, func(x BFD) bool { return x.Interface.Interface == id })
	}
	if bfd(a, l.Local) != bfd(b, l.Remote) {
		return "BFD runs on one end only"
	}
	return ""
}

// session says why no BGP session comes up between the two addresses, or nothing.
func session(a, b *view, local, remote netip.Addr, family AddressFamily) string {
	there, back := a.peers[remote], b.peers[local]
	switch {
	case there == nil:
		return fmt.Sprintf("%s has no BGP neighbor %s", a.Name, remote)
	case back == nil:
		return fmt.Sprintf("%s has no BGP neighbor %s", b.Name, local)
	}
	s, t := a.settings(there), b.settings(back)
	switch {
	case s.PeerASN != b.localASN(t):
		return fmt.Sprintf("%s expects AS %d, and %s has %d", a.Name, s.PeerASN, b.Name, b.localASN(t))
	case t.PeerASN != a.localASN(s):
		return fmt.Sprintf("%s expects AS %d, and %s has %d", b.Name, t.PeerASN, a.Name, a.localASN(s))
	case s.family(family) == nil || t.family(family) == nil:
		return fmt.Sprintf("%s is not on both ends", family)
	case s.BFD != t.BFD:
		return "BFD guards the session on one end only"
	}
	for _, end := range []struct {
		v    *view
		s    PeerSettings
		addr netip.Addr
	}{{a, s, local}, {b, t, remote}} {
		if src := end.s.LocalSource; src != nil && end.v.owner[end.addr] != end.v.ports[*src] {
			return fmt.Sprintf("%s would not come from %s", end.v.Name, end.addr)
		}
	}
	return ""
}
