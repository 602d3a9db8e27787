package fabric

import (
	"net/netip"
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
)

// A route is what one BGP speaker tells another of a loopback.
type route struct {
	prefix netip.Prefix
	from   Protocol
	path   []uint32 // AS path
}

// reachability proves that every VTEP has a route to every other over every spine, and that EVPN routes get there.
func (p *prover) reachability() {
	var spines, leaves []*view
	for _, d := range p.f.Devices {
		if d.Role == intent.RoleSpine {
			spines = append(spines, p.by[d.Name])
		} else {
			leaves = append(leaves, p.by[d.Name])
		}
	}
	for _, s := range spines {
		p.reachOver(s, leaves)
	}
}

// reachOver walks each leaf's VTEP up to the spine and down to every other leaf. What goes wrong on the way up is
// reported once, not once for every other leaf.
func (p *prover) reachOver(spine *view, leaves []*view) {
	told := map[*view]*route{}
	for _, l := range leaves {
		why := p.overlay(l, spine)
		if why == "" {
			told[l], why = p.originate(l, spine)
		}
		if why != "" {
			p.errorf(intent.CodeNoRoute, l.Source, "the VTEP of %s is not reachable over %s: %s", l.Name, spine.Name, why)
		}
	}
	for _, from := range leaves {
		if told[from] == nil {
			continue
		}
		for _, to := range leaves {
			if to == from || told[to] == nil {
				continue
			}
			if _, why := p.announce(spine, to, *told[from]); why != "" {
				p.errorf(intent.CodeNoRoute, to.Source, "%s has no route to the VTEP of %s over %s: %s", to.Name, from.Name, spine.Name, why)
				break // the next leaf's would fail alike
			}
		}
	}
}

// overlay says why a leaf and a reflector exchange no EVPN routes, or nothing.
func (p *prover) overlay(leaf, spine *view) string {
	if leaf.bgp == nil || spine.bgp == nil {
		return "there is no BGP"
	}
	local, remote := leaf.bgp.RouterID, spine.bgp.RouterID
	if why := session(leaf, spine, local, remote, EVPN); why != "" {
		return why
	}
	if s := spine.settings(spine.peers[local]); !s.ReflectTo {
		return string(spine.Name) + " does not reflect routes to it"
	}
	return ""
}

// originate walks the leaf's VTEP address from its loopback into BGP and to the spine.
func (p *prover) originate(leaf, spine *view) (*route, string) {
	if leaf.VTEP == nil {
		return nil, "it has no VTEP"
	}
	r := route{prefix: netip.PrefixFrom(leaf.VTEP.Address, 32), from: Connected}
	loop := leaf.owner[leaf.VTEP.Address]
	if loop == nil || !loop.Enabled || loop.ID != leaf.VTEP.Loopback {
		return nil, "no loopback has its address"
	}
	in := slices.ContainsFunc(leaf.bgp.Redistribute, func(x Redistribution) bool {
		return x.From == Connected && x.Family == IPv4Unicast && (x.Policy == "" || leaf.accepts([]string{x.Policy}, r))
	})
	if !in {
		return nil, "it is not redistributed into BGP"
	}
	return p.announce(leaf, spine, r)
}

// announce passes a route over one of the links between two devices, and says why none takes it.
func (p *prover) announce(from, to *view, r route) (*route, string) {
	why := "there is no link"
	for _, l := range from.towards[to.Name] {
		local, ok := linkAddr(from, l.Local)
		remote, there := linkAddr(to, l.Remote)
		if !ok || !there {
			why = "the link has no addresses"
			continue
		}
		if why = session(from, to, local, remote, IPv4Unicast); why != "" {
			continue
		}
		s, t := from.settings(from.peers[remote]), to.settings(to.peers[local])
		next := route{prefix: r.prefix, from: BGPRoutes, path: append([]uint32{from.localASN(s)}, r.path...)}
		switch {
		case !from.accepts(s.family(IPv4Unicast).Export, r):
			why = "the export policy of " + string(from.Name) + " rejects it"
		case slices.Contains(next.path, to.bgp.ASN):
			why = "the AS of " + string(to.Name) + " is already in its path"
		case !to.accepts(t.family(IPv4Unicast).Import, next):
			why = "the import policy of " + string(to.Name) + " rejects it"
		default:
			return &next, ""
		}
	}
	return nil, why
}

func linkAddr(v *view, id InterfaceID) (netip.Addr, bool) {
	i := v.ports[id]
	if i == nil || !i.Enabled || len(i.Subinterfaces) == 0 || len(i.Subinterfaces[0].IPv4) == 0 {
		return netip.Addr{}, false
	}
	return i.Subinterfaces[0].IPv4[0].Addr(), true
}

// accepts runs a route through a chain of policies. A chain that decides nothing rejects, as RFC 8212 has it.
func (v *view) accepts(chain []string, r route) bool {
	for _, name := range chain {
		p := v.policies[name]
		if p == nil {
			return false
		}
		for _, s := range p.Statements {
			if v.matches(s, r) {
				return s.Accept
			}
		}
	}
	return false
}

func (v *view) matches(s Statement, r route) bool {
	if s.Protocol != "" && s.Protocol != r.from {
		return false
	}
	if s.PrefixSet == "" {
		return true
	}
	set := v.sets[s.PrefixSet]
	return set != nil && slices.ContainsFunc(set.Prefixes, func(x PrefixRange) bool {
		return x.Prefix.Contains(r.prefix.Addr()) && r.prefix.Bits() >= x.Min && r.prefix.Bits() <= x.Max
	})
}
