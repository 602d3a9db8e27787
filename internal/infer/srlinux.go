package infer

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// srLinux reads a device's SR Linux configuration as the model that package render/srlinux would render it from, as far
// as that goes.
func srLinux(t *tree.Tree, names profile.Names) *fabric.Device {
	root := picture(t, "srl_nokia")
	r := &srlReader{root: root, names: names, instances: map[string]string{}, out: &fabric.Device{}}
	for _, ni := range root.entries("network-instance") {
		for _, m := range ni.entries("interface") {
			if ni.text("type") != "mac-vrf" {
				r.instances[m.key("name")] = ni.key("name")
			}
		}
	}
	r.system()
	for _, i := range root.entries("interface") {
		r.iface(i)
	}
	for _, ni := range root.entries("network-instance") {
		r.instance(ni)
	}
	for _, e := range root.entries("bfd", "subinterface") {
		id, index := r.unit(e.key("id"))
		micros := func(name string) time.Duration { return time.Duration(e.number(name)) * time.Microsecond }
		r.out.BFD = append(r.out.BFD, fabric.BFD{
			Interface: fabric.SubinterfaceID{Interface: id, Index: index},
			Tx:        micros("desired-minimum-transmit-interval"), Rx: micros("required-minimum-receive"), Multiplier: e.number("detection-multiplier"),
		})
	}
	r.segments()
	r.policies()
	return r.out
}

type srlReader struct {
	root      *node
	names     profile.Names
	instances map[string]string // routed unit -> network instance
	out       *fabric.Device
}

func (r *srlReader) system() {
	s, y := r.root.at("system"), &r.out.System
	y.Hostname.Value = s.text("name", "host-name")
	y.Domain.Value = s.text("name", "domain-name")
	y.Login.Value = s.text("banner", "login-banner")
	y.MOTD.Value = s.text("banner", "motd-banner")
	y.Timezone.Value = s.text("clock", "timezone")
	other := func(name string) string { // an instance that servers are not reached through anyway
		if name == "mgmt" {
			return ""
		}
		return name
	}
	for _, e := range s.entries("ntp", "server") {
		y.NTP = append(y.NTP, fabric.Server{Address: e.key("address"), Prefer: e.text("prefer") == "true", VRF: other(s.text("ntp", "network-instance"))})
	}
	for _, t := range s.texts("dns", "search-list") {
		y.Search = append(y.Search, fabric.Text{Value: t})
	}
	for _, t := range s.texts("dns", "server-list") {
		y.DNS = append(y.DNS, fabric.Server{Address: t})
	}
	for _, e := range s.entries("logging", "remote-server") {
		l := fabric.Syslog{Address: e.key("host"), Port: e.number("remote-port"), VRF: other(s.text("logging", "network-instance"))}
		for _, f := range e.entries("facility") {
			l.Facility, l.Severity = f.key("facility-name"), f.text("priority", "match-above")
			for intents, device := range map[string]string{"kernel": "kern", "system": "daemon", "security": "auth"} {
				if l.Facility == device {
					l.Facility = intents
				}
			}
		}
		y.Syslog = append(y.Syslog, l)
	}
}

// id returns what an interface is to intents, by its name. The VTEP's loopback has a name of its own.
func (r *srlReader) id(name string) fabric.InterfaceID {
	if name == "system0" {
		return fabric.VTEPLoopback
	}
	return (&ocReader{names: r.names}).id(name)
}

// unit returns interface and index of "ethernet-1/49.0".
func (r *srlReader) unit(name string) (fabric.InterfaceID, int) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return r.id(name), 0
	}
	return r.id(name[:dot]), atoi(name[dot+1:])
}

func (r *srlReader) iface(i *node) {
	name := i.key("name")
	for _, s := range i.entries("subinterface") {
		if vlan, ok := numberIn(r.names.VLAN, name+"."+s.key("index")); ok {
			r.out.Gateways = append(r.out.Gateways, fabric.Gateway{
				VLAN: vlan, Description: s.text("description"), VRF: r.instances[name+"."+s.key("index")], IPMTU: s.number("ip-mtu"),
				IPv4: prefixes(s.at("ipv4")), IPv6: prefixes(s.at("ipv6")), AnycastMAC: strings.ToLower(s.text("anycast-gw", "anycast-gw-mac")),
			})
		}
	}
	if strings.HasPrefix(r.names.VLAN, name+".") {
		return
	}
	out := fabric.Interface{
		ID: r.id(name), Description: i.text("description"), Enabled: i.text("admin-state") != "disable", MTU: i.number("mtu"),
	}
	if lag := i.text("ethernet", "aggregate-id"); lag != "" {
		id := r.id(lag)
		out.MemberOf = &id
	}
	if l := i.at("lag"); l != nil {
		out.Bundle = &fabric.Bundle{MinLinks: l.number("min-links")}
		if l.text("lag-type") == "lacp" {
			out.Bundle.LACP = &fabric.LACP{Fast: l.text("lacp", "interval") == "FAST", SystemID: strings.ToLower(l.text("lacp", "system-id-mac"))}
		}
	}
	r.subinterfaces(i, &out)
	r.out.Interfaces = append(r.out.Interfaces, out)
}

