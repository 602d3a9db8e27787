package eos

import (
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// vxlanInterface is the one that EOS has for all tunnels.
const vxlanInterface = "Vxlan1"

// renderDefaultInstance lets the device route: EOS does not by itself.
func renderDefaultInstance(w *dialect.Writer, n dialect.Namer, device fabric.Text) {
	put(w, device.Source, instancePath(n.DefaultInstance),
		leaf{"config/type", "openconfig-network-instance-types:DEFAULT_INSTANCE"},
		leaf{"config/ipv4-routing-enabled", true}, leaf{"config/ipv6-routing-enabled", true})
}

func vxlanPath(elems ...path.Elem) path.Path {
	return dialect.Below(interfacePath(vxlanInterface), append([]path.Elem{dialect.Elem("arista-vxlan")}, elems...)...)
}

func renderVTEP(w *dialect.Writer, n dialect.Namer, v fabric.VTEP) {
	put(w, v.Source, interfacePath(vxlanInterface), leaf{"config/enabled", true},
		// The type is mandatory, and no published one is a VXLAN's: a tunnel is what it is (RFC 7348).
		leaf{"config/type", "iana-if-type:tunnel"})
	put(w, v.Source, vxlanPath(), leaf{"config/src-ip-intf", n.Interface(v.Loopback)})
}

// renderVLAN writes a VLAN, its VNI and its EVPN instance: "vlan 40" below "router bgp", which the tree names after the
// VLAN.
func renderVLAN(w *dialect.Writer, n dialect.Namer, v fabric.MacVRF) {
	id := itoa(v.VLAN)
	put(w, v.Source, dialect.Below(instancePath(n.DefaultInstance), dialect.Elem("vlans"), dialect.Elem("vlan", "vlan-id", id)),
		leaf{"config/name", v.Name}, leaf{"config/status", "ACTIVE"})
	if v.VNI == 0 {
		return
	}
	put(w, v.Source, vxlanPath(dialect.Elem("vlan-to-vnis"), dialect.Elem("vlan-to-vni", "vlan", id)), leaf{"config/vni", v.VNI})
	evi := root(dialect.Elem("arista"), dialect.Elem("eos"), dialect.Elem("evpn"), dialect.Elem("evpn-instances"), dialect.Elem("evpn-instance", "name", id))
	put(w, v.Source, evi,
		leaf{"config/instance-type", "VLAN"},
		leaf{"config/route-distinguisher", v.RouteDistinguisher},
		// What is learned at the ports is told to the others (RFC 7432 §9.1). EOS does the other two by itself and lists them
		// with it, so a list without them would never be read back.
		leaf{"config/redistribute", []any{"LEARNED", "ROUTER_MAC", "HOST_ROUTE"}},
		leaf{"route-target/config/import", values(v.Import)},
		leaf{"route-target/config/export", values(v.Export)})
	put(w, v.Source, dialect.Below(evi, dialect.Elem("vlans"), dialect.Elem("vlan", "vlan-id", id)))
}

// vrf is an IPVRF with what its BGP instance shares with the device's process.
type vrf struct {
	fabric.IPVRF
	ASN      uint32
	RouterID string
}

func renderVRF(w *dialect.Writer, n dialect.Namer, v vrf) {
	leaves := []leaf{
		{"config/type", "openconfig-network-instance-types:L3VRF"},
		{"config/ipv4-routing-enabled", true},
		{"config/ipv6-routing-enabled", true},
	}
	leaves = append(leaves, some("config/description", v.Description)...)
	leaves = append(leaves, some("config/route-distinguisher", v.RouteDistinguisher)...)
	put(w, v.Source, instancePath(v.Name), leaves...)
	if v.VNI == 0 {
		return
	}
	put(w, v.Source, vxlanPath(dialect.Elem("vrf-to-vnis"), dialect.Elem("vrf-to-vni", "vrf", v.Name)), leaf{"config/vni", v.VNI})
	put(w, v.Source, protocolPath(v.Name, "BGP", bgpName), leaf{"config/enabled", true})
	global := dialect.Below(bgpPath(n, v.Name), dialect.Elem("global"))
	leaves = []leaf{{"evpn/import-target", values(v.Import)}, {"evpn/export-target", values(v.Export)}}
	leaves = append(leaves, some("config/as", v.ASN)...)
	put(w, v.Source, global, append(leaves, some("config/router-id", v.RouterID)...)...)
}

// renderEthernetSegment writes command lines, as the tree has no Ethernet segments.
func renderEthernetSegment(w *dialect.Writer, n dialect.Namer, es fabric.EthernetSegment) {
	in := []string{"interface " + n.Interface(es.Interface), "evpn ethernet-segment"}
	say := func(text string) { line(w, es.Source, append(in[:2:2], text)...) }
	octets := strings.Split(es.ESI, ":")
	say("identifier " + grouped(octets))
	if len(octets) == 10 {
		// All members of a segment import by the six octets after the type (RFC 7432 §7.6); EOS has to be told.
		say("route-target import " + strings.Join(octets[1:7], ":"))
	}
	if !es.AllActive {
		say("redundancy single-active")
	}
}

// grouped writes an Ethernet segment identifier as EOS does: 0002:0000:0000:0a00:0000.
func grouped(octets []string) string {
	var b strings.Builder
	for i, o := range octets {
		if i > 0 && i%2 == 0 {
			b.WriteByte(':')
		}
		b.WriteString(o)
	}
	return b.String()
}
