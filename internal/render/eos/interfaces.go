package eos

import (
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/tree"
)

func renderInterface(w *dialect.Writer, n dialect.Namer, i fabric.Interface) {
	name := n.Interface(i.ID)
	kind, switched := "iana-if-type:ethernetCsmacd", "ethernet"
	switch i.ID.Kind {
	case fabric.Loopback:
		kind = "iana-if-type:softwareLoopback"
	case fabric.LAG:
		kind, switched = "iana-if-type:ieee8023adLag", "aggregation"
	}
	leaves := []leaf{{"config/type", kind}, {"config/enabled", i.Enabled}}
	leaves = append(leaves, some("config/description", i.Description)...)
	if i.MemberOf != nil {
		leaves = append(leaves, leaf{"ethernet/config/aggregate-id", n.Interface(*i.MemberOf)})
	}
	if i.ID.Kind == fabric.LAG {
		leaves = append(leaves, lag(i.Bundle)...)
	}
	if i.Switched != nil {
		leaves = append(leaves, switchport(switched+"/switched-vlan/config/", i.Switched)...)
	}
	if i.MTU != 0 && i.MemberOf == nil && len(i.Subinterfaces) == 0 {
		// The tree has config/mtu, and EOS refuses it (featureprofiles, deviation omit_l2_mtu); "l2 mtu" is a command of some
		// platforms. What a routed port takes follows from its IP MTU.
		w.Gap(i.Source, interfacePath(name), "EOS sets no MTU of a switched port: it takes frames as large as the hardware does, not %d octets", i.MTU)
	}
	put(w, i.Source, interfacePath(name), leaves...)
	if i.Bundle != nil && i.Bundle.LACP != nil {
		renderLACP(w, i.Source, name, i.Bundle.LACP)
	}
	for _, s := range i.Subinterfaces {
		renderSubinterface(w, n, i.ID, s)
	}
}

func lag(b *fabric.Bundle) []leaf {
	if b == nil {
		return []leaf{{"aggregation/config/lag-type", "STATIC"}}
	}
	leaves := some("aggregation/config/min-links", b.MinLinks)
	if b.LACP == nil {
		return append(leaves, leaf{"aggregation/config/lag-type", "STATIC"})
	}
	return append(leaves, leaf{"aggregation/config/lag-type", "LACP"})
}

func switchport(at string, s *fabric.Switched) []leaf {
	if !s.Trunk {
		return append(some(at+"access-vlan", s.Access), leaf{at + "interface-mode", "ACCESS"})
	}
	leaves := append(some(at+"native-vlan", s.Native), leaf{at + "interface-mode", "TRUNK"})
	if len(s.VLANs) > 0 {
		vlans := make([]any, len(s.VLANs))
		for i, v := range s.VLANs {
			vlans[i] = v
		}
		leaves = append(leaves, leaf{at + "trunk-vlans", vlans})
	}
	return leaves
}

func renderLACP(w *dialect.Writer, source tree.Source, name string, l *fabric.LACP) {
	interval := "SLOW"
	if l.Fast {
		interval = "FAST"
	}
	leaves := append(some("config/system-id-mac", l.SystemID), leaf{"config/interval", interval}, leaf{"config/lacp-mode", "ACTIVE"})
	put(w, source, root(dialect.Elem("lacp"), dialect.Elem("interfaces"), dialect.Elem("interface", "name", name)), leaves...)
}

func renderSubinterface(w *dialect.Writer, n dialect.Namer, on fabric.InterfaceID, s fabric.Subinterface) {
	name := n.Interface(on)
	at := dialect.Below(interfacePath(name), dialect.Elem("subinterfaces"), dialect.Elem("subinterface", "index", itoa(s.Index)))
	var leaves []leaf
	if s.Index != 0 {
		// Unit 0 is the interface itself, which says this already.
		leaves = append(some("config/description", s.Description), leaf{"config/enabled", true})
	}
	leaves = append(leaves, some("vlan/match/single-tagged/config/vlan-id", s.VLANTag)...)
	put(w, s.Source, at, leaves...)
	putAddresses(w, s.Source, at, "ipv4", s.IPMTU, s.IPv4)
	putAddresses(w, s.Source, at, "ipv6", s.IPMTU, s.IPv6)
	putMember(w, n, s.Source, s.VRF, unit(n, on, s.Index), name, s.Index)
}

