package eos

import (
	"cmp"
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// Items splits the model of a device, in a fixed order.
func Items(d *fabric.Device, names profile.Names) []dialect.Item {
	to, n := dialect.NewItems(names), dialect.Namer{Names: names}
	self := fabric.Text{Value: string(d.Name), Source: d.Source}
	dialect.Add(to, "system", "", system{d.System, self}, renderSystem)
	for _, i := range d.Interfaces {
		dialect.Add(to, "interface", n.Interface(i.ID), i, renderInterface)
	}
	for _, l := range d.Links {
		dialect.Add(to, "lldp", n.Interface(l.Local), l, renderLLDP)
	}
	for _, b := range d.BFD {
		dialect.Add(to, "bfd", unit(n, b.Interface.Interface, b.Interface.Index), b, renderBFD)
	}
	for _, es := range d.EthernetSegments {
		dialect.Add(to, "ethernet-segment", es.Name, es, renderEthernetSegment)
	}
	dialect.Add(to, "instance", "default", self, renderDefaultInstance)
	if d.VTEP != nil {
		dialect.Add(to, "vtep", "", *d.VTEP, renderVTEP)
	}
	for _, v := range d.MacVRFs {
		dialect.Add(to, "vlan", itoa(v.VLAN), v, renderVLAN)
	}
	for _, v := range d.IPVRFs {
		dialect.Add(to, "vrf", v.Name, vrf{v, asn(d), routerID(d)}, renderVRF)
	}
	for _, g := range d.Gateways {
		dialect.Add(to, "gateway", itoa(g.VLAN), g, renderGateway)
	}
	dialect.Add(to, "virtual-mac", "", virtualMAC(d), renderVirtualMAC)
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

func addBGP(to *dialect.Items, d *fabric.Device, b fabric.BGP) {
	global := b
	global.Groups, global.Neighbors, global.Redistribute = nil, nil, nil
	dialect.Add(to, "bgp", b.VRF, global, renderBGP)
	for _, g := range b.Groups {
		part := peers{b.VRF, asn(d), g.PeerSettings, dialect.SourceAddress(d, g.LocalSource)}
		dialect.Add(to, "bgp/"+b.VRF+"/group", g.Name, peerGroup{g, part}, renderPeerGroup)
	}
	for _, n := range b.Neighbors {
		part := peers{b.VRF, asn(d), n.PeerSettings, dialect.SourceAddress(d, n.LocalSource)}
		dialect.Add(to, "bgp/"+b.VRF+"/neighbor", n.Address.String(), neighbor{n, part}, renderNeighbor)
	}
	for _, r := range b.Redistribute {
		dialect.Add(to, "bgp/"+b.VRF+"/redistribute/"+string(r.From), string(r.Family), redistribution{b.VRF, asn(d), r}, renderRedistribution)
	}
}

// asn is the number of the one BGP process that a device has; 0 if it has none.
func asn(d *fabric.Device) uint32 {
	for _, b := range d.BGP {
		return b.ASN
	}
	return 0
}

// routerID is the identifier of the process.
func routerID(d *fabric.Device) string {
	for _, b := range d.BGP {
		if b.RouterID.IsValid() {
			return b.RouterID.String()
		}
	}
	return ""
}

// macs are the MAC addresses of all gateways, each once, in order.
type macs []fabric.Text

func virtualMAC(d *fabric.Device) macs {
	var out macs
	for _, g := range d.Gateways {
		if g.AnycastMAC != "" && !slices.ContainsFunc(out, func(t fabric.Text) bool { return t.Value == g.AnycastMAC }) {
			out = append(out, fabric.Text{Value: g.AnycastMAC, Source: g.Source})
		}
	}
	slices.SortStableFunc(out, func(a, b fabric.Text) int { return cmp.Compare(a.Value, b.Value) })
	return out
}
