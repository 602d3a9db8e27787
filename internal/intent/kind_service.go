package intent

import "net/netip"

// VrfSpec is the spec of a Vrf.
type VrfSpec struct {
	Description string `json:"description,omitempty"`
	// Layer 3 VNI; without one the VRF is local to each device.
	VNI int `json:"vni,omitempty" jsonschema:"minimum=1,maximum=16777215"`
	// Number of the EVPN instance in route distinguishers; the VNI if absent.
	EVI int `json:"evi,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// Instead of those from the fabric's template.
	RouteTargets *RouteTargets `json:"routeTargets,omitempty"`
}

// RouteTargets are import and export route targets.
type RouteTargets struct {
	Import []RouteTarget `json:"import" jsonschema:"minItems=1"`
	Export []RouteTarget `json:"export" jsonschema:"minItems=1"`
}

// VlanSpec is the spec of a Vlan.
type VlanSpec struct {
	Description string `json:"description,omitempty"`
	// 802.1Q VLAN id.
	ID int `json:"id" jsonschema:"minimum=2,maximum=4094"`
	// VXLAN network identifier.
	VNI int `json:"vni" jsonschema:"minimum=1,maximum=16777215"`
	// Number of the EVPN instance in route distinguishers; the VNI if absent.
	EVI int `json:"evi,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// VRF of the gateway.
	Vrf string `json:"vrf,omitempty"`
	// Without one the VLAN is layer 2 only.
	Gateway *GatewaySpec `json:"gateway,omitempty"`
	// Where the VLAN is; where ports need it if absent.
	Devices *VlanDevices `json:"devices,omitempty"`
	// Instead of those from the fabric's template.
	RouteTargets *RouteTargets `json:"routeTargets,omitempty"`
}

// GatewaySpec is the routed interface of a VLAN.
type GatewaySpec struct {
	Mode string `json:"mode" jsonschema:"enum=anycast"`
	// Addresses with their prefix length, IPv4 and IPv6.
	Addresses []netip.Prefix `json:"addresses" jsonschema:"minItems=1"`
	// Largest IP packet; the fabric's access MTU if absent.
	MTU int `json:"mtu,omitempty" jsonschema:"minimum=1280,maximum=65535"`
}

// VlanDevices chooses the devices of a VLAN in exactly one way.
type VlanDevices struct {
	// Wherever a port carries the VLAN.
	FromPorts bool `json:"fromPorts,omitempty"`
	// Devices by name.
	Names []DeviceName `json:"names,omitempty"`
	// Devices that carry all of these labels.
	Labels map[string]string `json:"labels,omitempty"`
}

// PortSpec is the spec of a Port.
type PortSpec struct {
	Description string `json:"description,omitempty"`
	// The ports: all alike, or the members of one LAG.
	Members []PortRef `json:"members" jsonschema:"minItems=1"`
	// Administratively down; ports are up by default.
	Shutdown bool `json:"shutdown,omitempty"`
	// Largest IP packet that the host may send; the fabric's access MTU if absent.
	MTU int `json:"mtu,omitempty" jsonschema:"minimum=1280,maximum=65535"`
	// One VLAN, untagged.
	Access *AccessSpec `json:"access,omitempty"`
	// Several VLANs, tagged.
	Trunk *TrunkSpec `json:"trunk,omitempty"`
	LAG   *LAGSpec   `json:"lag,omitempty"`
}

// AccessSpec makes an access port.
type AccessSpec struct {
	// Name of the Vlan.
	Vlan string `json:"vlan"`
}

// TrunkSpec makes a trunk.
type TrunkSpec struct {
	// Names of the Vlans.
	Vlans []string `json:"vlans" jsonschema:"minItems=1"`
	// Name of the Vlan of untagged frames, one of vlans.
	Native string `json:"native,omitempty"`
}

// LAGSpec makes the members one LAG.
type LAGSpec struct {
	// Number of the LAG on each of its devices.
	ID int `json:"id" jsonschema:"minimum=1,maximum=2000"`
	// single: all members on one device; all-active: on several devices (RFC 7432).
	Mode string `json:"mode" jsonschema:"enum=single,enum=all-active"`
	// Number of the Ethernet segment in the fabric, for all-active.
	ESID int `json:"esId,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// Instead of the identifier derived from esId.
	ESI ESI `json:"esi,omitempty"`
	// LACP rate, or static without LACP; slow if absent.
	LACP string `json:"lacp,omitempty" jsonschema:"enum=fast,enum=slow,enum=static"`
	// Member links that must be up on a device.
	MinLinks int `json:"minLinks,omitempty" jsonschema:"minimum=1,maximum=64"`
}
