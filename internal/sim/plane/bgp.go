package plane

import (
	"net/netip"
	"strconv"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// bgp is the protocol in one instance.
type bgp struct {
	path      conf.Path
	as        uint32
	routerID  string
	families  map[string]bool
	multipath bool
	neighbors []*neighbor
}

// A neighbor is one configured session, its group's settings filled in.
type neighbor struct {
	addr     netip.Addr
	step     conf.Step
	enabled  bool
	peerAS   uint32
	localAS  uint32
	source   string // address or interface that the session comes from, "" for the one towards the neighbor
	password string
	multihop bool
	client   bool // a route reflector client
	families map[string]*family
}

// A family is what a neighbor does for one address family.
type family struct {
	enabled        bool
	imports        chain
	exports        chain
	importsDefined bool
	exportsDefined bool
}

func (n *neighbor) ibgp() bool { return n.localAS == n.peerAS }

func readBGP(n *conf.Node, path conf.Path) *bgp {
	if n == nil {
		return nil
	}
	b := &bgp{path: path, as: number(n.Text("global", "config", "as")), routerID: n.Text("global", "config", "router-id"), families: map[string]bool{}}
	b.multipath = multipath(n.At("global", "use-multiple-paths"))
	for _, a := range n.At("global", "afi-safis").Entries("afi-safi") {
		b.families[bareName(a.Step.Key("afi-safi-name"))] = a.Text("config", "enabled") == "true"
		b.multipath = b.multipath || multipath(a.Kid("use-multiple-paths"))
	}
	groups := map[string]*conf.Node{}
	for _, g := range n.Kid("peer-groups").Entries("peer-group") {
		groups[g.Step.Key("peer-group-name")] = g
	}
	for _, p := range n.Kid("neighbors").Entries("neighbor") {
		addr, err := netip.ParseAddr(p.Step.Key("neighbor-address"))
		if err != nil {
			continue
		}
		b.neighbors = append(b.neighbors, b.readNeighbor(addr, p, groups[p.Text("config", "peer-group")]))
	}
	return b
}

func multipath(n *conf.Node) bool {
	return n.Text("config", "enabled") == "true" || number(n.Text("ebgp", "config", "maximum-paths")) > 1
}

// readNeighbor reads a neighbor; what it does not say itself, its group says.
func (b *bgp) readNeighbor(addr netip.Addr, n, group *conf.Node) *neighbor {
	text := func(names ...string) string {
		if v := n.Text(names...); v != "" {
			return v
		}
		return group.Text(names...)
	}
	p := &neighbor{
		addr: addr, step: n.Step, enabled: n.Text("config", "enabled") != "false",
		peerAS: number(text("config", "peer-as")), localAS: number(text("config", "local-as")),
		source: text("transport", "config", "local-address"), password: text("config", "auth-password"),
		multihop: text("ebgp-multihop", "config", "enabled") == "true" || number(text("ebgp-multihop", "config", "multihop-ttl")) > 1,
		client:   text("route-reflector", "config", "route-reflector-client") == "true",
		families: map[string]*family{},
	}
	if p.localAS == 0 {
		p.localAS = b.as
	}
	for _, from := range []*conf.Node{n, group} {
		for _, a := range from.Kid("afi-safis").Entries("afi-safi") {
			p.family(bareName(a.Step.Key("afi-safi-name"))).read(a)
		}
		for _, f := range p.families { // policies of the whole session stand in for a family's own
			f.policies(from)
		}
	}
	return p
}

func (p *neighbor) family(name string) *family {
	if p.families[name] == nil {
		p.families[name] = &family{}
	}
	return p.families[name]
}

func (f *family) read(a *conf.Node) {
	f.enabled = f.enabled || a.Text("config", "enabled") == "true"
	f.policies(a)
}

// policies takes the policies that stand at a node, unless a nearer node had some.
func (f *family) policies(at *conf.Node) {
	apply := at.At("apply-policy", "config")
	if names := apply.Texts("import-policy"); !f.importsDefined && (names != nil || apply.Text("default-import-policy") != "") {
		f.importsDefined, f.imports = true, chain{names, apply.Text("default-import-policy")}
	}
	if names := apply.Texts("export-policy"); !f.exportsDefined && (names != nil || apply.Text("default-export-policy") != "") {
		f.exportsDefined, f.exports = true, chain{names, apply.Text("default-export-policy")}
	}
}

func number(text string) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
