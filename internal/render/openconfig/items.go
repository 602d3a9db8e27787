package openconfig

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
)

// An Item is one part of a device's model.
type Item struct {
	Key    string // unique on the device: "gateway/40"
	Model  any    // everything that the leaves depend on, but for the values of secrets
	render func(*Writer)
}

// Render adds the item's leaves to w.
func (i Item) Render(w *Writer) { i.render(w) }

// input is the Model of an Item: its part, and how the device calls things.
type input[M any] struct {
	Names profile.Names
	Part  M
}

// items collects the Items of a device.
type items struct {
	names profile.Names
	list  []Item
}

// add is a function for want of generic methods.
func add[M any](to *items, kind, id string, part M, render func(*Writer, namer, M)) {
	names := to.names
	to.list = append(to.list, Item{
		Key:    kind + "/" + id,
		Model:  input[M]{names, part},
		render: func(w *Writer) { render(w, namer{names}, part) },
	})
}

// Items splits the model of a device, in a fixed order.
func Items(d *fabric.Device, names profile.Names) []Item {
	to, n := &items{names: names}, namer{names}
	add(to, "system", "", system{d.System, fabric.Text{Value: string(d.Name), Source: d.Source}}, renderSystem)
	for _, i := range d.Interfaces {
		add(to, "interface", n.iface(i.ID), i, renderInterface)
	}
	for _, l := range d.Links {
		add(to, "lldp", n.iface(l.Local), l, renderLLDP)
	}
	for _, b := range d.BFD {
		add(to, "bfd", n.unit(b.Interface.Interface, b.Interface.Index), b, renderBFD)
	}
	for _, es := range d.EthernetSegments {
		add(to, "ethernet-segment", es.Name, es, renderEthernetSegment)
	}
	add(to, "instance", "default", fabric.Text{Source: d.Source}, renderDefaultInstance)
	if d.VTEP != nil {
		add(to, "vtep", "", *d.VTEP, renderVTEP)
	}
	for _, v := range d.MacVRFs {
		add(to, "mac-vrf", itoa(v.VLAN), macVRF{v, gatewayOf(d, v.VLAN)}, renderMacVRF)
	}
	for _, v := range d.IPVRFs {
		add(to, "ip-vrf", v.Name, v, renderIPVRF)
	}
	for _, g := range d.Gateways {
		add(to, "gateway", itoa(g.VLAN), g, renderGateway)
	}
	for _, b := range d.BGP {
		addBGP(to, d, b)
	}
	for _, s := range d.PrefixSets {
		add(to, "prefix-set", s.Name, s, renderPrefixSet)
	}
	for _, p := range d.Policies {
		add(to, "policy", p.Name, p, renderPolicy)
	}
	return to.list
}

func addBGP(to *items, d *fabric.Device, b fabric.BGP) {
	global := b
	global.Groups, global.Neighbors, global.Redistribute = nil, nil, nil
	add(to, "bgp", b.VRF, global, renderBGP)
	for _, g := range b.Groups {
		add(to, "bgp/"+b.VRF+"/group", g.Name, peerGroup{b.VRF, g, sourceAddress(d, g.LocalSource)}, renderPeerGroup)
	}
	for _, n := range b.Neighbors {
		add(to, "bgp/"+b.VRF+"/neighbor", n.Address.String(), neighbor{b.VRF, n, sourceAddress(d, n.LocalSource)}, renderNeighbor)
	}
	for _, r := range b.Redistribute {
		add(to, "bgp/"+b.VRF+"/redistribute/"+string(r.From), string(r.Family), redistribution{b.VRF, r}, renderRedistribution)
	}
}

func gatewayOf(d *fabric.Device, vlan int) *fabric.Gateway {
	i, ok := slices.BinarySearchFunc(d.Gateways, vlan, func(g fabric.Gateway, vlan int) int { return cmp.Compare(g.VLAN, vlan) })
	if !ok {
		return nil
	}
	return &d.Gateways[i]
}

// sourceAddress returns the first address of the interface that a BGP session comes from, "" for none.
func sourceAddress(d *fabric.Device, id *fabric.InterfaceID) string {
	if id == nil {
		return ""
	}
	for _, i := range d.Interfaces {
		if i.ID != *id {
			continue
		}
		for _, s := range i.Subinterfaces {
			for _, p := range append(s.IPv4, s.IPv6...) {
				return p.Addr().String()
			}
		}
	}
	return ""
}

// A namer gives things the names that the device has for them.
type namer struct{ profile.Names }

func (n namer) iface(id fabric.InterfaceID) string {
	switch {
	case id.Name != "":
		return id.Name
	case id.Kind == fabric.LAG:
		return n.LAGName(id.Number)
	case id.Kind == fabric.Loopback:
		return n.LoopbackName(id.Number)
	}
	return n.EthernetName(id.Number)
}

// unit names a subinterface where one text has to hold both: "Ethernet49.0".
func (n namer) unit(id fabric.InterfaceID, index int) string {
	return n.iface(id) + "." + strconv.Itoa(index)
}

// vrf returns the network instance of a VRF.
func (n namer) vrf(name string) string {
	if name == "" {
		return n.DefaultInstance
	}
	return name
}

// macVRF returns the network instance of a VLAN. Vlan and Vrf documents may share a name, network instances may not.
func (n namer) macVRF(vlan string) string { return "mac-vrf-" + vlan }
