package frr

import (
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

type vtep struct {
	Router string
	VTEP   fabric.VTEP
}

func renderVTEP(w *dialect.Writer, _ dialect.Namer, v vtep) {
	put(w, v.VTEP.Source, v.Router, family(fabric.EVPN), "advertise-all-vni")
}

type macVRF struct {
	Router string
	VRF    fabric.MacVRF
}

func renderMacVRF(w *dialect.Writer, n dialect.Namer, m macVRF) {
	v := m.VRF
	vni := "vni " + itoa(v.VNI)
	if m.Router != "" {
		line := func(text string) { put(w, v.Source, m.Router, family(fabric.EVPN), vni, text) }
		line("rd " + v.RouteDistinguisher)
		for _, t := range v.Import {
			line("route-target import " + t)
		}
		for _, t := range v.Export {
			line("route-target export " + t)
		}
	}
	var ports []string
	for _, i := range v.Interfaces {
		ports = append(ports, n.Interface(i))
	}
	gap(w, v.Source, "FRR makes no VLANs and no VXLAN interfaces: the host needs VLAN %d on %q, in a bridge with a VXLAN interface of VNI %d", v.VLAN, ports, v.VNI)
}

type ipVRF struct {
	Router string
	VRF    fabric.IPVRF
}

func renderIPVRF(w *dialect.Writer, _ dialect.Namer, i ipVRF) {
	v := i.VRF
	vrf := "vrf " + v.Name
	put(w, v.Source, vrf)
	if v.Description != "" {
		gap(w, v.Source, "FRR has no description for a VRF: %q is left out", v.Description)
	}
	gap(w, v.Source, "FRR makes no VRFs: the host needs VRF %s, with a bridge and a VXLAN interface of VNI %d", v.Name, v.VNI)
	if v.VNI == 0 {
		return
	}
	put(w, v.Source, vrf, "vni "+itoa(v.VNI))
	line := func(text string) { put(w, v.Source, i.Router, family(fabric.EVPN), text) }
	line("advertise ipv4 unicast")
	line("advertise ipv6 unicast")
	line("rd " + v.RouteDistinguisher)
	for _, t := range v.Import {
		line("route-target import " + t)
	}
	for _, t := range v.Export {
		line("route-target export " + t)
	}
}

func renderGateway(w *dialect.Writer, _ dialect.Namer, g fabric.Gateway) {
	gap(w, g.Source, "the gateway of a VLAN is the host's: VLAN %d in VRF %q with %v and %v, MAC %s, MTU %d, description %q",
		g.VLAN, g.VRF, g.IPv4, g.IPv6, g.AnycastMAC, g.IPMTU, g.Description)
}

func renderSegment(w *dialect.Writer, n dialect.Namer, s fabric.EthernetSegment) {
	gap(w, s.Source, "Tenter sets no Ethernet segments on FRR: %s with ESI %q, all-active %v", n.Interface(s.Interface), s.ESI, s.AllActive)
}
