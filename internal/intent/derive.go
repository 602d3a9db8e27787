package intent

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// What follows from a spec by rule alone. Checks and the compiler of package fabric both need it.

// VXLANOverhead is what VXLAN over IPv4 adds to an IP packet: the inner Ethernet header, VXLAN, UDP and the outer IP
// header (RFC 7348 §5).
const VXLANOverhead = 14 + 8 + 8 + 20

// DefaultAccessMTU is the IP MTU towards hosts where a fabric says nothing.
const DefaultAccessMTU = 1500

// AccessMTU returns the IP MTU towards hosts where neither port nor gateway says otherwise.
func (f *FabricSpec) AccessMTU() int {
	if f.Access.MTU != 0 {
		return f.Access.MTU
	}
	return DefaultAccessMTU
}

// Target returns the route target of an EVPN instance.
func (o *Overlay) Target(vni, evi int) RouteTarget {
	return RouteTarget(strings.NewReplacer("{vni}", strconv.Itoa(vni), "{evi}", strconv.Itoa(evi)).Replace(o.RouteTarget))
}

// Distinguisher returns the route distinguisher of an EVPN instance on the device with the router id.
func (o *Overlay) Distinguisher(router netip.Addr, vni, evi int) string {
	return strings.NewReplacer("{router-id}", router.String(), "{vni}", strconv.Itoa(vni), "{evi}", strconv.Itoa(evi)).Replace(o.RouteDistinguisher)
}

// Instance returns the number of the Vlan's EVPN instance.
func (v *VlanSpec) Instance() int {
	if v.EVI != 0 {
		return v.EVI
	}
	return v.VNI
}

// Instance returns the number of the Vrf's EVPN instance, 0 without a VNI.
func (v *VrfSpec) Instance() int {
	if v.EVI != 0 && v.VNI != 0 {
		return v.EVI
	}
	return v.VNI
}

// Number returns the link's number among parallel ones, from 1.
func (l *LinkSpec) Number() int { return max(1, l.Parallel) }

// Segment returns the identifier of the LAG's Ethernet segment and the LACP system that its members pretend to be, both
// empty for a LAG on one device. The identifier is of type 0 with the number in octets 6 and 7, inside the part that
// ES-Import route targets are made of (RFC 7432 §7.6), so that a device imports only its own segments.
func (l *LAGSpec) Segment() (ESI, MAC) {
	switch {
	case l.ESI != "":
		return l.ESI, MAC("02:" + l.ESI[len(l.ESI)-14:])
	case l.ESID != 0:
		mac := fmt.Sprintf("02:00:00:00:%02x:%02x", l.ESID>>8, l.ESID&0xff)
		return ESI("00:" + mac + ":00:00:00"), MAC(mac)
	}
	return "", ""
}

// VlanNames returns the Vlans that a port carries.
func (p *PortSpec) VlanNames() []string {
	switch {
	case p.Access != nil:
		return []string{p.Access.Vlan}
	case p.Trunk != nil:
		return p.Trunk.Vlans
	}
	return nil
}

// VlanDevices returns the devices that carry a Vlan, by name.
func (s *Set) VlanDevices(v *Vlan) []*Device {
	var out []*Device
	for _, d := range s.Devices {
		if s.vlanOn(v, d) {
			out = append(out, d)
		}
	}
	return out
}

func (s *Set) vlanOn(v *Vlan, d *Device) bool {
	if sel := v.Spec.Devices; sel != nil && !sel.FromPorts {
		return (&Selector{Names: sel.Names, Labels: sel.Labels}).matches(d)
	}
	return s.carries[v.Name][DeviceName(d.Name)]
}

// indexPorts remembers which devices have ports that carry a Vlan.
func (s *Set) indexPorts() {
	s.carries = map[string]map[DeviceName]bool{}
	for _, p := range s.Ports {
		for _, name := range p.Spec.VlanNames() {
			if s.carries[name] == nil {
				s.carries[name] = map[DeviceName]bool{}
			}
			for _, m := range p.Spec.Members {
				s.carries[name][m.Device] = true
			}
		}
	}
}

// Tree returns the origin of the paths.
func (s *ConfigSpec) Tree() string {
	if s.Origin != "" {
		return s.Origin
	}
	switch s.Dialect {
	case "srlinux":
		return "srl_nokia"
	case "frr":
		return "cli"
	}
	return "" // openconfig
}
