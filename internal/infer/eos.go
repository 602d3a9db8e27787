package infer

import (
	"net/netip"
	"strings"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// eos reads a device's EOS configuration as the model that package render/eos would render it from, as far as that goes:
// OpenConfig, Arista's own subtrees for VXLAN and EVPN, and command lines for what no tree has.
func eos(t *tree.Tree, names profile.Names) *fabric.Device {
	root := picture(t, "openconfig")
	r := &eosReader{root: root, names: names, out: openConfigTree(root, names), lines: map[string][]string{}}
	for l := range t.All() {
		texts, err := blocks.Texts(l.Path)
		if n := len(texts); err == nil && n > 1 {
			r.lines[texts[0]] = append(r.lines[texts[0]], texts[n-1])
		}
	}
	r.vxlan()
	for i := range r.out.Gateways {
		r.gateway(&r.out.Gateways[i])
	}
	for _, i := range r.out.Interfaces {
		if i.ID.Kind == fabric.LAG {
			r.segment(i.ID, (&ocReader{names: names}).nameOf(i.ID))
		}
	}
	for i := range r.out.BGP {
		r.hops(&r.out.BGP[i])
	}
	return r.out
}

type eosReader struct {
	root  *node
	names profile.Names
	out   *fabric.Device
	lines map[string][]string // the lines below the outermost block that they are in
}

// vxlan reads VLANs and VRFs with what EVPN says of them.
func (r *eosReader) vxlan() {
	vx := r.root.entry("Vxlan1", "interfaces", "interface").at("arista-vxlan")
	if source := vx.text("config", "src-ip-intf"); source != "" {
		r.out.VTEP = &fabric.VTEP{Loopback: (&ocReader{names: r.names}).id(source)}
		for _, i := range r.out.Interfaces {
			for _, s := range i.Subinterfaces {
				if i.ID == r.out.VTEP.Loopback && len(s.IPv4) > 0 {
					r.out.VTEP.Address = s.IPv4[0].Addr()
				}
			}
		}
	}
	instance := r.root.entry(r.names.DefaultInstance, "network-instances", "network-instance")
	for _, vlan := range instance.entries("vlans", "vlan") {
		id := vlan.key("vlan-id")
		v := fabric.MacVRF{Name: vlan.text("config", "name"), VLAN: atoi(id), VNI: vx.entry(id, "vlan-to-vnis", "vlan-to-vni").number("config", "vni")}
		evpn := r.root.entry(id, "arista", "eos", "evpn", "evpn-instances", "evpn-instance")
		v.RouteDistinguisher = evpn.text("config", "route-distinguisher")
		v.Import, v.Export = evpn.texts("route-target", "config", "import"), evpn.texts("route-target", "config", "export")
		v.EVI = numberOfRD(v.RouteDistinguisher, v.VNI)
		for _, g := range r.out.Gateways {
			if g.VLAN == v.VLAN {
				v.VRF = g.VRF
			}
		}
		r.out.MacVRFs = append(r.out.MacVRFs, v)
	}
	for i := range r.out.IPVRFs {
		v := &r.out.IPVRFs[i]
		v.VNI = vx.entry(v.Name, "vrf-to-vnis", "vrf-to-vni").number("config", "vni")
		bgp := r.root.entry(v.Name, "network-instances", "network-instance").entry("BGP", "protocols", "protocol").at("bgp", "global", "evpn")
		v.Import, v.Export, v.EVI = bgp.texts("import-target"), bgp.texts("export-target"), numberOfRD(v.RouteDistinguisher, v.VNI)
	}
}

// numberOfRD is the EVPN instance that a route distinguisher is made of, which the device has no other leaf for.
func numberOfRD(rd string, vni int) int {
	if _, n, ok := strings.Cut(rd, ":"); ok && atoi(n) > 0 && atoi(n) <= 1<<24 {
		return atoi(n)
	}
	return vni
}

// gateway adds the addresses that a gateway shares with all other leaves, and their MAC address.
func (r *eosReader) gateway(g *fabric.Gateway) {
	name := r.names.VLANName(g.VLAN)
	varp := r.root.entry(name, "interfaces", "interface").at("arista-varp")
	add := func(ip string, bits int) {
		if a, err := netip.ParseAddr(ip); err == nil && bits <= a.BitLen() {
			g.IPv4 = append(g.IPv4, netip.PrefixFrom(a, bits))
		}
	}
	if ip := varp.text("virtual-address", "config", "ip"); ip != "" {
		add(ip, varp.number("virtual-address", "config", "prefix-length"))
		g.AnycastMAC = strings.ToLower(r.root.text("system", "mac-address", "config", "routing-mac"))
	}
	for _, e := range varp.entries("secondary-virtual-addresses", "address") {
		add(e.key("ip"), e.number("config", "prefix-length"))
	}
	for _, l := range r.lines["interface "+name] {
		if text, ok := strings.CutPrefix(l, "ipv6 address virtual "); ok {
			if p, err := netip.ParsePrefix(text); err == nil {
				g.IPv6 = append(g.IPv6, p)
				g.AnycastMAC = strings.ToLower(r.root.text("system", "mac-address", "config", "routing-mac"))
			}
		}
	}
}

// segment reads a LAG's Ethernet segment from command lines.
func (r *eosReader) segment(id fabric.InterfaceID, name string) {
	s := fabric.EthernetSegment{Interface: id, AllActive: true}
	for _, l := range r.lines["interface "+name] {
		if text, ok := strings.CutPrefix(l, "identifier "); ok {
			digits := strings.ToLower(strings.ReplaceAll(text, ":", ""))
			var octets []string
			for i := 0; i+2 <= len(digits); i += 2 {
				octets = append(octets, digits[i:i+2])
			}
			s.ESI = strings.Join(octets, ":")
		}
		s.AllActive = s.AllActive && l != "redundancy single-active"
	}
	if s.ESI != "" {
		r.out.EthernetSegments = append(r.out.EthernetSegments, s)
	}
}

// hops reads how far away a neighbor may be from command lines.
func (r *eosReader) hops(b *fabric.BGP) {
	for i := range b.Neighbors {
		n := &b.Neighbors[i]
		for block, lines := range r.lines {
			for _, l := range lines {
				if text, ok := strings.CutPrefix(l, "neighbor "+n.Address.String()+" ttl maximum-hops "); ok && strings.HasPrefix(block, "router bgp ") {
					n.TTLSecurity = atoi(text)
				}
			}
		}
	}
}
