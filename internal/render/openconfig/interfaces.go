package openconfig

import (
	"net/netip"

	"github.com/openconfig/ygot/ygot"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/render/openconfig/oc"
	"github.com/tenter-net/tenter/internal/tree"
)

func renderInterface(w *dialect.Writer, n dialect.Namer, i fabric.Interface) {
	name := n.Interface(i.ID)
	out := &oc.Interface{
		Type:        oc.IETFInterfaces_InterfaceType_ethernetCsmacd,
		Enabled:     ygot.Bool(i.Enabled),
		Description: text(i.Description),
		Mtu:         positive[uint16](w, i.Source, i.MTU),
	}
	switch i.ID.Kind {
	case fabric.Loopback:
		out.Type = oc.IETFInterfaces_InterfaceType_softwareLoopback
	case fabric.LAG:
		out.Type = oc.IETFInterfaces_InterfaceType_ieee8023adLag
		out.Aggregation = aggregation(w, i)
	default:
		out.Ethernet = ethernet(w, n, i)
	}
	put(w, i.Source, interfacePath(name), out)
	if i.Bundle != nil && i.Bundle.LACP != nil {
		renderLACP(w, i.Source, name, i.Bundle.LACP)
	}
	for _, s := range i.Subinterfaces {
		renderSubinterface(w, n, i.ID, s)
	}
}

func aggregation(w *dialect.Writer, i fabric.Interface) *oc.Interface_Aggregation {
	out := &oc.Interface_Aggregation{LagType: oc.IfAggregate_AggregationType_STATIC}
	if b := i.Bundle; b != nil {
		if b.LACP != nil {
			out.LagType = oc.IfAggregate_AggregationType_LACP
		}
		out.MinLinks = positive[uint16](w, i.Source, b.MinLinks)
	}
	if s := i.Switched; s != nil {
		out.SwitchedVlan = &oc.Interface_Aggregation_SwitchedVlan{
			InterfaceMode: mode(s), AccessVlan: accessVLAN(w, i), NativeVlan: nativeVLAN(w, i),
		}
		for _, v := range trunkVLANs(s) {
			out.SwitchedVlan.TrunkVlans = append(out.SwitchedVlan.TrunkVlans, v)
		}
	}
	return out
}

func ethernet(w *dialect.Writer, n dialect.Namer, i fabric.Interface) *oc.Interface_Ethernet {
	if i.MemberOf == nil && i.Switched == nil {
		return nil
	}
	out := &oc.Interface_Ethernet{}
	if i.MemberOf != nil {
		out.AggregateId = ygot.String(n.Interface(*i.MemberOf))
	}
	if s := i.Switched; s != nil {
		out.SwitchedVlan = &oc.Interface_Ethernet_SwitchedVlan{
			InterfaceMode: mode(s), AccessVlan: accessVLAN(w, i), NativeVlan: nativeVLAN(w, i),
		}
		for _, v := range trunkVLANs(s) {
			out.SwitchedVlan.TrunkVlans = append(out.SwitchedVlan.TrunkVlans, v)
		}
	}
	return out
}

func mode(s *fabric.Switched) oc.E_VlanTypes_VlanModeType {
	if s.Trunk {
		return oc.VlanTypes_VlanModeType_TRUNK
	}
	return oc.VlanTypes_VlanModeType_ACCESS
}

func accessVLAN(w *dialect.Writer, i fabric.Interface) *uint16 {
	if i.Switched.Trunk {
		return nil
	}
	return positive[uint16](w, i.Source, i.Switched.Access)
}

func nativeVLAN(w *dialect.Writer, i fabric.Interface) *uint16 {
	if !i.Switched.Trunk {
		return nil
	}
	return positive[uint16](w, i.Source, i.Switched.Native)
}

func trunkVLANs(s *fabric.Switched) []oc.UnionUint16 {
	if !s.Trunk {
		return nil
	}
	out := make([]oc.UnionUint16, len(s.VLANs))
	for i, v := range s.VLANs {
		out[i] = oc.UnionUint16(v)
	}
	return out
}

