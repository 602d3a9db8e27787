package fabric

import (
	"cmp"
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
)

// Compile turns a Set that came without errors into the models of its devices, and proves them. The Fabric is nil if
// the diagnostics hold an error. before is nil or an earlier Fabric: the result is as without it, but devices that no
// change of the documents can concern are the very same as there, down to the commit in their sources.
func Compile(set *intent.Set, before *Fabric) (*Fabric, intent.Diagnostics) {
	c := &compiler{set: set, devices: map[intent.DeviceName]*Device{}, vlanIDs: map[string]int{}}
	kept := unconcerned(before, set)
	c.numbers = allocate(set, &c.out)
	if c.out.HasErrors() {
		return nil, c.out.Sort()
	}
	f := &Fabric{Name: set.Fabric.Name, Source: set.Fabric.Source(), set: set}
	for _, d := range set.Devices {
		m := kept[intent.DeviceName(d.Name)]
		if m == nil {
			m = c.device(d)
			c.devices[m.Name] = m
		}
		f.Devices = append(f.Devices, m)
	}
	c.links()
	c.vlans()
	c.ports()
	c.peers()
	for _, d := range c.devices {
		c.routing(d)
	}
	c.systems()
	c.configs()
	c.rules()
	for _, d := range c.devices {
		d.sort()
	}
	f.Schedules = c.schedules()
	f.Windows = c.windows()
	f.Approvals = c.approvals()
	f.Rollouts = c.rollouts()
	c.out = append(c.out, prove(f, before, set)...)
	if c.out.HasErrors() {
		return nil, c.out.Sort()
	}
	return f, c.out.Sort()
}

type compiler struct {
	set     *intent.Set
	numbers *numbers
	devices map[intent.DeviceName]*Device // those to be made; the others are kept as they were
	vlanIDs map[string]int                // by name of the Vlan
	out     intent.Diagnostics
}

// device makes the model with everything that a device has by itself.
func (c *compiler) device(d *intent.Device) *Device {
	s := &d.Spec
	at := d.Source()
	m := &Device{
		Name: intent.DeviceName(d.Name), Source: at, ID: s.ID, Role: intent.Role(d), Labels: d.Labels,
		Access: Access{
			Dialect: s.Dialect, Profile: cmp.Or(s.Profile, s.Dialect), Address: string(s.Address),
			Identity: Identity{
				CertificateSHA256: string(s.Identity.CertificateSHA256), Serial: s.Identity.Serial, ChassisMAC: string(s.Identity.ChassisMAC),
			},
			Credentials: s.Credentials, TLS: s.TLS, SSH: s.SSH,
			Management: Management{Interface: s.Management.Interface, NetworkInstance: s.Management.NetworkInstance},
		},
	}
	m.System.Hostname = Text{Value: d.Name, Source: at}
	n := c.numbers.of[m.Name]
	m.Interfaces = append(m.Interfaces, Interface{
		ID: RouterLoopback, Source: at, Description: "router id", Enabled: true,
		Subinterfaces: []Subinterface{{Source: at, IPv4: host(n.router)}},
	})
	if n.vtep.IsValid() {
		m.Interfaces = append(m.Interfaces, Interface{
			ID: VTEPLoopback, Source: at, Description: "VTEP", Enabled: true,
			Subinterfaces: []Subinterface{{Source: at, IPv4: host(n.vtep)}},
		})
		m.VTEP = &VTEP{Source: at, Loopback: VTEPLoopback, Address: n.vtep}
	}
	return m
}

// CompareInterfaces orders interfaces by kind, then by number or name.
func CompareInterfaces(a, b InterfaceID) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
}

// sort brings every list of a device into its fixed order.
func (d *Device) sort() {
	slices.SortFunc(d.Interfaces, func(a, b Interface) int { return CompareInterfaces(a.ID, b.ID) })
	for i := range d.Interfaces {
		slices.SortFunc(d.Interfaces[i].Subinterfaces, func(a, b Subinterface) int { return cmp.Compare(a.Index, b.Index) })
	}
	slices.SortFunc(d.Gateways, func(a, b Gateway) int { return cmp.Compare(a.VLAN, b.VLAN) })
	slices.SortFunc(d.EthernetSegments, func(a, b EthernetSegment) int { return CompareInterfaces(a.Interface, b.Interface) })
	slices.SortFunc(d.MacVRFs, func(a, b MacVRF) int { return cmp.Compare(a.VLAN, b.VLAN) })
	for i := range d.MacVRFs {
		slices.SortFunc(d.MacVRFs[i].Interfaces, CompareInterfaces)
	}
	slices.SortFunc(d.IPVRFs, func(a, b IPVRF) int { return cmp.Compare(a.Name, b.Name) })
	for i := range d.IPVRFs {
		slices.Sort(d.IPVRFs[i].VLANs)
		slices.SortFunc(d.IPVRFs[i].Subinterfaces, compareSubinterfaces)
	}
	slices.SortFunc(d.BFD, func(a, b BFD) int { return compareSubinterfaces(a.Interface, b.Interface) })
	slices.SortFunc(d.BGP, func(a, b BGP) int { return cmp.Compare(a.VRF, b.VRF) })
	for i := range d.BGP {
		b := &d.BGP[i]
		slices.SortFunc(b.Groups, func(x, y PeerGroup) int { return cmp.Compare(x.Name, y.Name) })
		slices.SortFunc(b.Neighbors, func(x, y Neighbor) int { return x.Address.Compare(y.Address) })
	}
	slices.SortFunc(d.PrefixSets, func(a, b PrefixSet) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(d.Policies, func(a, b Policy) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(d.Links, func(a, b Link) int { return CompareInterfaces(a.Local, b.Local) })
	slices.Sort(d.Multihomed)
	d.Multihomed = slices.Compact(d.Multihomed)
}

func compareSubinterfaces(a, b SubinterfaceID) int {
	return cmp.Or(CompareInterfaces(a.Interface, b.Interface), cmp.Compare(a.Index, b.Index))
}
