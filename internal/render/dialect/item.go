package dialect

import (
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

// Items collects the Items of a device in a fixed order.
type Items struct {
	names profile.Names
	list  []Item
}

// NewItems returns an empty collection for a device that names things so.
func NewItems(names profile.Names) *Items { return &Items{names: names} }

// Add adds the item kind/id. It is a function for want of generic methods.
func Add[M any](to *Items, kind, id string, part M, render func(*Writer, Namer, M)) {
	names := to.names
	to.list = append(to.list, Item{
		Key:    kind + "/" + id,
		Model:  input[M]{names, part},
		render: func(w *Writer) { render(w, Namer{names}, part) },
	})
}

// List returns the items in the order in which they were added.
func (i *Items) List() []Item { return i.list }

// A Namer gives things the names that the device has for them.
type Namer struct{ profile.Names }

// Interface returns the device's name of an interface: "Ethernet49".
func (n Namer) Interface(id fabric.InterfaceID) string {
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

// Unit names a subinterface where one text has to hold both: "Ethernet49.0".
func (n Namer) Unit(id fabric.InterfaceID, index int) string {
	return n.Interface(id) + "." + strconv.Itoa(index)
}

// VRF returns the network instance of a VRF; "" is the default one.
func (n Namer) VRF(name string) string {
	if name == "" {
		return n.DefaultInstance
	}
	return name
}

// MacVRF returns the network instance of a VLAN. Vlan and Vrf documents may share a name, network instances may not.
func (n Namer) MacVRF(vlan string) string { return "mac-vrf-" + vlan }