// subinterfaces reads bridged subinterfaces, whose index is their VLAN's id, as one switched port, and the others as they are.
func (r *srlReader) subinterfaces(i *node, out *fabric.Interface) {
	tagged := i.text("vlan-tagging") == "true"
	for _, s := range i.entries("subinterface") {
		index := atoi(s.key("index"))
		if s.text("type") == "bridged" {
			if out.Switched == nil {
				out.Switched = &fabric.Switched{Trunk: tagged, Access: index}
			}
			if tagged {
				out.Switched.Access, out.Switched.VLANs = 0, append(out.Switched.VLANs, index)
			}
			if tagged && s.at("vlan", "encap", "untagged") != nil {
				out.Switched.Native = index
			}
			continue
		}
		vrf := r.instances[i.key("name")+"."+s.key("index")]
		if vrf == r.names.DefaultInstance {
			vrf = ""
		}
		out.Subinterfaces = append(out.Subinterfaces, fabric.Subinterface{
			Index: index, Description: s.text("description"), VLANTag: s.number("vlan", "encap", "single-tagged", "vlan-id"), VRF: vrf,
			IPv4: prefixes(s.at("ipv4")), IPv6: prefixes(s.at("ipv6")), IPMTU: s.number("ip-mtu"),
		})
	}
	if out.Switched != nil {
		slices.Sort(out.Switched.VLANs)
	}
}

