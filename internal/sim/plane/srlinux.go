package plane

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// readSRLinux fills a device from SR Linux's own tree.
func readSRLinux(d *device, root *conf.Node) {
	d.show = srLinuxNames{}
	for _, n := range root.Entries("interface") {
		readSRLinuxInterface(d, n)
	}
	for _, n := range root.Entries("network-instance") {
		readSRLinuxInstance(d, n)
	}
	readSRLinuxPolicies(d, root.Kid("routing-policy"))
	readSRLinuxLLDP(d, root)
}

// on tells whether an admin-state leaf leaves what it stands in on, where the default is to be.
func on(n *conf.Node) bool { return n.Text("admin-state") != "disable" }

func readSRLinuxInterface(d *device, n *conf.Node) {
	name := n.Step.Key("name")
	i := &iface{
		name: name, enabled: on(n), aggregate: n.Text("ethernet", "aggregate-id"),
		isLAG: strings.HasPrefix(name, "lag"), management: name == "mgmt0",
	}
	i.logical = i.isLAG || slices.ContainsFunc([]string{"lo", "irb", "system"}, func(p string) bool { return strings.HasPrefix(name, p) })
	d.interfaces[name] = i
	for _, s := range n.Entries("subinterface") {
		sub := &subif{
			iface: i, index: s.Step.Key("index"), enabled: i.enabled && on(s), instance: noInstance,
			vlan: s.Text("vlan", "encap", "single-tagged", "vlan-id"),
		}
		for _, family := range []string{"ipv4", "ipv6"} {
			if s.Text(family, "admin-state") != "enable" { // off unless switched on
				continue
			}
			for _, a := range s.Kid(family).Entries("address") {
				if p, err := netip.ParsePrefix(a.Step.Key("ip-prefix")); err == nil {
					sub.prefixes = append(sub.prefixes, p)
				}
			}
		}
		d.subs = append(d.subs, sub)
	}
}

func readSRLinuxInstance(d *device, n *conf.Node) {
	in := &instance{name: n.Step.Key("name"), step: n.Step}
	kind := cmp.Or(bareName(n.Text("type")), "default")
	if kind == "default" {
		in.name = defaultInstance
	}
	d.instances[in.name] = in
	if !on(n) {
		return
	}
	if kind == "default" || kind == "ip-vrf" { // a mac-vrf has the same gateways, for its frames
		for _, member := range n.Entries("interface") {
			d.assign(in.name, func(s *subif) bool { return s.iface.name+"."+s.index == member.Step.Key("name") })
		}
	}
	if b := n.At("protocols", "bgp"); b != nil && on(b) {
		in.bgp = readSRLinuxBGP(b)
	}
	if static := n.Kid("static-routes"); on(static) {
		for _, r := range static.Entries("route") {
			if prefix, err := netip.ParsePrefix(r.Step.Key("prefix")); err == nil && on(r) {
				in.static = append(in.static, prefix.Masked())
			}
		}
	}
}

// srLinuxFamilies are the address families by SR Linux's names.
var srLinuxFamilies = map[string]string{"ipv4-unicast": ipv4Unicast, "ipv6-unicast": ipv6Unicast, "evpn": evpn}

func srLinuxFamily(n *conf.Node) string {
	return srLinuxFamilies[bareName(n.Step.Key("afi-safi-name"))]
}

func readSRLinuxBGP(n *conf.Node) *bgp {
	b := &bgp{as: number(n.Text("autonomous-system")), families: map[string]bool{}, announces: true}
	for _, a := range n.Entries("afi-safi") {
		b.families[srLinuxFamily(a)] = a.Text("admin-state") == "enable"
		for _, names := range [][]string{{"maximum-paths"}, {"ebgp", "maximum-paths"}} {
			b.multipath = b.multipath || number(a.Text(append([]string{"multipath"}, names...)...)) > 1
		}
	}
	groups := map[string]*conf.Node{}
	for _, g := range n.Entries("group") {
		groups[g.Step.Key("group-name")] = g
	}
	for _, p := range n.Entries("neighbor") {
		if addr, err := netip.ParseAddr(p.Step.Key("peer-address")); err == nil {
			b.neighbors = append(b.neighbors, readSRLinuxNeighbor(b, addr, []*conf.Node{p, groups[p.Text("peer-group")], n}))
		}
	}
	return b
}

