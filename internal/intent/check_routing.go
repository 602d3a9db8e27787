package intent

import (
	"net/netip"
	"slices"
	"strings"
)

// bgpPeers checks where external sessions are, between which addresses, and that policies exist.
func (c *checker) bgpPeers() {
	type session struct {
		device DeviceName
		vrf    string
		peer   netip.Addr
	}
	type unit struct {
		port PortRef
		tag  int
	}
	sessions := map[session]*BgpPeer{}
	units := map[unit]*BgpPeer{}
	locals := map[netip.Addr]*BgpPeer{}
	for _, p := range c.BgpPeers {
		s := &p.Spec
		if d := c.device(p.Document, At{"port"}, s.Port.Device); d != nil && Role(d) == RoleSpine {
			c.add(p.Errorf(CodeHostOnSpine, At{"port"}, "%s is a spine: external peers are on leaves", d.Name).WithRelated(d.Source(), d.Name))
		}
		reference(c, p.Document, At{"vrf"}, KindVrf, c.Vrfs, s.Vrf)
		for i, n := range s.Import {
			reference(c, p.Document, At{"import", i}, KindRoutePolicy, c.RoutePolicies, n)
		}
		for i, n := range s.Export {
			reference(c, p.Document, At{"export", i}, KindRoutePolicy, c.RoutePolicies, n)
		}
		c.peerAddresses(p)
		if k := (session{s.Port.Device, s.Vrf, s.Peer}); s.Peer.IsValid() && s.Vrf != "" {
			if o := sessions[k]; o != nil {
				c.add(p.Errorf(CodePeerTwice, At{"peer"}, "BgpPeers %q and %q are both with %s in Vrf %q of %s", o.Name, p.Name, s.Peer, s.Vrf, k.device).WithRelated(o.Source("peer"), o.Name))
			}
			sessions[k] = p
		}
		k := unit{s.Port, s.VLANTag}
		if o := units[k]; o != nil && o.Spec.Vrf != s.Vrf && s.Port.Device != "" {
			c.add(p.Errorf(CodePeerVRF, At{"vrf"}, "port %s with VLAN tag %d is already in Vrf %q", s.Port, s.VLANTag, o.Spec.Vrf).WithRelated(o.Source("vrf"), o.Name))
		}
		units[k] = p
		if a := s.Local.Addr(); a.IsValid() {
			if o := locals[a]; o != nil && o.Spec.Vrf == s.Vrf && (unit{o.Spec.Port, o.Spec.VLANTag}) != k {
				c.add(p.Errorf(CodeAddressTwice, At{"local"}, "%s is also the address of BgpPeer %q on port %s", a, o.Name, o.Spec.Port).WithRelated(o.Source("local"), o.Name))
			}
			locals[a] = p
		}
	}
}

func (c *checker) peerAddresses(p *BgpPeer) {
	local, peer := p.Spec.Local, p.Spec.Peer
	if !local.IsValid() || !peer.IsValid() {
		return
	}
	switch {
	case local.Addr() == peer:
		c.add(p.Errorf(CodePeerSubnet, At{"peer"}, "the peer has the local address %s", peer).WithRelated(p.Source("local"), "local"))
	case !local.Contains(peer):
		c.add(p.Errorf(CodePeerSubnet, At{"peer"}, "%s is not in the subnet %s of the local address", peer, local.Masked()).WithRelated(p.Source("local"), "local"))
	case local.Bits() < local.Addr().BitLen()-1 && local.Addr() == local.Masked().Addr():
		c.add(p.Errorf(CodeAddress, At{"local"}, "%s is the address of the subnet itself", local.Addr()))
	}
}

