package openconfig

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
	dialect.Add(to, "system", "", system{d.System, fabric.Text{Value: string(d.Name), Source: d.Source}}, renderSystem)
	for _, i := range d.Interfaces {
		dialect.Add(to, "interface", n.Interface(i.ID), i, renderInterface)
	}
	for _, l := range d.Links {
		dialect.Add(to, "lldp", n.Interface(l.Local), l, renderLLDP)
	}
	for _, b := range d.BFD {
		dialect.Add(to, "bfd", n.Unit(b.Interface.Interface, b.Interface.Index), b, renderBFD)
	}
	for _, es := range d.EthernetSegments {
		dialect.Add(to, "ethernet-segment", es.Name, es, renderEthernetSegment)
	}
	dialect.Add(to, "instance", "default", fabric.Text{Source: d.Source}, renderDefaultInstance)
	if d.VTEP != nil {
		dialect.Add(to, "vtep", "", *d.VTEP, renderVTEP)
	}
	for _, v := range d.MacVRFs {
		dialect.Add(to, "mac-vrf", itoa(v.VLAN), macVRF{v, gatewayOf(d, v.VLAN)}, renderMacVRF)
	}
	for _, v := range d.IPVRFs {
		dialect.Add(to, "ip-vrf", v.Name, v, renderIPVRF)
	}
	for _, g := range d.Gateways {
		dialect.Add(to, "gateway", itoa(g.VLAN), g, renderGateway)
	}
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
		dialect.Add(to, "bgp/"+b.VRF+"/group", g.Name, peerGroup{b.VRF, g, dialect.SourceAddress(d, g.LocalSource)}, renderPeerGroup)
	}
	for _, n := range b.Neighbors {
		dialect.Add(to, "bgp/"+b.VRF+"/neighbor", n.Address.String(), neighbor{b.VRF, n, dialect.SourceAddress(d, n.LocalSource)}, renderNeighbor)
	}
	for _, r := range b.Redistribute {
		dialect.Add(to, "bgp/"+b.VRF+"/redistribute/"+string(r.From), string(r.Family), redistribution{b.VRF, r}, renderRedistribution)
	}
}

func gatewayOf(d *fabric.Device, vlan int) *fabric.Gateway {
	i, ok := slices.BinarySearchFunc(d.Gateways, vlan, func(g fabric.Gateway, vlan int) int { return cmp.Compare(g.VLAN, vlan) })
	if !ok {
		return nil
	}
	return &d.Gateways[i]
}