// readSRLinuxNeighbor reads a neighbor from itself, its group and the instance, the nearest first.
func readSRLinuxNeighbor(b *bgp, addr netip.Addr, from []*conf.Node) *neighbor {
	text := func(names ...string) string {
		for _, n := range from {
			if v := n.Text(names...); v != "" {
				return v
			}
		}
		return ""
	}
	p := &neighbor{
		addr: addr, step: from[0].Step, enabled: on(from[0]) && on(from[1]),
		peerAS: number(text("peer-as")), localAS: number(text("local-as", "as-number")), source: text("transport", "local-address"),
		password: Decrypt(text("authentication", "password")), multihop: text("multihop", "admin-state") == "enable",
		client: text("route-reflector", "client") == "true", families: map[string]*family{},
	}
	if p.localAS == 0 {
		p.localAS = b.as
	}
	for name, family := range srLinuxFamilies {
		near := func(leaf string) *conf.Node { // the nearest node that says it of the family
			for _, n := range from {
				for _, a := range n.Entries("afi-safi") {
					if srLinuxFamily(a) == family && a.Kid(leaf) != nil {
						return a
					}
				}
			}
			return nil
		}
		enabled := near("admin-state")
		if enabled == nil {
			continue
		}
		f := p.family(srLinuxFamilies[name])
		f.enabled = enabled.Text("admin-state") == "enable"
		f.imports = p.srLinuxChain(near, from, "import")
		f.exports = p.srLinuxChain(near, from, "export")
	}
	return p
}

// srLinuxChain returns the policies of one direction. What they leave open is accepted inside of an AS and rejected
// between two, unless the configuration says otherwise (default-import-policy, ebgp-default-policy).
func (n *neighbor) srLinuxChain(near func(string) *conf.Node, from []*conf.Node, direction string) chain {
	c := chain{fallback: reject}
	if n.ibgp() || from[len(from)-1].Text("ebgp-default-policy", direction+"-reject-all") == "false" {
		c.fallback = accept
	}
	switch near("default-" + direction + "-policy").Text("default-" + direction + "-policy") {
	case "accept":
		c.fallback = accept
	case "reject":
		c.fallback = reject
	}
	if a := near(direction + "-policy"); a != nil {
		c.policies = a.Texts(direction + "-policy")
		return c
	}
	for _, at := range from { // policies of the whole session
		if names := at.Texts(direction + "-policy"); names != nil {
			c.policies = names
			break
		}
	}
	return c
}

func readSRLinuxPolicies(d *device, n *conf.Node) {
	for _, s := range n.Entries("prefix-set") {
		var set prefixSet
		for _, p := range s.Entries("prefix") {
			if r, ok := parseRange(p.Step.Key("ip-prefix"), p.Step.Key("mask-length-range")); ok {
				set = append(set, r)
			}
		}
		d.prefixSets[s.Step.Key("name")] = set
	}
	options := map[string]string{}
	for _, s := range n.Entries("community-set") {
		d.communities[s.Step.Key("name")] = s.Texts("member")
		options[s.Step.Key("name")] = s.Text("match-set-options")
	}
	for _, p := range n.Entries("policy") {
		out := policy{fallback: srLinuxAction(d, p.Kid("default-action"))}
		for _, s := range p.Entries("statement") {
			next := srLinuxAction(d, s.Kid("action"))
			next.srLinuxConditions(s.Kid("match"), options)
			out.statements = append(out.statements, next)
		}
		d.policies[p.Step.Key("name")] = out
	}
}

// srLinuxAction reads what happens to a route, of a statement or by default.
func srLinuxAction(d *device, n *conf.Node) statement {
	s := statement{localPref: numberAt(n.Text("bgp", "local-preference", "set"))}
	if n.Text("bgp", "med", "operation") == "set" {
		s.med = numberAt(n.Text("bgp", "med", "value"))
	}
	if asn := number(n.Text("bgp", "as-path", "prepend", "as-number")); asn != 0 {
		s.prepend = slices.Repeat([]uint32{asn}, int(max(number(n.Text("bgp", "as-path", "prepend", "repeat-n")), 1)))
	}
	s.communitiesAdd = d.communities[n.Text("bgp", "communities", "add")]
	if set := n.Text("bgp", "communities", "replace"); set != "" {
		s.communitiesAdd, s.replace = d.communities[set], true
	}
	switch n.Text("policy-result") {
	case "accept":
		s.result = accept
	case "reject":
		s.result = reject
	case "next-policy":
		s.result = nextPolicy
	}
	return s
}

// srLinuxProtocols are the owners of routes by SR Linux's names.
var srLinuxProtocols = map[string]string{"local": "DIRECTLY_CONNECTED", "static": "STATIC", "bgp": "BGP"}

func (s *statement) srLinuxConditions(n *conf.Node, options map[string]string) {
	if n == nil {
		return
	}
	for _, kid := range n.Kids() {
		switch kid.Step.Name {
		case "protocol":
			name := bareName(kid.Value.Text)
			s.protocol = cmp.Or(srLinuxProtocols[name], name)
		case "prefix":
			s.prefixes = setMatch{set: kid.Text("prefix-set")}
		case "call-policy":
			s.calls = n.Texts("call-policy")
		case "bgp":
			set := kid.Text("community-set")
			s.communities = setMatch{set: set, invert: options[set] == "invert", all: cmp.Or(options[set], "all") == "all"}
			s.unknown = s.unknown || slices.ContainsFunc(kid.Kids(), func(c *conf.Node) bool { return c.Step.Name != "community-set" })
		default:
			s.unknown = true
		}
	}
}
