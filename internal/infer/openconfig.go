package infer

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// openConfig reads a device's OpenConfig as the model that package render/openconfig would render it from, as far as that
// goes. It reads more generously than it must: what comes of a guess is rendered and compared before anybody sees it.
func openConfig(t *tree.Tree, names profile.Names) *fabric.Device {
	return openConfigTree(picture(t, path.OpenConfig), names)
}

func openConfigTree(root *node, names profile.Names) *fabric.Device {
	r := &ocReader{root: root, names: names, instances: map[string]string{}, out: &fabric.Device{}}
	for _, ni := range root.entries("network-instances", "network-instance") {
		for _, m := range ni.entries("interfaces", "interface") {
			if ni.text("config", "type") != "L2VSI" {
				r.instances[m.key("id")] = ni.key("name")
			}
		}
	}
	r.system()
	for _, i := range root.entries("interfaces", "interface") {
		r.iface(i)
	}
	for _, ni := range root.entries("network-instances", "network-instance") {
		r.instance(ni)
	}
	r.bfd()
	r.segments()
	r.policies()
	return r.out
}

type ocReader struct {
	root      *node
	names     profile.Names
	instances map[string]string // routed interface or unit -> network instance
	out       *fabric.Device
}

func (r *ocReader) system() {
	s, y := r.root.at("system"), &r.out.System
	y.Hostname.Value = s.text("config", "hostname")
	y.Domain.Value = s.text("config", "domain-name")
	y.Login.Value = s.text("config", "login-banner")
	y.MOTD.Value = s.text("config", "motd-banner")
	y.Timezone.Value = s.text("clock", "config", "timezone-name")
	for _, e := range s.entries("ntp", "servers", "server") {
		y.NTP = append(y.NTP, fabric.Server{
			Address: e.key("address"), Prefer: e.text("config", "prefer") == "true", VRF: e.text("config", "network-instance"),
		})
	}
	for _, t := range s.texts("dns", "config", "search") {
		y.Search = append(y.Search, fabric.Text{Value: t})
	}
	for _, e := range s.entries("dns", "servers", "server") {
		y.DNS = append(y.DNS, fabric.Server{Address: e.key("address")})
	}
	for _, e := range s.entries("logging", "remote-servers", "remote-server") {
		l := fabric.Syslog{Address: e.key("host"), Port: e.number("config", "remote-port"), VRF: e.text("config", "network-instance")}
		for _, sel := range e.entries("selectors", "selector") {
			l.Facility, l.Severity = strings.ToLower(sel.key("facility")), strings.ToLower(sel.key("severity"))
		}
		y.Syslog = append(y.Syslog, l)
	}
}

// id returns what an interface is to intents, by its name.
func (r *ocReader) id(name string) fabric.InterfaceID {
	if n, ok := portOf(r.names, name); ok {
		return fabric.InterfaceID{Kind: fabric.Ethernet, Number: n}
	}
	if n, ok := numberIn(r.names.LAG, name); ok {
		return fabric.InterfaceID{Kind: fabric.LAG, Number: n}
	}
	if n, ok := numberIn(r.names.Loopback, name); ok {
		return fabric.InterfaceID{Kind: fabric.Loopback, Number: n}
	}
	return fabric.InterfaceID{Kind: fabric.Ethernet, Name: name}
}

// nameOf is the device's name of a LAG.
func (r *ocReader) nameOf(id fabric.InterfaceID) string {
	if id.Name != "" {
		return id.Name
	}
	return r.names.LAGName(id.Number)
}

