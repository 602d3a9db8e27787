package infer

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
)

// macVRFPrefix is what the network instance of a Vlan is called, before its name.
const macVRFPrefix = "mac-vrf-"

// instance reads a network instance: the default one, that of a VLAN, or that of a VRF.
func (r *ocReader) instance(ni *node) {
	name := ni.key("name")
	switch kind := ni.text("config", "type"); {
	case kind == "L2VSI" && strings.HasPrefix(name, macVRFPrefix):
		r.macVRF(ni, strings.TrimPrefix(name, macVRFPrefix))
	case kind == "L3VRF":
		v := fabric.IPVRF{Name: name, Description: ni.text("config", "description"), RouteDistinguisher: ni.text("config", "route-distinguisher")}
		if e := first(ni.entries("evpn", "evpn-instances", "evpn-instance")); e != nil {
			v.VNI, v.EVI = e.number("vxlan", "config", "vni"), atoi(e.key("evi"))
			v.Import, v.Export = e.texts("import-export-policy", "config", "import-route-target"), e.texts("import-export-policy", "config", "export-route-target")
		}
		r.out.IPVRFs = append(r.out.IPVRFs, v)
		r.bgp(ni, name)
	case name == r.names.DefaultInstance:
		r.vtep(ni)
		r.bgp(ni, "")
	}
}

func (r *ocReader) macVRF(ni *node, name string) {
	v := fabric.MacVRF{Name: name}
	if vlan := first(ni.entries("vlans", "vlan")); vlan != nil {
		v.VLAN = atoi(vlan.key("vlan-id"))
	}
	if e := first(ni.entries("evpn", "evpn-instances", "evpn-instance")); e != nil {
		v.VNI, v.EVI, v.RouteDistinguisher = e.number("vxlan", "config", "vni"), atoi(e.key("evi")), e.text("config", "route-distinguisher")
		v.Import, v.Export = e.texts("import-export-policy", "config", "import-route-target"), e.texts("import-export-policy", "config", "export-route-target")
	}
	for _, m := range ni.entries("interfaces", "interface") {
		if id := r.id(m.text("config", "interface")); id.Name == "" {
			v.Interfaces = append(v.Interfaces, id)
		}
	}
	mac := strings.ToLower(ni.text("fdb", "config", "anycast-gateway-mac"))
	for i := range r.out.Gateways {
		if g := &r.out.Gateways[i]; g.VLAN == v.VLAN {
			g.AnycastMAC, v.VRF = mac, g.VRF
		}
	}
	r.out.MacVRFs = append(r.out.MacVRFs, v)
}

func (r *ocReader) vtep(ni *node) {
	for _, point := range ni.entries("connection-points", "connection-point") {
		for _, e := range point.entries("endpoints", "endpoint") {
			source := e.text("vxlan", "config", "source-interface")
			if source == "" {
				continue
			}
			v := &fabric.VTEP{Loopback: r.id(source)}
			for _, i := range r.out.Interfaces {
				for _, s := range i.Subinterfaces {
					if i.ID == v.Loopback && len(s.IPv4) > 0 {
						v.Address = s.IPv4[0].Addr()
					}
				}
			}
			r.out.VTEP = v
		}
	}
}

func (r *ocReader) bgp(ni *node, vrf string) {
	p := ni.entry("BGP", "protocols", "protocol")
	if p == nil {
		return
	}
	b := p.at("bgp")
	out := fabric.BGP{VRF: vrf, ASN: uint32(b.number("global", "config", "as")), RouterID: b.addr("global", "config", "router-id")}
	for _, g := range b.entries("peer-groups", "peer-group") {
		out.Groups = append(out.Groups, fabric.PeerGroup{Name: g.key("peer-group-name"), PeerSettings: session(g)})
	}
	for _, e := range b.entries("neighbors", "neighbor") {
		a, err := netip.ParseAddr(e.key("neighbor-address"))
		if err != nil {
			continue
		}
		n := fabric.Neighbor{Address: a, Group: e.text("config", "peer-group"), Description: e.text("config", "description"), PeerSettings: session(e)}
		if e.has("config", "auth-password") {
			n.Auth = "password"
		}
		out.Neighbors = append(out.Neighbors, n)
	}
	r.out.BGP = append(r.out.BGP, out)
}

