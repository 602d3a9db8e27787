package srlinux

import (
	"net/netip"
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// Items splits the model of a device, in a fixed order.
func Items(d *fabric.Device, names profile.Names) []dialect.Item {
	to, n := dialect.NewItems(names), dialect.Namer{Names: names}
	self := fabric.Text{Value: string(d.Name), Source: d.Source}
	dialect.Add(to, "system", "", system{d.System, self, management(d)}, renderSystem)
	for _, i := range d.Interfaces {
		dialect.Add(to, "interface", n.Interface(i.ID), port{i, interfaceName(n, d, i.ID)}, renderInterface)
	}
	for _, l := range d.Links {
		dialect.Add(to, "lldp", n.Interface(l.Local), l, renderLLDP)
	}
	if len(d.BFD) > 0 {
		dialect.Add(to, "bfd", "", self, renderBFDs)
	}
	for _, b := range d.BFD {
		dialect.Add(to, "bfd", n.Unit(b.Interface.Interface, b.Interface.Index), b, renderBFD)
	}
	if len(d.EthernetSegments) > 0 {
		dialect.Add(to, "ethernet-segments", "", self, renderSegments)
	}
	for _, es := range d.EthernetSegments {
		dialect.Add(to, "ethernet-segment", es.Name, es, renderSegment)
	}
	dialect.Add(to, "instance", "default", self, renderDefaultInstance)
	if d.VTEP != nil {
		dialect.Add(to, "vtep", "", *d.VTEP, renderVTEP)
	}
	for _, v := range d.MacVRFs {
		dialect.Add(to, "mac-vrf", itoa(v.VLAN), macVRF{v, hasGateway(d, v.VLAN)}, renderMacVRF)
	}
	for _, v := range d.IPVRFs {
		dialect.Add(to, "ip-vrf", v.Name, v, renderIPVRF)
	}
	addGateways(to, n, d)
	for _, b := range d.BGP {
		addBGP(to, d, b)
	}
	for _, s := range d.PrefixSets {
		dialect.Add(to, "prefix-set", s.Name, s, renderPrefixSet)
	}
	for _, p := range d.Policies {
		dialect.Add(to, "policy", p.Name, p, renderPolicy)
	}
	return to.List()
}

// addGateways adds the irb interfaces, of which there is one unless the profile names VLANs otherwise, and their
// subinterfaces.
func addGateways(to *dialect.Items, n dialect.Namer, d *fabric.Device) {
	seen := map[string]bool{}
	for _, g := range d.Gateways {
		name, _ := irb(n, g.VLAN)
		if !seen[name] {
			seen[name] = true
			dialect.Add(to, "irb", name, fabric.Text{Value: name, Source: d.Source}, renderIRB)
		}
		dialect.Add(to, "gateway", itoa(g.VLAN), gateway{g, bridgedMTU(d, g.VLAN)}, renderGateway)
	}
}

func addBGP(to *dialect.Items, d *fabric.Device, b fabric.BGP) {
	global := b
	global.Groups, global.Neighbors, global.Redistribute = nil, nil, nil
	dialect.Add(to, "bgp", b.VRF, global, renderBGP)
	for _, g := range b.Groups {
		part := peerGroup{b.VRF, g, dialect.SourceAddress(d, g.LocalSource), b.Families}
		dialect.Add(to, "bgp/"+b.VRF+"/group", g.Name, part, renderPeerGroup)
	}
	lonely := func(n fabric.Neighbor) bool { return n.Group == "" }
	if slices.ContainsFunc(b.Neighbors, lonely) {
		dialect.Add(to, "bgp/"+b.VRF+"/group", lonelyGroup, lonelyPeers{b.VRF, b.Source}, renderLonelyGroup)
	}
	for _, n := range b.Neighbors {
		part := neighbor{b.VRF, n, dialect.SourceAddress(d, n.LocalSource), nil}
		if lonely(n) {
			part.Families = b.Families
		}
		dialect.Add(to, "bgp/"+b.VRF+"/neighbor", n.Address.String(), part, renderNeighbor)
	}
	for _, r := range b.Redistribute {
		part := redistribution{b.VRF, r, leaks(d, b, r)}
		dialect.Add(to, "bgp/"+b.VRF+"/redistribute/"+string(r.From), string(r.Family), part, renderRedistribution)
	}
}

// interfaceName is the device's name of an interface. VXLAN tunnels come from the address of system0 and from no other, so
// the VTEP's loopback is that.
func interfaceName(n dialect.Namer, d *fabric.Device, id fabric.InterfaceID) string {
	if d.VTEP != nil && id == d.VTEP.Loopback {
		return "system0"
	}
	return n.Interface(id)
}

// management is the network instance that the device is managed through; mgmt is SR Linux's own.
func management(d *fabric.Device) string {
	if name := d.Access.Management.NetworkInstance; name != "" {
		return name
	}
	return "mgmt"
}

func hasGateway(d *fabric.Device, vlan int) bool {
	return slices.ContainsFunc(d.Gateways, func(g fabric.Gateway) bool { return g.VLAN == vlan })
}

// connected returns the prefixes that a network instance is connected to.
func connected(d *fabric.Device, vrf string) []netip.Prefix {
	var out []netip.Prefix
	add := func(list []netip.Prefix) {
		for _, p := range list {
			out = append(out, p.Masked())
		}
	}
	for _, i := range d.Interfaces {
		for _, s := range i.Subinterfaces {
			if s.VRF == vrf {
				add(s.IPv4)
				add(s.IPv6)
			}
		}
	}
	for _, g := range d.Gateways {
		if g.VRF == vrf {
			add(g.IPv4)
			add(g.IPv6)
		}
	}
	return out
}