func renderLLDP(w *dialect.Writer, n dialect.Namer, l fabric.Link) {
	put(w, l.Source, root(dialect.Elem("lldp"), dialect.Elem("interfaces"), dialect.Elem("interface", "name", n.Interface(l.Local))),
		leaf{"config/enabled", true})
}

// renderBFD sets the timers of an interface; its sessions come from the protocols that ask for them.
func renderBFD(w *dialect.Writer, n dialect.Namer, b fabric.BFD) {
	on := b.Interface
	put(w, b.Source, root(dialect.Elem("bfd"), dialect.Elem("interfaces"), dialect.Elem("interface", "id", unit(n, on.Interface, on.Index))),
		leaf{"config/desired-minimum-tx-interval", b.Tx.Microseconds()},
		leaf{"config/required-minimum-receive", b.Rx.Microseconds()},
		leaf{"config/detection-multiplier", b.Multiplier},
		leaf{"interface-ref/config/interface", n.Interface(on.Interface)},
		leaf{"interface-ref/config/subinterface", on.Index})
}

func renderGateway(w *dialect.Writer, n dialect.Namer, g fabric.Gateway) {
	name := n.VLANName(g.VLAN)
	at := interfacePath(name)
	leaves := []leaf{{"config/type", "iana-if-type:l3ipvlan"}, {"config/enabled", true}, {"routed-vlan/config/vlan", g.VLAN}}
	put(w, g.Source, at, append(leaves, some("config/description", g.Description)...)...)
	routed := dialect.Below(at, dialect.Elem("routed-vlan"))
	if g.AnycastMAC == "" {
		putAddresses(w, g.Source, routed, "ipv4", g.IPMTU, g.IPv4)
		putAddresses(w, g.Source, routed, "ipv6", g.IPMTU, g.IPv6)
	} else {
		putVirtual(w, g, at, routed, name)
	}
	putMember(w, n, g.Source, g.VRF, name, name, -1)
}

// putVirtual gives a gateway addresses that it shares with all other leaves: "ip address virtual".
func putVirtual(w *dialect.Writer, g fabric.Gateway, at, routed path.Path, name string) {
	if len(g.IPv4) > 0 {
		put(w, g.Source, dialect.Below(routed, dialect.Elem("ipv4")), append(some("config/mtu", g.IPMTU), leaf{"config/enabled", true})...)
	}
	for i, p := range g.IPv4 {
		varp := dialect.Below(at, dialect.Elem("arista-varp"))
		if i == 0 {
			put(w, g.Source, dialect.Below(varp, dialect.Elem("virtual-address")),
				leaf{"config/ip", p.Addr().String()}, leaf{"config/prefix-length", p.Bits()})
			continue
		}
		put(w, g.Source, dialect.Below(varp, dialect.Elem("secondary-virtual-addresses"), dialect.Elem("address", "ip", p.Addr().String())),
			leaf{"config/prefix-length", p.Bits()})
	}
	if len(g.IPv6) > 0 {
		put(w, g.Source, dialect.Below(routed, dialect.Elem("ipv6")), append(some("config/mtu", g.IPMTU), leaf{"config/enabled", true})...)
	}
	for _, p := range g.IPv6 {
		// The tree has virtual addresses for IPv4 only.
		line(w, g.Source, "interface "+name, "ipv6 address virtual "+p.String())
	}
}

// renderVirtualMAC sets the MAC address of all virtual addresses, of which a device has one.
func renderVirtualMAC(w *dialect.Writer, _ dialect.Namer, addresses macs) {
	at := root(dialect.Elem("system"), dialect.Elem("mac-address"))
	for i, m := range addresses {
		if i > 0 {
			w.Gap(m.Source, at, "EOS has one virtual MAC address for all gateways: %s is used, not %s", addresses[0].Value, m.Value)
			continue
		}
		put(w, m.Source, at, leaf{"config/routing-mac", m.Value})
	}
}