// routePolicies checks each policy by itself, and warns of one that nothing uses.
func (c *checker) routePolicies() {
	used := map[string]bool{}
	for _, p := range c.BgpPeers {
		for _, n := range append(append([]string{}, p.Spec.Import...), p.Spec.Export...) {
			used[n] = true
		}
	}
	for _, p := range c.RoutePolicies {
		if strings.HasPrefix(p.Name, "tenter-") {
			c.add(p.errorAt(CodeReserved, At{"metadata", "name"}, "the name %q is reserved for what the fabric makes itself", p.Name))
		}
		if !used[p.Name] && !c.lost {
			g := p.errorAt(CodeUnused, At{"metadata", "name"}, "no BgpPeer uses RoutePolicy %q, so it is on no device", p.Name)
			g.Severity = SeverityWarning
			c.add(g)
		}
		c.prefixSets(p)
		c.statements(p)
	}
}

func (c *checker) prefixSets(p *RoutePolicy) {
	first := map[string]int{}
	for i, s := range p.Spec.PrefixSets {
		if j, ok := first[s.Name]; ok && s.Name != "" {
			c.add(p.Errorf(CodeNameTwice, At{"prefixSets", i, "name"}, "there are two prefix sets with the name %q", s.Name).
				WithRelated(p.Source("prefixSets", j, "name"), "first here"))
		}
		first[s.Name] = i
		if err := checkName(s.Name); err != nil && s.Name != "" {
			c.add(p.Errorf(CodeBadName, At{"prefixSets", i, "name"}, "the name %q cannot be used: %s", s.Name, err))
		}
		var family netip.Prefix
		for k, m := range s.Prefixes {
			at := At{"prefixSets", i, "prefixes", k}
			switch most := m.Prefix.Addr().BitLen(); {
			case !m.Prefix.IsValid():
				continue
			case m.Prefix != m.Prefix.Masked():
				c.add(p.Errorf(CodeAddress, append(at, "prefix"), "%s has bits beyond its prefix length", m.Prefix).WithHint("%s", m.Prefix.Masked()))
			case family.IsValid() && family.Addr().Is4() != m.Prefix.Addr().Is4():
				c.add(p.Errorf(CodePrefixRange, append(at, "prefix"), "a prefix set is IPv4 or IPv6, not both").WithHint("make two sets and a statement for each"))
			case m.GE > most || m.LE > most:
				c.add(p.Errorf(CodePrefixRange, at, "prefix lengths of this family go up to %d", most))
			case m.GE != 0 && m.GE < m.Prefix.Bits() || m.LE != 0 && m.LE < max(m.Prefix.Bits(), m.GE):
				c.add(p.Errorf(CodePrefixRange, at, "no prefix length is right: %d <= ge <= le is expected", m.Prefix.Bits()))
			}
			if !family.IsValid() {
				family = m.Prefix
			}
		}
	}
}

func (c *checker) statements(p *RoutePolicy) {
	var sets []string
	for _, s := range p.Spec.PrefixSets {
		sets = append(sets, s.Name)
	}
	all := -1
	for i, s := range p.Spec.Statements {
		at := At{"statements", i}
		if all >= 0 {
			c.add(p.Errorf(CodeUnreachable, at, "no route gets here: an earlier statement matches every one").
				WithRelated(p.Source("statements", all), "matches every route"))
		}
		if s.Match == nil || *s.Match == (MatchSpec{}) {
			if _, broken := lookup(p.node(append(At{"spec"}, at...)), "match"); broken == nil {
				all = i
			} else if s.Match != nil && len(broken.Content) == 0 {
				c.add(p.Errorf(CodeEmpty, append(at, "match"), "match is empty").WithHint("leave it out to match every route"))
			}
		}
		if s.Match != nil && s.Match.PrefixSet != "" {
			if !slices.Contains(sets, s.Match.PrefixSet) {
				c.add(p.Errorf(CodeDangling, append(at, "match", "prefixSet"), "there is no prefix set %q in this policy", s.Match.PrefixSet).
					WithHint("%s", nearest(s.Match.PrefixSet, sets)))
			}
		}
		if s.Set != nil && s.Action == "reject" {
			c.add(p.Errorf(CodeCombination, append(at, "set"), "a rejected route has no attributes to set"))
		}
	}
}
