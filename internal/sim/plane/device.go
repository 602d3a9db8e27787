package plane

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// A device is what the control plane needs of one configuration.
type device struct {
	name        string
	interfaces  map[string]*iface
	subs        []*subif
	instances   map[string]*instance
	prefixSets  map[string]prefixSet
	policies    map[string][]*conf.Node // statements in order
	communities map[string][]string
}

// An iface is one interface.
type iface struct {
	name      string
	enabled   bool
	aggregate string // the LAG that it is a member of
	isLAG     bool
	logical   bool // loopback, VLAN interface, LAG: no cable of its own
	path      conf.Path
}

// A subif is one layer 3 interface: a subinterface, or a VLAN's routed interface.
type subif struct {
	iface    *iface
	index    string // "" for a routed VLAN
	enabled  bool
	vlan     string
	prefixes []netip.Prefix // with the interface's own address
	instance string
	path     conf.Path
}

// An instance is one network instance.
type instance struct {
	name   string
	path   conf.Path
	bgp    *bgp
	tables []tableConnection
	static []netip.Prefix
}

// A tableConnection brings one protocol's routes into another's.
type tableConnection struct {
	from, to string
	v6       bool
	chain    chain
}

// defaultInstance is where interfaces are that no other instance has.
const defaultInstance = ""

func understand(name string, t *conf.Tree) *device {
	d := &device{name: name, interfaces: map[string]*iface{}, instances: map[string]*instance{}}
	for _, n := range t.Root.Kid("interfaces").Entries("interface") {
		d.addInterface(n)
	}
	for _, n := range t.Root.Kid("network-instances").Entries("network-instance") {
		d.addInstance(n)
	}
	d.readPolicies(t.Root.Kid("routing-policy"))
	return d
}

func (d *device) addInterface(n *conf.Node) {
	name := n.Step.Key("name")
	i := &iface{
		name: name, enabled: n.Text("config", "enabled") != "false", aggregate: n.Text("ethernet", "config", "aggregate-id"),
		path: conf.Path{{Name: "interfaces"}, n.Step},
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
			path: i.path.Join(conf.Step{Name: "subinterfaces"}, s.Step),
		}
		if sub.vlan == "" {
			sub.vlan = s.Text("vlan", "config", "vlan-id")
		}
		sub.addresses(s)
		d.subs = append(d.subs, sub)
	}
	if routed := n.Kid("routed-vlan"); routed != nil {
		sub := &subif{iface: i, enabled: i.enabled, vlan: routed.Text("config", "vlan")}
		sub.addresses(routed)
		d.subs = append(d.subs, sub)
	}
}

func (s *subif) addresses(n *conf.Node) {
	for _, family := range []string{"ipv4", "ipv6"} {
		if n.Text(family, "config", "enabled") == "false" {
			continue
		}
		for _, a := range n.At(family, "addresses").Entries("address") {
			addr, err := netip.ParseAddr(a.Step.Key("ip"))
			bits, bitsErr := strconv.Atoi(a.Text("config", "prefix-length"))
			if err == nil && bitsErr == nil {
				s.prefixes = append(s.prefixes, netip.PrefixFrom(addr, bits))
			}
		}
	}
}

func (d *device) addInstance(n *conf.Node) {
	name := n.Step.Key("name")
	in := &instance{name: name, path: conf.Path{{Name: "network-instances"}, n.Step}}
	if bareName(n.Text("config", "type")) == "DEFAULT_INSTANCE" || strings.EqualFold(name, "default") {
		in.name = defaultInstance
	}
	d.instances[in.name] = in
	if in.name != defaultInstance && bareName(n.Text("config", "type")) != "L2VSI" {
		for _, i := range n.Kid("interfaces").Entries("interface") {
			d.assign(in.name, i.Text("config", "interface"), i.Text("config", "subinterface"))
		}
	}
	for _, p := range n.Kid("protocols").Entries("protocol") {
		switch bareName(p.Step.Key("identifier")) {
		case "BGP":
			in.bgp = readBGP(p.Kid("bgp"), in.path.Join(conf.Step{Name: "protocols"}, p.Step, conf.Step{Name: "bgp"}))
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
			chain: chain{policies: c.Texts("config", "import-policy"), fallback: c.Text("config", "default-import-policy")},
		})
	}
}

// assign puts an interface, or one subinterface, into an instance.
func (d *device) assign(instance, iface, sub string) {
	for _, s := range d.subs {
		if s.iface.name == iface && (sub == "" || s.index == sub || s.index == "") {
			s.instance = instance
		}
	}
}

// owner returns the layer 3 interface that has an address in an instance, if it is enabled.
func (d *device) owner(instance string, addr netip.Addr) *subif {
	for _, s := range d.subs {
		if s.instance != instance || !s.enabled {
			continue
		}
		for _, p := range s.prefixes {
			if p.Addr() == addr {
				return s
			}
		}
	}
	return nil
}

// bareName drops the module prefix of an identity.
func bareName(text string) string {
	if _, after, ok := strings.Cut(text, ":"); ok {
		return after
	}
	return text
}