// prefixes returns the addresses of an address family.
func prefixes(family *node) []netip.Prefix {
	var out []netip.Prefix
	for _, e := range family.entries("address") {
		if p, err := netip.ParsePrefix(e.key("ip-prefix")); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (r *srlReader) instance(ni *node) {
	name := ni.key("name")
	evpn := ni.entry("1", "protocols", "bgp-evpn", "bgp-instance")
	vpn := ni.entry("1", "protocols", "bgp-vpn", "bgp-instance")
	vni := 0
	if _, index, ok := strings.Cut(evpn.text("vxlan-interface"), "."); ok {
		vni = atoi(index)
	}
	target := func(direction string) []string {
		if t, ok := strings.CutPrefix(vpn.text("route-target", direction+"-rt"), "target:"); ok {
			return []string{t}
		}
		return nil
	}
	switch ni.text("type") {
	case "mac-vrf":
		v := fabric.MacVRF{
			Name: strings.TrimPrefix(name, macVRFPrefix), VNI: vni, EVI: evpn.number("evi"), RouteDistinguisher: vpn.text("route-distinguisher", "rd"),
			Import: target("import"), Export: target("export"),
		}
		for _, m := range ni.entries("interface") {
			id, index := r.unit(m.key("name"))
			v.VLAN = index
			if id.Name == "" {
				v.Interfaces = append(v.Interfaces, id)
			}
		}
		if strings.HasPrefix(name, macVRFPrefix) {
			r.out.MacVRFs = append(r.out.MacVRFs, v)
		}
	case "ip-vrf":
		r.out.IPVRFs = append(r.out.IPVRFs, fabric.IPVRF{
			Name: name, Description: ni.text("description"), VNI: vni, EVI: evpn.number("evi"), RouteDistinguisher: vpn.text("route-distinguisher", "rd"),
			Import: target("import"), Export: target("export"),
		})
		r.bgp(ni, name)
	case "default":
		if r.root.entry("vxlan1", "tunnel-interface") != nil {
			r.out.VTEP = &fabric.VTEP{Loopback: fabric.VTEPLoopback}
			for _, i := range r.out.Interfaces {
				for _, s := range i.Subinterfaces {
					if i.ID == fabric.VTEPLoopback && len(s.IPv4) > 0 {
						r.out.VTEP.Address = s.IPv4[0].Addr()
					}
				}
			}
		}
		r.bgp(ni, "")
	}
}

func (r *srlReader) bgp(ni *node, vrf string) {
	b := ni.at("protocols", "bgp")
	if b == nil {
		return
	}
	out := fabric.BGP{VRF: vrf, ASN: uint32(b.number("autonomous-system")), RouterID: b.addr("router-id")}
	for _, g := range b.entries("group") {
		out.Groups = append(out.Groups, fabric.PeerGroup{Name: g.key("group-name"), PeerSettings: srlSession(g)})
	}
	for _, e := range b.entries("neighbor") {
		a, err := netip.ParseAddr(e.key("peer-address"))
		if err != nil {
			continue
		}
		n := fabric.Neighbor{Address: a, Group: e.text("peer-group"), Description: e.text("description"), PeerSettings: srlSession(e)}
		if e.has("authentication", "password") {
			n.Auth = "password"
		}
		out.Neighbors = append(out.Neighbors, n)
	}
	r.out.BGP = append(r.out.BGP, out)
}

func srlSession(e *node) fabric.PeerSettings {
	s := fabric.PeerSettings{
		PeerASN: uint32(e.number("peer-as")), LocalASN: uint32(e.number("local-as", "as-number")), BFD: e.text("failure-detection", "enable-bfd") == "true",
		ReflectTo: e.text("route-reflector", "client") == "true",
	}
	for _, f := range e.entries("afi-safi") {
		if f.text("admin-state") == "disable" {
			continue
		}
		name := f.key("afi-safi-name")
		family := fabric.NeighborFamily{
			Family: fabric.AddressFamily(name), Import: f.texts("import-policy"), Export: f.texts("export-policy"),
			MaxPrefixes: uint32(f.number(name, "prefix-limit-received", "max-received-routes")),
		}
		if name == "evpn" {
			family.Family = fabric.EVPN
		}
		s.Families = append(s.Families, family)
	}
	return s
}

func (r *srlReader) segments() {
	for _, instance := range r.root.entries("system", "network-instance", "protocols", "evpn", "ethernet-segments", "bgp-instance") {
		for _, e := range instance.entries("ethernet-segment") {
			s := fabric.EthernetSegment{Name: e.key("name"), ESI: strings.ToLower(e.text("esi")), AllActive: e.text("multi-homing-mode") == "all-active"}
			if i := first(e.entries("interface")); i != nil {
				s.Interface = r.id(i.key("ethernet-interface"))
			}
			r.out.EthernetSegments = append(r.out.EthernetSegments, s)
		}
	}
}

func (r *srlReader) policies() {
	for _, e := range r.root.entries("routing-policy", "prefix-set") {
		s := fabric.PrefixSet{Name: e.key("name")}
		for _, p := range e.entries("prefix") {
			prefix, err := netip.ParsePrefix(p.key("ip-prefix"))
			if err != nil {
				continue
			}
			s.IPv6 = prefix.Addr().Is6()
			m := fabric.PrefixRange{Prefix: prefix, Min: prefix.Bits(), Max: prefix.Bits()}
			if from, to, ok := strings.Cut(p.key("mask-length-range"), ".."); ok {
				m.Min, m.Max = atoi(from), atoi(to)
			}
			s.Prefixes = append(s.Prefixes, m)
		}
		r.out.PrefixSets = append(r.out.PrefixSets, s)
	}
	for _, e := range r.root.entries("routing-policy", "policy") {
		p := fabric.Policy{Name: e.key("name")}
		for _, s := range e.entries("statement") {
			p.Statements = append(p.Statements, r.statement(s))
		}
		r.out.Policies = append(r.out.Policies, p)
	}
}

func (r *srlReader) statement(s *node) fabric.Statement {
	bgp := s.at("action", "bgp")
	out := fabric.Statement{
		Name: s.key("name"), Accept: s.text("action", "policy-result") == "accept", PrefixSet: s.text("match", "prefix", "prefix-set"),
		Protocol: fabric.Protocol(s.text("match", "protocol")), LocalPref: uint32(bgp.number("local-preference", "set")),
		PrependASN: uint32(bgp.number("as-path", "prepend", "as-number")), PrependTimes: bgp.number("as-path", "prepend", "repeat-n"),
	}
	if out.Protocol == "local" {
		out.Protocol = fabric.Connected
	}
	if bgp.has("med", "value") {
		m := uint32(bgp.number("med", "value"))
		out.MED = &m
	}
	if set := bgp.text("communities", "add"); set != "" {
		out.AddCommunities = r.root.entry(set, "routing-policy", "community-set").texts("member")
	}
	return out
}
