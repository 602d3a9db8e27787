package plane

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// readOpenConfig fills a device from a tree of OpenConfig.
func readOpenConfig(d *device, root *conf.Node) {
	d.show = openConfigNames{}
	for _, n := range root.Kid("interfaces").Entries("interface") {
		readOpenConfigInterface(d, n)
	}
	for _, n := range root.Kid("network-instances").Entries("network-instance") {
		readOpenConfigInstance(d, n)
	}
	readOpenConfigPolicies(d, root.Kid("routing-policy"))
	readOpenConfigLLDP(d, root)
}

func readOpenConfigInterface(d *device, n *conf.Node) {
	name := n.Step.Key("name")
	i := &iface{
		name: name, enabled: n.Text("config", "enabled") != "false", aggregate: n.Text("ethernet", "config", "aggregate-id"),
		management: name == "Management0",
	}
	switch bareName(n.Text("config", "type")) {
	case "softwareLoopback", "l3ipvlan", "propVirtual":
		i.logical = true
	case "ieee8023adLag":
		i.logical, i.isLAG = true, true
	}
	if n.Kid("routed-vlan") != nil || strings.HasPrefix(name, "Loopback") {
		i.logical = true
	}
	d.interfaces[name] = i
	for _, s := range n.Kid("subinterfaces").Entries("subinterface") {
		sub := &subif{
			iface: i, index: s.Step.Key("index"), enabled: i.enabled && s.Text("config", "enabled") != "false",
			vlan: s.Text("vlan", "match", "single-tagged", "config", "vlan-id"),
		}
		if sub.vlan == "" {
			sub.vlan = s.Text("vlan", "config", "vlan-id")
		}
		sub.prefixes = openConfigAddresses(s)
		d.subs = append(d.subs, sub)
	}
	if routed := n.Kid("routed-vlan"); routed != nil {
		d.subs = append(d.subs, &subif{
			iface: i, hidden: true, enabled: i.enabled, vlan: routed.Text("config", "vlan"), prefixes: openConfigAddresses(routed),
		})
	}
}

func openConfigAddresses(n *conf.Node) []netip.Prefix {
	var out []netip.Prefix
	for _, family := range []string{"ipv4", "ipv6"} {
		if n.Text(family, "config", "enabled") == "false" {
			continue
		}
		for _, a := range n.At(family, "addresses").Entries("address") {
			addr, err := netip.ParseAddr(a.Step.Key("ip"))
			bits, bitsErr := strconv.Atoi(a.Text("config", "prefix-length"))
			if err == nil && bitsErr == nil {
				out = append(out, netip.PrefixFrom(addr, bits))
			}
		}
	}
	return out
}

func readOpenConfigInstance(d *device, n *conf.Node) {
	in := &instance{name: n.Step.Key("name"), step: n.Step}
	if bareName(n.Text("config", "type")) == "DEFAULT_INSTANCE" || strings.EqualFold(in.name, "default") {
		in.name = defaultInstance
	}
	d.instances[in.name] = in
	if in.name != defaultInstance && bareName(n.Text("config", "type")) != "L2VSI" {
		for _, i := range n.Kid("interfaces").Entries("interface") {
			name, index := i.Text("config", "interface"), i.Text("config", "subinterface")
			d.assign(in.name, func(s *subif) bool {
				return s.iface.name == name && (index == "" || s.index == index || s.index == "")
			})
		}
	}
	for _, p := range n.Kid("protocols").Entries("protocol") {
		switch bareName(p.Step.Key("identifier")) {
		case "BGP":
			in.bgp = readOpenConfigBGP(d, p)
		case "STATIC":
			for _, s := range p.Kid("static-routes").Entries("static") {
				if prefix, err := netip.ParsePrefix(s.Step.Key("prefix")); err == nil {
					in.static = append(in.static, prefix.Masked())
				}
			}
		}
	}
	for _, c := range n.Kid("table-connections").Entries("table-connection") {
		in.tables = append(in.tables, tableConnection{
			from: bareName(c.Step.Key("src-protocol")), to: bareName(c.Step.Key("dst-protocol")),
			v6:    bareName(c.Step.Key("address-family")) == "IPV6",
			chain: openConfigChain(c.Texts("config", "import-policy"), c.Text("config", "default-import-policy")),
		})
	}
}

// openConfigChain is a chain of OpenConfig, whose default is to reject.
func openConfigChain(policies []string, fallback string) chain {
	c := chain{policies: policies}
	if fallback == "ACCEPT_ROUTE" {
		c.fallback = accept
	}
	return c
}

// readOpenConfigBGP reads the entry of the protocol, nil where there is nothing in it.
func readOpenConfigBGP(d *device, protocol *conf.Node) *bgp {
	n := protocol.Kid("bgp")
	if n == nil {
		return nil
	}
	b := &bgp{step: protocol.Step, as: number(n.Text("global", "config", "as")), families: map[string]bool{}}
	b.multipath = openConfigMultipath(n.At("global", "use-multiple-paths"))
	for _, a := range n.At("global", "afi-safis").Entries("afi-safi") {
		b.families[bareName(a.Step.Key("afi-safi-name"))] = a.Text("config", "enabled") == "true"
		b.multipath = b.multipath || openConfigMultipath(a.Kid("use-multiple-paths"))
	}
	groups := map[string]*conf.Node{}
	for _, g := range n.Kid("peer-groups").Entries("peer-group") {
		groups[g.Step.Key("peer-group-name")] = g
	}
	for _, p := range n.Kid("neighbors").Entries("neighbor") {
		if addr, err := netip.ParseAddr(p.Step.Key("neighbor-address")); err == nil {
			b.neighbors = append(b.neighbors, readOpenConfigNeighbor(d, b, addr, p, groups[p.Text("config", "peer-group")]))
		}
	}
	return b
}