// session reads what a neighbor and a group say alike.
func session(e *node) fabric.PeerSettings {
	s := fabric.PeerSettings{
		PeerASN: uint32(e.number("config", "peer-as")), LocalASN: uint32(e.number("config", "local-as")),
		BFD: e.text("enable-bfd", "config", "enabled") == "true", ReflectTo: e.text("route-reflector", "config", "route-reflector-client") == "true",
	}
	for _, f := range e.entries("afi-safis", "afi-safi") {
		family := fabric.NeighborFamily{
			Import: f.texts("apply-policy", "config", "import-policy"), Export: f.texts("apply-policy", "config", "export-policy"),
		}
		for name, as := range map[string]fabric.AddressFamily{"IPV4_UNICAST": fabric.IPv4Unicast, "IPV6_UNICAST": fabric.IPv6Unicast, "L2VPN_EVPN": fabric.EVPN} {
			if strings.HasSuffix(f.key("afi-safi-name"), name) {
				family.Family = as
			}
		}
		for _, under := range []string{"ipv4-unicast", "ipv6-unicast", "l2vpn-evpn"} {
			family.MaxPrefixes = max(family.MaxPrefixes, uint32(f.number(under, "prefix-limit-received", "config", "max-prefixes")))
		}
		s.Families = append(s.Families, family)
	}
	return s
}

func (r *ocReader) policies() {
	for _, e := range r.root.entries("routing-policy", "defined-sets", "prefix-sets", "prefix-set") {
		s := fabric.PrefixSet{Name: e.key("name"), IPv6: e.text("config", "mode") == "IPV6"}
		for _, p := range e.entries("prefixes", "prefix") {
			prefix, err := netip.ParsePrefix(p.key("ip-prefix"))
			if err != nil {
				continue
			}
			m := fabric.PrefixRange{Prefix: prefix, Min: prefix.Bits(), Max: prefix.Bits()}
			if from, to, ok := strings.Cut(p.key("masklength-range"), ".."); ok {
				m.Min, m.Max = atoi(from), atoi(to)
			}
			s.Prefixes = append(s.Prefixes, m)
		}
		r.out.PrefixSets = append(r.out.PrefixSets, s)
	}
	for _, e := range r.root.entries("routing-policy", "policy-definitions", "policy-definition") {
		p := fabric.Policy{Name: e.key("name")}
		for _, s := range e.entries("statements", "statement") {
			p.Statements = append(p.Statements, ocStatement(s))
		}
		r.out.Policies = append(r.out.Policies, p)
	}
}

func ocStatement(s *node) fabric.Statement {
	actions := s.at("actions", "bgp-actions")
	out := fabric.Statement{
		Name: s.key("name"), Accept: s.text("actions", "config", "policy-result") == "ACCEPT_ROUTE",
		PrefixSet: s.text("conditions", "match-prefix-set", "config", "prefix-set"),
		LocalPref: uint32(actions.number("config", "set-local-pref")), AddCommunities: actions.texts("set-community", "inline", "config", "communities"),
		PrependASN: uint32(actions.number("set-as-path-prepend", "config", "asn")), PrependTimes: actions.number("set-as-path-prepend", "config", "repeat-n"),
	}
	if len(out.AddCommunities) == 0 {
		out.AddCommunities = actions.texts("set-community", "inline", "config", "arista-communities")
	}
	if text := actions.text("config", "set-med"); text != "" {
		if med, err := strconv.ParseUint(text, 10, 32); err == nil {
			m := uint32(med)
			out.MED = &m
		}
	}
	switch s.text("conditions", "config", "install-protocol-eq") {
	case "DIRECTLY_CONNECTED":
		out.Protocol = fabric.Connected
	case "STATIC":
		out.Protocol = fabric.Static
	case "BGP":
		out.Protocol = fabric.BGPRoutes
	}
	return out
}

func first(list []*node) *node {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
