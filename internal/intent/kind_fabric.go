package intent

import "net/netip"

// FabricSpec is the spec of a Fabric.
type FabricSpec struct {
	// The most devices and links that the pools are divided for. Fixed, since everything is numbered within it.
	Sizing Sizing `json:"sizing"`
	// Allows a change of sizing, which renumbers the fabric.
	Renumber bool `json:"renumber,omitempty"`
	// Routing between the devices.
	Underlay Underlay `json:"underlay"`
	// Autonomous systems of the underlay.
	ASN FabricASN `json:"asn"`
	// Pools of the loopback addresses.
	Loopbacks Loopbacks `json:"loopbacks"`
	// EVPN on top of the underlay.
	Overlay Overlay `json:"overlay"`
	// MAC address of every anycast gateway.
	AnycastMAC MAC `json:"anycastMac"`
	// What ports towards hosts have in common.
	Access AccessDefaults `json:"access,omitempty"`
	// Cables between spines and leaves.
	Links []LinkSpec `json:"links"`
}

// Sizing is the fixed frame of all allocation.
type Sizing struct {
	MaxSpines int `json:"maxSpines" jsonschema:"minimum=1,maximum=64"`
	MaxLeaves int `json:"maxLeaves" jsonschema:"minimum=1,maximum=4096"`
	// Parallel links between one spine and one leaf.
	MaxParallel int `json:"maxParallel" jsonschema:"minimum=1,maximum=16"`
}

// Underlay is the routing between the devices of a fabric.
type Underlay struct {
	Protocol string `json:"protocol" jsonschema:"enum=ebgp"`
	// Pool of the /31 prefixes of the links.
	Links netip.Prefix `json:"links"`
	// Largest IP packet on a link.
	IPMTU int `json:"ipMtu" jsonschema:"minimum=1280,maximum=65535"`
	// Largest frame on a link, without FCS.
	L2MTU int `json:"l2Mtu" jsonschema:"minimum=1294,maximum=65535"`
	// Failure detection on the links.
	BFD *BFDSpec `json:"bfd,omitempty"`
}

// BFDSpec is RFC 5880 timing.
type BFDSpec struct {
	Tx         Duration `json:"tx"`
	Rx         Duration `json:"rx"`
	Multiplier int      `json:"multiplier" jsonschema:"minimum=1,maximum=255"`
}

// FabricASN numbers the autonomous systems of the underlay.
type FabricASN struct {
	// Of all spines.
	Spine ASN `json:"spine"`
	// A leaf has this number plus its id.
	LeafBase ASN `json:"leafBase"`
}

// Loopbacks are the pools of loopback addresses.
type Loopbacks struct {
	// Router ids: spines from the first address, leaves after maxSpines.
	Router netip.Prefix `json:"router"`
	// VTEP addresses, one per leaf.
	VTEP netip.Prefix `json:"vtep"`
}

// Overlay is EVPN.
type Overlay struct {
	Protocol string `json:"protocol" jsonschema:"enum=ibgp"`
	ASN      ASN    `json:"asn"`
	// The route reflectors of the overlay.
	Reflectors Reflectors `json:"reflectors"`
	// Template of route targets with {vni} or {evi}.
	RouteTarget string `json:"routeTarget"`
	// Template of route distinguishers with {router-id} and {vni} or {evi}.
	RouteDistinguisher string `json:"routeDistinguisher"`
}

// Reflectors chooses the route reflectors.
type Reflectors struct {
	Role string `json:"role" jsonschema:"enum=spine"`
}

// AccessDefaults is what ports towards hosts have in common.
type AccessDefaults struct {
	// Largest IP packet that a host may send; a port may say otherwise.
	MTU int `json:"mtu,omitempty" jsonschema:"minimum=1280,maximum=65535"`
}

// A LinkSpec is a cable between a spine and a leaf.
type LinkSpec struct {
	A PortRef `json:"a"`
	B PortRef `json:"b"`
	// Number among the parallel links of the same two devices; 1 if absent.
	Parallel int `json:"parallel,omitempty" jsonschema:"minimum=1,maximum=16"`
	// Instead of the /31 from the pool; the spine has the lower address.
	Subnet netip.Prefix `json:"subnet,omitempty"`
}

// DeviceSpec is the spec of a Device. The label role says spine or leaf.
type DeviceSpec struct {
	// Number within the role, from 1; everything that is numbered derives from it.
	ID int `json:"id" jsonschema:"minimum=1"`
	// How the model becomes configuration. A native device gets what Config documents say and nothing else.
	Dialect string `json:"dialect" jsonschema:"enum=openconfig,enum=srlinux,enum=eos,enum=frr,enum=native"`
	// How the device behaves over its transport; the dialect's own profile if absent.
	Profile string `json:"profile,omitempty"`
	// Management address, host:port.
	Address HostPort `json:"address"`
	// What the device must prove to be.
	Identity IdentitySpec `json:"identity,omitempty"`
	// Name of the credentials in Tenter's settings.
	Credentials string `json:"credentials"`
	// Name of the TLS settings in Tenter's settings, for a device with gNMI.
	TLS string `json:"tls,omitempty"`
	// Name of the SSH settings in Tenter's settings, for a device with NETCONF or a command line.
	SSH string `json:"ssh,omitempty"`
	// What the device is reached through, never deleted or replaced.
	Management ManagementSpec `json:"management,omitempty"`
	// Instead of the fabric's own number.
	ASN ASN `json:"asn,omitempty"`
	// Instead of the address from the pool.
	RouterID netip.Addr `json:"routerId,omitempty"`
	// Instead of the address from the pool.
	VTEP netip.Addr `json:"vtep,omitempty"`
}

// IdentitySpec is what a device must prove to be.
type IdentitySpec struct {
	CertificateSHA256 Fingerprint `json:"certificateSha256,omitempty"`
	Serial            string      `json:"serial,omitempty"`
	ChassisMAC        MAC         `json:"chassisMac,omitempty"`
}

// ManagementSpec names what a device is reached through.
type ManagementSpec struct {
	Interface       string `json:"interface,omitempty"`
	NetworkInstance string `json:"networkInstance,omitempty"`
}
