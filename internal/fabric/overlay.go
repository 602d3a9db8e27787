package fabric

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
)

// vlans puts every Vlan, and the Vrf of its gateway, on the devices that carry it.
func (c *compiler) vlans() {
	for _, v := range c.set.Vlans {
		c.vlanIDs[v.Name] = v.Spec.ID
		target := c.targets(v.Spec.RouteTargets, v.Spec.VNI, v.Spec.Instance()) // lists that all devices share
		for _, dev := range c.set.VlanDevices(v) {
			d := c.devices[intent.DeviceName(dev.Name)]
			if d == nil {
				continue
			}
			d.MacVRFs = append(d.MacVRFs, MacVRF{
				Name: v.Name, Source: v.Source(), VLAN: v.Spec.ID, VNI: v.Spec.VNI, EVI: v.Spec.Instance(),
				RouteDistinguisher: c.distinguisher(d, v.Spec.VNI, v.Spec.Instance()), Import: target[0], Export: target[1], VRF: v.Spec.Vrf,
			})
			if v.Spec.Gateway == nil {
				continue
			}
			vrf := c.ipVRF(d, v.Spec.Vrf)
			vrf.VLANs = append(vrf.VLANs, v.Spec.ID)
			d.Gateways = append(d.Gateways, c.gateway(v))
		}
	}
}

func (c *compiler) gateway(v *intent.Vlan) Gateway {
	g := v.Spec.Gateway
	out := Gateway{
		VLAN: v.Spec.ID, Source: v.Source("gateway"), Description: v.Spec.Description, VRF: v.Spec.Vrf,
		AnycastMAC: string(c.set.Fabric.Spec.AnycastMAC), IPMTU: cmp.Or(g.MTU, c.set.Fabric.Spec.AccessMTU()),
	}
	out.IPv4, out.IPv6 = families(g.Addresses)
	return out
}

