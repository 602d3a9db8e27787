package srlinux

import (
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/tree"
)

// irb returns the interface and the index of a VLAN's gateway.
func irb(n dialect.Namer, vlan int) (name, index string) {
	unit := n.VLANName(vlan)
	if dot := strings.LastIndexByte(unit, '.'); dot > 0 {
		return unit[:dot], unit[dot+1:]
	}
	return unit, "0"
}

func renderIRB(w *dialect.Writer, _ dialect.Namer, name fabric.Text) {
	put(w, name.Source, interfacePath(name.Value), leaf{"admin-state", "enable"})
}

// gateway is a VLAN's gateway with the largest packet that the VLAN's ports on this device take, 0 if they don't say.
type gateway struct {
	fabric.Gateway
	PortMTU int
}

func renderGateway(w *dialect.Writer, n dialect.Namer, g gateway) {
	name, index := irb(n, g.VLAN)
	at := subinterfacePath(name, index)
	leaves := append([]leaf{{"admin-state", "enable"}}, some("description", g.Description)...)
	mtu := g.IPMTU
	if g.PortMTU != 0 && mtu > g.PortMTU {
		w.Gap(g.Source, at, "SR Linux keeps a gateway down whose packets its VLAN's ports don't take: its IP MTU is %d here instead of %d", g.PortMTU, mtu)
		mtu = g.PortMTU
	}
	leaves = append(leaves, some("ip-mtu", mtu)...)
	var each []leaf
	if g.AnycastMAC != "" {
		leaves = append(leaves, leaf{names: "anycast-gw"}, leaf{"anycast-gw/anycast-gw-mac", g.AnycastMAC})
		each = []leaf{{"anycast-gw", true}}
	}
	put(w, g.Source, at, leaves...)
	renderAddresses(w, g.Source, at, g.IPv4, g.IPv6, each...)
	if len(g.IPv4) > 0 {
		renderNeighbors(w, g.Source, at, "ipv4", "arp", true)
	}
	if len(g.IPv6) > 0 {
		renderNeighbors(w, g.Source, at, "ipv6", "neighbor-discovery", "global")
	}
	put(w, g.Source, memberPath(n.VRF(g.VRF), name+"."+index))
}

// bridgedMTU returns the IP MTU that a VLAN's ports on a device leave to its gateway: the least of their MTUs without
// Ethernet header and tag, which is what the device holds the gateway against.
func bridgedMTU(d *fabric.Device, vlan int) int {
	least := 0
	for _, i := range d.Interfaces {
		s := i.Switched
		if s == nil || i.MTU == 0 || !carries(s, vlan) {
			continue
		}
		mtu := i.MTU - 14
		if s.Trunk && s.Native != vlan {
			mtu -= 4
		}
		if least == 0 || mtu < least {
			least = mtu
		}
	}
	return least
}

// renderNeighbors lets all gateways of a VLAN know its hosts: whatever one of them learns goes to the others by EVPN, and
// into the VRF as a host route, so that traffic reaches the leaf that a host is on. The device does none of it by itself.
func renderNeighbors(w *dialect.Writer, source tree.Source, at path.Path, family, protocol string, learn any) {
	below := dialect.Below(at, dialect.Elem(family), dialect.Elem(protocol))
	put(w, source, below, leaf{"learn-unsolicited", learn}, leaf{names: "evpn"})
	put(w, source, dialect.Below(below, dialect.Elem("host-route"), dialect.Elem("populate", "route-type", "dynamic")))
	put(w, source, dialect.Below(below, dialect.Elem("evpn"), dialect.Elem("advertise", "route-type", "dynamic")))
}

func carries(s *fabric.Switched, vlan int) bool {
	if s.Trunk {
		return slices.Contains(s.VLANs, vlan)
	}
	return s.Access == vlan
}