func openConfigMultipath(n *conf.Node) bool {
	return n.Text("config", "enabled") == "true" || number(n.Text("ebgp", "config", "maximum-paths")) > 1
}

// readOpenConfigNeighbor reads a neighbor; what it does not say itself, its group says.
func readOpenConfigNeighbor(d *device, b *bgp, addr netip.Addr, n, group *conf.Node) *neighbor {
	text := func(names ...string) string {
		if v := n.Text(names...); v != "" {
			return v
		}
		return group.Text(names...)
	}
	p := &neighbor{
		addr: addr, step: n.Step, enabled: n.Text("config", "enabled") != "false",
		peerAS: number(text("config", "peer-as")), localAS: number(text("config", "local-as")),
		source: text("transport", "config", "local-address"), password: Decrypt(text("config", "auth-password")),
		multihop: text("ebgp-multihop", "config", "enabled") == "true" || number(text("ebgp-multihop", "config", "multihop-ttl")) > 1,
		client:   text("route-reflector", "config", "route-reflector-client") == "true",
		families: map[string]*family{},
	}
	if p.localAS == 0 {
		p.localAS = b.as
	}
	imports, exports := map[*family]bool{}, map[*family]bool{} // those that a nearer node has policies for
	take := func(f *family, at *conf.Node) {
		apply := at.At("apply-policy", "config")
		if names := apply.Texts("import-policy"); !imports[f] && (names != nil || apply.Text("default-import-policy") != "") {
			imports[f], f.imports = true, openConfigChain(names, apply.Text("default-import-policy"))
		}
		if names := apply.Texts("export-policy"); !exports[f] && (names != nil || apply.Text("default-export-policy") != "") {
			exports[f], f.exports = true, openConfigChain(names, apply.Text("default-export-policy"))
		}
	}
	for _, from := range []*conf.Node{n, group} {
		for _, a := range from.Kid("afi-safis").Entries("afi-safi") {
			f := p.family(bareName(a.Step.Key("afi-safi-name")))
			f.enabled = f.enabled || a.Text("config", "enabled") == "true"
			take(f, a)
		}
		for _, f := range p.families { // policies of the whole session stand in for a family's own
			take(f, from)
		}
	}
	for _, f := range p.families {
		if d.open && !imports[f] {
			f.imports.fallback = accept
		}
		if d.open && !exports[f] {
			f.exports.fallback = accept
		}
	}
	return p
}

func readOpenConfigPolicies(d *device, n *conf.Node) {
	for _, s := range n.At("defined-sets", "prefix-sets").Entries("prefix-set") {
		var set prefixSet
		for _, p := range s.Kid("prefixes").Entries("prefix") {
			if r, ok := parseRange(p.Step.Key("ip-prefix"), p.Step.Key("masklength-range")); ok {
				set = append(set, r)
			}
		}
		d.prefixSets[s.Step.Key("name")] = set
	}
	for _, s := range n.At("defined-sets", "bgp-defined-sets", "community-sets").Entries("community-set") {
		d.communities[s.Step.Key("community-set-name")] = s.Texts("config", "community-member")
	}
	for _, p := range n.Kid("policy-definitions").Entries("policy-definition") {
		var out policy
		for _, s := range p.Kid("statements").Entries("statement") {
			out.statements = append(out.statements, openConfigStatement(s))
		}
		d.policies[p.Step.Key("name")] = out
	}
}

func openConfigStatement(n *conf.Node) statement {
	var s statement
	if c := n.Kid("conditions"); c != nil {
		for _, kid := range c.Kids() {
			s.openConfigCondition(kid)
		}
	}
	set := n.At("actions", "bgp-actions")
	s.localPref, s.med = numberAt(set.Text("config", "set-local-pref")), numberAt(set.Text("config", "set-med"))
	if asn := number(set.Text("set-as-path-prepend", "config", "asn")); asn != 0 {
		s.prepend = slices.Repeat([]uint32{asn}, int(max(number(set.Text("set-as-path-prepend", "config", "repeat-n")), 1)))
	}
	if add := set.Texts("set-community", "inline", "config", "communities"); add != nil {
		s.communitiesAdd, s.replace = add, set.Text("set-community", "config", "options") == "REPLACE"
	}
	switch n.Text("actions", "config", "policy-result") {
	case "ACCEPT_ROUTE":
		s.result = accept
	case "REJECT_ROUTE":
		s.result = reject
	}
	return s
}

func (s *statement) openConfigCondition(n *conf.Node) {
	match := func(n *conf.Node, set string) setMatch {
		options := n.Text("config", "match-set-options")
		return setMatch{set: n.Text("config", set), invert: options == "INVERT", all: options == "ALL"}
	}
	switch n.Step.Name {
	case "config":
		s.protocol = bareName(n.Text("install-protocol-eq"))
		if call := n.Text("call-policy"); call != "" {
			s.calls = append(s.calls, call)
		}
	case "match-prefix-set":
		s.prefixes = match(n, "prefix-set")
	case "bgp-conditions":
		for _, kid := range n.Kids() {
			if kid.Step.Name != "match-community-set" {
				s.unknown = true
				continue
			}
			s.communities = match(kid, "community-set")
		}
	default:
		s.unknown = true
	}
}