func renderLACP(w *dialect.Writer, source tree.Source, name string, l *fabric.LACP) {
	interval := oc.Lacp_LacpPeriodType_SLOW
	if l.Fast {
		interval = oc.Lacp_LacpPeriodType_FAST
	}
	put(w, source, root(dialect.Elem("lacp"), dialect.Elem("interfaces"), dialect.Elem("interface", "name", name)), &oc.Lacp_Interface{
		Interval: interval, LacpMode: oc.Lacp_LacpActivityType_ACTIVE, SystemIdMac: text(l.SystemID),
	})
}

func renderSubinterface(w *dialect.Writer, n dialect.Namer, on fabric.InterfaceID, s fabric.Subinterface) {
	out := &oc.Interface_Subinterface{
		Enabled: ygot.Bool(true), Description: text(s.Description),
	}
	if s.VLANTag != 0 {
		out.Vlan = &oc.Interface_Subinterface_Vlan{Match: &oc.Interface_Subinterface_Vlan_Match{
			SingleTagged: &oc.Interface_Subinterface_Vlan_Match_SingleTagged{VlanId: positive[uint16](w, s.Source, s.VLANTag)},
		}}
	}
	if len(s.IPv4) > 0 {
		out.Ipv4 = &oc.Interface_Subinterface_Ipv4{
			Enabled: ygot.Bool(true), Mtu: positive[uint16](w, s.Source, s.IPMTU), Address: map[string]*oc.Interface_Subinterface_Ipv4_Address{},
		}
		for _, p := range s.IPv4 {
			ip, bits := split(p)
			out.Ipv4.Address[ip] = &oc.Interface_Subinterface_Ipv4_Address{Ip: &ip, PrefixLength: bits}
		}
	}
	if len(s.IPv6) > 0 {
		out.Ipv6 = &oc.Interface_Subinterface_Ipv6{
			Enabled: ygot.Bool(true), Mtu: positive[uint32](w, s.Source, s.IPMTU), Address: map[string]*oc.Interface_Subinterface_Ipv6_Address{},
		}
		for _, p := range s.IPv6 {
			ip, bits := split(p)
			out.Ipv6.Address[ip] = &oc.Interface_Subinterface_Ipv6_Address{Ip: &ip, PrefixLength: bits}
		}
	}
	name := n.Interface(on)
	index := itoa(s.Index)
	put(w, s.Source, dialect.Below(interfacePath(name), dialect.Elem("subinterfaces"), dialect.Elem("subinterface", "index", index)), out)
	put(w, s.Source, memberPath(n.VRF(s.VRF), n.Unit(on, s.Index)), &oc.NetworkInstance_Interface{
		Interface: &name, Subinterface: ygot.Uint32(uint32(s.Index)),
	})
}

// split returns the parts of an address as the models hold them.
func split(p netip.Prefix) (ip string, bits *uint8) {
	return p.Addr().String(), ygot.Uint8(uint8(p.Bits()))
}

func renderLLDP(w *dialect.Writer, n dialect.Namer, l fabric.Link) {
	put(w, l.Source, root(dialect.Elem("lldp"), dialect.Elem("interfaces"), dialect.Elem("interface", "name", n.Interface(l.Local))), &oc.Lldp_Interface{
		Enabled: ygot.Bool(true),
	})
}

func renderBFD(w *dialect.Writer, n dialect.Namer, b fabric.BFD) {
	name := n.Interface(b.Interface.Interface)
	put(w, b.Source, root(dialect.Elem("bfd"), dialect.Elem("interfaces"), dialect.Elem("interface", "id", n.Unit(b.Interface.Interface, b.Interface.Index))), &oc.Bfd_Interface{
		Enabled:                  ygot.Bool(true),
		DesiredMinimumTxInterval: positive[uint32](w, b.Source, int(b.Tx.Microseconds())),
		RequiredMinimumReceive:   positive[uint32](w, b.Source, int(b.Rx.Microseconds())),
		DetectionMultiplier:      positive[uint8](w, b.Source, b.Multiplier),
		InterfaceRef:             &oc.Bfd_Interface_InterfaceRef{Interface: &name, Subinterface: ygot.Uint32(uint32(b.Interface.Index))},
	})
}
