package openconfig

import (
	"strings"

	"github.com/openconfig/ygot/ygot"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/render/openconfig/oc"
	"github.com/tenter-net/tenter/internal/tree"
)

// The VTEP is an endpoint of the default network instance, and EVPN instances refer to it by these ids.
const (
	connectionPoint = "vxlan"
	vtepEndpoint    = "vtep"
)

func renderDefaultInstance(w *dialect.Writer, n dialect.Namer, device fabric.Text) {
	put(w, device.Source, instancePath(n.DefaultInstance), &oc.NetworkInstance{
		Type: oc.NetworkInstanceTypes_NETWORK_INSTANCE_TYPE_DEFAULT_INSTANCE,
	})
}

func endpointPath(n dialect.Namer) path.Path {
	return dialect.Below(instancePath(n.DefaultInstance), dialect.Elem("connection-points"), dialect.Elem("connection-point", "connection-point-id", connectionPoint),
		dialect.Elem("endpoints"), dialect.Elem("endpoint", "endpoint-id", vtepEndpoint))
}

func renderVTEP(w *dialect.Writer, n dialect.Namer, v fabric.VTEP) {
	point := dialect.Below(instancePath(n.DefaultInstance), dialect.Elem("connection-points"), dialect.Elem("connection-point", "connection-point-id", connectionPoint))
	put(w, v.Source, point, &oc.NetworkInstance_ConnectionPoint{})
	loopback := n.Interface(v.Loopback)
	put(w, v.Source, endpointPath(n), &oc.NetworkInstance_ConnectionPoint_Endpoint{
		Type:  oc.NetworkInstanceTypes_ENDPOINT_TYPE_LOCAL,
		Vxlan: &oc.NetworkInstance_ConnectionPoint_Endpoint_Vxlan{Enabled: ygot.Bool(true), SourceInterface: &loopback},
	})
}

// renderVNI maps a VNI to what the VTEP does with it: a VLAN, or a VRF.
func renderVNI(w *dialect.Writer, n dialect.Namer, source tree.Source, vni, vlan int, vrf string) {
	out := &oc.NetworkInstance_ConnectionPoint_Endpoint_Vxlan_LocalEndpointVni{VniType: oc.EndpointVni_VniType_L2, BridgeDomain: positive[uint32](w, source, vlan)}
	if vrf != "" {
		out.VniType, out.L3VrfName = oc.EndpointVni_VniType_L3, &vrf
	}
	put(w, source, dialect.Below(endpointPath(n), dialect.Elem("vxlan"), dialect.Elem("local-endpoint-vnis"), dialect.Elem("local-endpoint-vni", "vni", itoa(vni))), out)
}

// macVRF is a VLAN with its gateway on this device, if any.
type macVRF struct {
	fabric.MacVRF
	Gateway *fabric.Gateway
}

func renderMacVRF(w *dialect.Writer, n dialect.Namer, v macVRF) {
	name := n.MacVRF(v.Name)
	put(w, v.Source, instancePath(name), &oc.NetworkInstance{
		Type: oc.NetworkInstanceTypes_NETWORK_INSTANCE_TYPE_L2VSI,
	})
	put(w, v.Source, dialect.Below(instancePath(name), dialect.Elem("vlans"), dialect.Elem("vlan", "vlan-id", itoa(v.VLAN))), &oc.NetworkInstance_Vlan{
		Name: &v.Name, Status: oc.Vlan_Status_ACTIVE,
	})
	for _, id := range v.Interfaces {
		port := n.Interface(id)
		put(w, v.Source, memberPath(name, port), &oc.NetworkInstance_Interface{Interface: &port})
	}
	if g := v.Gateway; g != nil {
		irb := n.VLANName(g.VLAN)
		member := &oc.NetworkInstance_Interface{Interface: &irb}
		if g.AnycastMAC != "" {
			// Both ends route (RFC 9135 §4.2): every VRF has a VNI of its own or stays on the device.
			member.IrbAnycastGateway = oc.Interface_IrbAnycastGateway_DISTRIBUTED_SYMETRIC
			put(w, g.Source, dialect.Below(instancePath(name), dialect.Elem("fdb")), &oc.NetworkInstance_Fdb{AnycastGatewayMac: &g.AnycastMAC})
		}
		put(w, g.Source, memberPath(name, irb), member)
	}
	if v.VNI != 0 {
		renderEVI(w, n, name, evi{v.Source, v.EVI, v.VNI, v.RouteDistinguisher, v.Import, v.Export})
		renderVNI(w, n, v.Source, v.VNI, v.VLAN, "")
	}
}

func renderIPVRF(w *dialect.Writer, n dialect.Namer, v fabric.IPVRF) {
	put(w, v.Source, instancePath(v.Name), &oc.NetworkInstance{
		Type:               oc.NetworkInstanceTypes_NETWORK_INSTANCE_TYPE_L3VRF,
		Description:        text(v.Description),
		RouteDistinguisher: text(v.RouteDistinguisher),
	})
	if v.VNI != 0 {
		renderEVI(w, n, v.Name, evi{v.Source, v.EVI, v.VNI, v.RouteDistinguisher, v.Import, v.Export})
		renderVNI(w, n, v.Source, v.VNI, 0, v.Name)
	}
}

