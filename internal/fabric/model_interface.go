package fabric

import (
	"net/netip"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// An InterfaceKind tells the families of interfaces apart; a dialect has a name pattern for each.
type InterfaceKind string

// The kinds of interfaces.
const (
	Ethernet InterfaceKind = "ethernet"
	LAG      InterfaceKind = "lag"
	Loopback InterfaceKind = "loopback"
)

// An InterfaceID names an interface of a device: by kind and number, which the dialect turns into the device's own
// name, or by exactly that own name (then Number is 0). It is comparable.
type InterfaceID struct {
	Kind   InterfaceKind
	Number int
	Name   string
}

// The loopbacks of every device in a fabric.
var (
	RouterLoopback = InterfaceID{Kind: Loopback, Number: 0}
	VTEPLoopback   = InterfaceID{Kind: Loopback, Number: 1}
)

// An Interface is a physical port, a LAG or a loopback. It is a member of a LAG (MemberOf), or switched (Switched),
// or routed (Subinterfaces), or none of these.
type Interface struct {
	ID            InterfaceID
	Source        tree.Source
	Description   string
	Enabled       bool
	MTU           int          // layer 2, octets with Ethernet header and tag, without FCS; 0 leaves the device's own
	MemberOf      *InterfaceID // the LAG that this port belongs to
	Bundle        *Bundle      // only of kind LAG
	Switched      *Switched
	Subinterfaces []Subinterface // by Index
}

// A Bundle is what makes an interface a LAG.
type Bundle struct {
	Members  []InterfaceID // sorted, on this device
	LACP     *LACP         // nil: static
	MinLinks int           // 0 leaves the device's own
}

// LACP is IEEE 802.1AX on a LAG, always in active mode.
type LACP struct {
	Fast     bool   // one LACPDU a second, else one every 30 seconds
	SystemID string // MAC address, lower-case; set on multihomed LAGs, where every member must send the same one
}

// Switched makes an interface a layer 2 port.
type Switched struct {
	Trunk  bool
	Access int   // VLAN id of an access port
	VLANs  []int // VLAN ids of a trunk, sorted, with the native one
	Native int   // VLAN id of untagged frames on a trunk, 0 for none
}

// A Subinterface is a routed unit of an interface.
type Subinterface struct {
	Index       int
	Source      tree.Source
	Description string
	VLANTag     int    // 802.1Q tag, 0 for untagged
	VRF         string // "" is the default network instance
	IPv4        []netip.Prefix
	IPv6        []netip.Prefix
	IPMTU       int // octets of an IP packet, 0 leaves the device's own
}

// A Gateway is the routed interface of a VLAN (SVI, IRB). All devices that carry the VLAN have the same addresses
// and the same MAC address.
type Gateway struct {
	VLAN        int
	Source      tree.Source
	Description string
	VRF         string
	IPv4        []netip.Prefix
	IPv6        []netip.Prefix
	AnycastMAC  string // lower-case, colons
	IPMTU       int
}

// An EthernetSegment is a LAG that ends on several devices (RFC 7432 §5).
type EthernetSegment struct {
	Name      string
	Source    tree.Source
	ESI       string // ten octets, lower-case hex with colons
	Interface InterfaceID
	AllActive bool
	Members   []intent.DeviceName // all devices of the segment, this one included, sorted
}

// A VTEP is the device's end of all VXLAN tunnels.
type VTEP struct {
	Source   tree.Source
	Loopback InterfaceID
	Address  netip.Addr
}

// A SubinterfaceID names a Subinterface of a device.
type SubinterfaceID struct {
	Interface InterfaceID
	Index     int
}

// BFD is RFC 5880 on one interface. Times are whole microseconds.
type BFD struct {
	Interface  SubinterfaceID
	Source     tree.Source
	Tx, Rx     time.Duration
	Multiplier int
}

// A Link is one end of a cable between two devices of the fabric.
type Link struct {
	Local  InterfaceID
	Peer   intent.DeviceName
	Remote InterfaceID
	Source tree.Source
}