func (r *ocReader) iface(i *node) {
	name := i.key("name")
	if rv := i.at("routed-vlan"); rv != nil {
		r.out.Gateways = append(r.out.Gateways, fabric.Gateway{
			VLAN: rv.number("config", "vlan"), Description: i.text("config", "description"), VRF: r.instances[name],
			IPv4: addresses(rv.at("ipv4")), IPv6: addresses(rv.at("ipv6")), IPMTU: max(rv.number("ipv4", "config", "mtu"), rv.number("ipv6", "config", "mtu")),
		})
		return
	}
	out := fabric.Interface{
		ID: r.id(name), Description: i.text("config", "description"), Enabled: i.text("config", "enabled") != "false", MTU: i.number("config", "mtu"),
	}
	if lag := i.text("ethernet", "config", "aggregate-id"); lag != "" {
		id := r.id(lag)
		out.MemberOf = &id
	}
	out.Switched = switched(i.at("ethernet", "switched-vlan"))
	if a := i.at("aggregation"); a != nil {
		out.Bundle = &fabric.Bundle{MinLinks: a.number("config", "min-links")}
		out.Switched = switched(a.at("switched-vlan"))
		if l := r.root.entry(name, "lacp", "interfaces", "interface"); l != nil {
			out.Bundle.LACP = &fabric.LACP{Fast: l.text("config", "interval") == "FAST", SystemID: strings.ToLower(l.text("config", "system-id-mac"))}
		}
	}
	for _, s := range i.entries("subinterfaces", "subinterface") {
		index := s.number("config", "index")
		vrf, named := r.instances[name+"."+s.key("index")]
		if !named && index == 0 {
			vrf = r.instances[name] // as EOS calls it
		}
		if vrf == r.names.DefaultInstance {
			vrf = ""
		}
		out.Subinterfaces = append(out.Subinterfaces, fabric.Subinterface{
			Index: index, Description: s.text("config", "description"), VLANTag: s.number("vlan", "match", "single-tagged", "config", "vlan-id"),
			VRF: vrf, IPv4: addresses(s.at("ipv4")), IPv6: addresses(s.at("ipv6")), IPMTU: s.number("ipv4", "config", "mtu"),
		})
	}
	r.out.Interfaces = append(r.out.Interfaces, out)
}

func switched(s *node) *fabric.Switched {
	if s.text("config", "interface-mode") == "" {
		return nil
	}
	out := &fabric.Switched{Trunk: s.text("config", "interface-mode") == "TRUNK"}
	if !out.Trunk {
		out.Access = s.number("config", "access-vlan")
		return out
	}
	out.Native = s.number("config", "native-vlan")
	for _, t := range s.texts("config", "trunk-vlans") {
		out.VLANs = append(out.VLANs, vlanRange(t)...)
	}
	slices.Sort(out.VLANs)
	out.VLANs = slices.Compact(out.VLANs)
	return out
}

// vlanRange returns the VLANs of "40" or of "40..43"; none of what is neither.
func vlanRange(text string) []int {
	from, to, ok := strings.Cut(text, "..")
	if !ok {
		to = from
	}
	first, err := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err != nil || err2 != nil || first < 1 || last > 4094 {
		return nil
	}
	var out []int
	for v := first; v <= last; v++ {
		out = append(out, v)
	}
	return out
}

// addresses returns the addresses of an address family, which has the same form for both.
func addresses(family *node) []netip.Prefix {
	var out []netip.Prefix
	for _, e := range family.entries("addresses", "address") {
		a, err := netip.ParseAddr(e.key("ip"))
		if err != nil {
			continue
		}
		if p := netip.PrefixFrom(a, e.number("config", "prefix-length")); p.IsValid() {
			out = append(out, p)
		}
	}
	return out
}

func (r *ocReader) bfd() {
	for _, e := range r.root.entries("bfd", "interfaces", "interface") {
		micros := func(name string) time.Duration { return time.Duration(e.number("config", name)) * time.Microsecond }
		r.out.BFD = append(r.out.BFD, fabric.BFD{
			Interface: fabric.SubinterfaceID{
				Interface: r.id(e.text("interface-ref", "config", "interface")), Index: e.number("interface-ref", "config", "subinterface"),
			},
			Tx: micros("desired-minimum-tx-interval"), Rx: micros("required-minimum-receive"), Multiplier: e.number("config", "detection-multiplier"),
		})
	}
}

func (r *ocReader) segments() {
	for _, e := range r.root.entries("ethernet-segments", "ethernet-segment") {
		esi := strings.ToLower(strings.ReplaceAll(e.text("config", "esi"), ":", ""))
		var octets []string
		for i := 0; i+2 <= len(esi); i += 2 {
			octets = append(octets, esi[i:i+2])
		}
		r.out.EthernetSegments = append(r.out.EthernetSegments, fabric.EthernetSegment{
			Name: e.key("name"), ESI: strings.Join(octets, ":"), Interface: r.id(e.text("config", "interface")),
			AllActive: e.text("config", "redundancy-mode") == "ALL_ACTIVE",
		})
	}
}
