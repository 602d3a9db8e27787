package srlinux

import (
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/tree"
)

// vxlan is the tunnel interface of all VNIs.
const vxlan = "vxlan1"

// evpnPaths is how many paths an EVPN instance spreads traffic over: the most that a mac-vrf takes. The device's own is
// one, which leaves all members of a remote Ethernet segment idle but one.
const evpnPaths = 8

func renderDefaultInstance(w *dialect.Writer, n dialect.Namer, device fabric.Text) {
	put(w, device.Source, instancePath(n.DefaultInstance), leaf{"type", "default"}, leaf{"admin-state", "enable"})
}

func renderVTEP(w *dialect.Writer, _ dialect.Namer, v fabric.VTEP) {
	at := root(dialect.Elem("tunnel-interface", "name", vxlan))
	if !v.Address.Is4() {
		w.Gap(v.Source, at, "SR Linux's VXLAN tunnels come from the IPv4 address of system0, and %s is none", v.Address)
	}
	put(w, v.Source, at)
}

// macVRF is a VLAN that may have a gateway on this device.
type macVRF struct {
	fabric.MacVRF
	Gateway bool
}

func renderMacVRF(w *dialect.Writer, n dialect.Namer, v macVRF) {
	name := n.MacVRF(v.Name)
	put(w, v.Source, instancePath(name), leaf{"type", "mac-vrf"}, leaf{"admin-state", "enable"})
	for _, id := range v.Interfaces {
		put(w, v.Source, memberPath(name, n.Unit(id, v.VLAN)))
	}
	if v.Gateway {
		irb, index := irb(n, v.VLAN)
		put(w, v.Source, memberPath(name, irb+"."+index))
	}
	if v.VNI != 0 {
		renderEVI(w, name, evi{v.Source, "bridged", v.EVI, v.VNI, v.RouteDistinguisher, v.Import, v.Export})
	}
}

func renderIPVRF(w *dialect.Writer, _ dialect.Namer, v fabric.IPVRF) {
	leaves := append([]leaf{{"type", "ip-vrf"}, {"admin-state", "enable"}}, some("description", v.Description)...)
	put(w, v.Source, instancePath(v.Name), leaves...)
	if v.VNI != 0 {
		renderEVI(w, v.Name, evi{v.Source, "routed", v.EVI, v.VNI, v.RouteDistinguisher, v.Import, v.Export})
	}
}

// evi is an EVPN instance of a network instance, and its VNI.
type evi struct {
	source          tree.Source
	traffic         string // bridged or routed
	id, vni         int
	distinguisher   string
	imports, export []string
}

func renderEVI(w *dialect.Writer, instance string, e evi) {
	tunnel := vxlan + "." + itoa(e.vni)
	put(w, e.source, root(dialect.Elem("tunnel-interface", "name", vxlan), dialect.Elem("vxlan-interface", "index", itoa(e.vni))),
		leaf{"type", e.traffic}, leaf{"ingress/vni", e.vni})
	put(w, e.source, dialect.Below(instancePath(instance), dialect.Elem("vxlan-interface", "name", tunnel)))
	put(w, e.source, protocolPath(instance, dialect.Elem("bgp-evpn")))
	put(w, e.source, protocolPath(instance, dialect.Elem("bgp-evpn"), firstInstance),
		leaf{"admin-state", "enable"}, leaf{"vxlan-interface", tunnel}, leaf{"evi", e.id}, leaf{"ecmp", evpnPaths})
	leaves := some("route-distinguisher/rd", e.distinguisher)
	leaves = append(leaves, targets(w, e.source, instance, "import", e.imports)...)
	leaves = append(leaves, targets(w, e.source, instance, "export", e.export)...)
	put(w, e.source, protocolPath(instance, dialect.Elem("bgp-vpn")))
	put(w, e.source, protocolPath(instance, dialect.Elem("bgp-vpn"), firstInstance), leaves...)
}

// targets returns the leaves for route targets in one direction. There is room for one; more of them go into a policy.
func targets(w *dialect.Writer, source tree.Source, instance, direction string, list []string) []leaf {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return []leaf{{"route-target/" + direction + "-rt", "target:" + list[0]}}
	}
	name := instance + "-" + direction
	members := make([]any, len(list))
	for i, t := range list {
		members[i] = "target:" + t
	}
	put(w, source, communitySetPath(name), leaf{"member", members}, leaf{"match-set-options", "any"})
	if direction == "export" {
		put(w, source, policyPath(name), leaf{"default-action/policy-result", "accept"}, leaf{"default-action/bgp/communities/add", name})
	} else {
		put(w, source, policyPath(name), leaf{"default-action/policy-result", "reject"})
		entry := dialect.Elem("statement", "name", "10")
		put(w, source, dialect.Below(policyPath(name), entry), leaf{"match/bgp/community-set", name}, leaf{"action/policy-result", "accept"})
		w.Order(source, dialect.Below(policyPath(name), dialect.Elem("statement")), entries(entry))
	}
	return []leaf{{direction + "-policy", []any{name}}}
}