func families(list []netip.Prefix) (v4, v6 []netip.Prefix) {
	for _, p := range list {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return v4, v6
}

// targets returns import and export route targets.
func (c *compiler) targets(own *intent.RouteTargets, vni, evi int) [2][]string {
	if own == nil {
		t := string(c.set.Fabric.Spec.Overlay.Target(vni, evi))
		return [2][]string{{t}, {t}}
	}
	var out [2][]string
	for i, list := range [][]intent.RouteTarget{own.Import, own.Export} {
		for _, t := range list {
			out[i] = append(out[i], string(t))
		}
		slices.Sort(out[i])
	}
	return out
}

func (c *compiler) distinguisher(d *Device, vni, evi int) string {
	return c.set.Fabric.Spec.Overlay.Distinguisher(c.numbers.of[d.Name].router, vni, evi)
}

// ipVRF returns the device's instance of a Vrf, made on first use together with its BGP.
func (c *compiler) ipVRF(d *Device, name string) *IPVRF {
	if i := slices.IndexFunc(d.IPVRFs, func(v IPVRF) bool { return v.Name == name }); i >= 0 {
		return &d.IPVRFs[i]
	}
	i := slices.IndexFunc(c.set.Vrfs, func(v *intent.Vrf) bool { return v.Name == name })
	doc := c.set.Vrfs[i]
	s := &doc.Spec
	v := IPVRF{Name: name, Source: doc.Source(), Description: s.Description, VNI: s.VNI, EVI: s.Instance()}
	if s.VNI != 0 {
		target := c.targets(s.RouteTargets, s.VNI, s.Instance())
		v.RouteDistinguisher, v.Import, v.Export = c.distinguisher(d, s.VNI, s.Instance()), target[0], target[1]
	}
	own := c.numbers.of[d.Name]
	b := BGP{
		VRF: name, Source: doc.Source(), ASN: own.asn, RouterID: own.router, Families: []AddressFamily{IPv4Unicast, IPv6Unicast}, MaxPaths: maxPaths,
	}
	for _, family := range b.Families {
		b.Redistribute = append(b.Redistribute, Redistribution{Source: doc.Source(), From: Connected, Family: family})
	}
	d.BGP = append(d.BGP, b)
	d.IPVRFs = append(d.IPVRFs, v)
	return &d.IPVRFs[len(d.IPVRFs)-1]
}

// ports configures what hosts are plugged into.
func (c *compiler) ports() {
	for _, p := range c.set.Ports {
		at := p.Source()
		members := map[intent.DeviceName][]InterfaceID{}
		var devices []intent.DeviceName
		for _, m := range p.Spec.Members {
			if members[m.Device] == nil {
				devices = append(devices, m.Device)
			}
			members[m.Device] = append(members[m.Device], portID(m))
		}
		for _, name := range devices {
			d := c.devices[name]
			if d == nil {
				continue
			}
			slices.SortFunc(members[name], CompareInterfaces)
			if p.Spec.LAG == nil {
				for _, id := range members[name] {
					c.switched(d, p, Interface{ID: id, Source: at})
				}
				continue
			}
			lag := InterfaceID{Kind: LAG, Number: p.Spec.LAG.ID}
			for _, id := range members[name] {
				d.Interfaces = append(d.Interfaces, Interface{
					ID: id, Source: at, Description: p.Spec.Description, Enabled: !p.Spec.Shutdown, MTU: c.portMTU(p), MemberOf: &lag,
				})
			}
			c.switched(d, p, Interface{ID: lag, Source: p.Source("lag"), Bundle: bundle(p.Spec.LAG, members[name])})
			c.segment(d, p, lag, devices)
		}
	}
}

// switched completes a layer 2 interface and puts it into its VLANs.
func (c *compiler) switched(d *Device, p *intent.Port, i Interface) {
	i.Description, i.Enabled, i.MTU = p.Spec.Description, !p.Spec.Shutdown, c.portMTU(p)
	switch {
	case p.Spec.Access != nil:
		i.Switched = &Switched{Access: c.vlanIDs[p.Spec.Access.Vlan]}
	case p.Spec.Trunk != nil:
		i.Switched = &Switched{Trunk: true, Native: c.vlanIDs[p.Spec.Trunk.Native]}
		for _, v := range p.Spec.Trunk.Vlans {
			i.Switched.VLANs = append(i.Switched.VLANs, c.vlanIDs[v])
		}
		slices.Sort(i.Switched.VLANs)
	}
	d.Interfaces = append(d.Interfaces, i)
	for k := range d.MacVRFs {
		m := &d.MacVRFs[k]
		if slices.Contains(p.Spec.VlanNames(), m.Name) {
			m.Interfaces = append(m.Interfaces, i.ID)
		}
	}
}

// portMTU is the largest frame of a host: its largest packet with an Ethernet header, and a tag on a trunk.
func (c *compiler) portMTU(p *intent.Port) int {
	mtu := cmp.Or(p.Spec.MTU, c.set.Fabric.Spec.AccessMTU()) + 14
	if p.Spec.Trunk != nil {
		mtu += 4
	}
	return mtu
}

func bundle(l *intent.LAGSpec, members []InterfaceID) *Bundle {
	b := &Bundle{Members: members, MinLinks: l.MinLinks}
	if l.LACP != "static" {
		_, system := l.Segment()
		b.LACP = &LACP{Fast: l.LACP == "fast", SystemID: string(system)}
	}
	return b
}

// segment makes the Ethernet segment of a multihomed LAG.
func (c *compiler) segment(d *Device, p *intent.Port, lag InterfaceID, devices []intent.DeviceName) {
	esi, _ := p.Spec.LAG.Segment()
	if esi == "" {
		return
	}
	s := EthernetSegment{Name: p.Name, Source: p.Source("lag"), ESI: string(esi), Interface: lag, AllActive: p.Spec.LAG.Mode == "all-active"}
	for _, m := range devices {
		s.Members = append(s.Members, m)
		if m != d.Name {
			d.Multihomed = append(d.Multihomed, m)
		}
	}
	slices.Sort(s.Members)
	d.EthernetSegments = append(d.EthernetSegments, s)
}