// evi is an EVPN instance of a network instance.
type evi struct {
	source          tree.Source
	id, vni         int
	distinguisher   string
	imports, export []string
}

func renderEVI(w *dialect.Writer, n dialect.Namer, instance string, e evi) {
	put(w, e.source, dialect.Below(instancePath(instance), dialect.Elem("encapsulation")), &oc.NetworkInstance_Encapsulation{
		EncapsulationType: oc.NetworkInstanceTypes_ENCAPSULATION_VXLAN,
	})
	out := &oc.NetworkInstance_Evpn_EvpnInstance{
		EncapsulationType:  oc.NetworkInstanceTypes_ENCAPSULATION_VXLAN,
		ServiceType:        oc.EvpnTypes_EVPN_TYPE_VLAN_BASED,
		ReplicationMode:    oc.EvpnInstance_ReplicationMode_BGP,
		RouteDistinguisher: oc.UnionString(e.distinguisher),
		ImportExportPolicy: &oc.NetworkInstance_Evpn_EvpnInstance_ImportExportPolicy{},
		Vxlan: &oc.NetworkInstance_Evpn_EvpnInstance_Vxlan{
			Vni: positive[uint32](w, e.source, e.vni), HostReachabilityBgp: ygot.Bool(true),
			OverlayEndpoint: ygot.String(vtepEndpoint), OverlayEndpointNetworkInstance: &n.DefaultInstance,
		},
	}
	for _, rt := range e.imports {
		out.ImportExportPolicy.ImportRouteTarget = append(out.ImportExportPolicy.ImportRouteTarget, oc.UnionString(rt))
	}
	for _, rt := range e.export {
		out.ImportExportPolicy.ExportRouteTarget = append(out.ImportExportPolicy.ExportRouteTarget, oc.UnionString(rt))
	}
	put(w, e.source, dialect.Below(instancePath(instance), dialect.Elem("evpn"), dialect.Elem("evpn-instances"), dialect.Elem("evpn-instance", "evi", itoa(e.id))), out)
}

func renderGateway(w *dialect.Writer, n dialect.Namer, g fabric.Gateway) {
	name := n.VLANName(g.VLAN)
	out := &oc.Interface{
		Type: oc.IETFInterfaces_InterfaceType_l3ipvlan, Enabled: ygot.Bool(true), Description: text(g.Description),
		RoutedVlan: &oc.Interface_RoutedVlan{Vlan: oc.UnionUint16(g.VLAN)},
	}
	if len(g.IPv4) > 0 {
		v4 := &oc.Interface_RoutedVlan_Ipv4{
			Enabled: ygot.Bool(true), Mtu: positive[uint16](w, g.Source, g.IPMTU), Address: map[string]*oc.Interface_RoutedVlan_Ipv4_Address{},
		}
		for _, p := range g.IPv4 {
			ip, bits := split(p)
			v4.Address[ip] = &oc.Interface_RoutedVlan_Ipv4_Address{Ip: &ip, PrefixLength: bits}
		}
		out.RoutedVlan.Ipv4 = v4
	}
	if len(g.IPv6) > 0 {
		v6 := &oc.Interface_RoutedVlan_Ipv6{
			Enabled: ygot.Bool(true), Mtu: positive[uint32](w, g.Source, g.IPMTU), Address: map[string]*oc.Interface_RoutedVlan_Ipv6_Address{},
		}
		for _, p := range g.IPv6 {
			ip, bits := split(p)
			v6.Address[ip] = &oc.Interface_RoutedVlan_Ipv6_Address{Ip: &ip, PrefixLength: bits}
		}
		out.RoutedVlan.Ipv6 = v6
	}
	put(w, g.Source, interfacePath(name), out)
	put(w, g.Source, memberPath(n.VRF(g.VRF), name), &oc.NetworkInstance_Interface{Interface: &name})
}

func renderEthernetSegment(w *dialect.Writer, n dialect.Namer, es fabric.EthernetSegment) {
	redundancy := oc.EvpnTypes_EVPN_REDUNDANCY_MODE_SINGLE_ACTIVE
	if es.AllActive {
		redundancy = oc.EvpnTypes_EVPN_REDUNDANCY_MODE_ALL_ACTIVE
	}
	port := n.Interface(es.Interface)
	put(w, es.Source, root(dialect.Elem("ethernet-segments"), dialect.Elem("ethernet-segment", "name", es.Name)), &oc.EthernetSegment{
		// The model has the ESI as 20 hex digits without separators.
		Esi:     oc.UnionString(strings.ReplaceAll(es.ESI, ":", "")),
		EsiType: oc.EvpnTypes_EsiType_TYPE_0_OPERATOR_CONFIGURED, RedundancyMode: redundancy, Interface: &port,
	})
}
