// Package fabric compiles intents into the vendor-neutral model of each device.
//
// Compile is a pure function: the same Set gives the same Fabric, with every list in a fixed order, on every
// machine. Addresses, AS numbers, route distinguishers and Ethernet segment identifiers derive from explicit ids
// within the fabric's fixed sizing, so that adding or removing a device never renumbers another. What a Fabric
// claims is proved offline before it is handed out: every VTEP reaches every other over every spine, importers
// match exporters, and both ends of a link and both members of a multihomed LAG agree.
//
// Every item of a model carries the position of the document that asked for it. A dialect (package render) turns
// the model into leaves and passes the positions on.
package fabric

import (
	"net/netip"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Fabric is everything that the intents add up to. All lists are sorted: devices and schedules by name.
type Fabric struct {
	Name      string
	Source    tree.Source
	Devices   []*Device
	Schedules []Schedule
}

// A Device is the model of one device. A nil pointer or an empty list means that the intents say nothing about it.
type Device struct {
	Name   intent.DeviceName
	Source tree.Source
	ID     int // unique within the role, from 1
	Role   string
	Labels map[string]string
	Access Access

	System System

	Interfaces       []Interface       // by ID
	Gateways         []Gateway         // by VLAN id
	EthernetSegments []EthernetSegment // by Interface
	VTEP             *VTEP
	MacVRFs          []MacVRF // by VLAN id
	IPVRFs           []IPVRF  // by name
	BFD              []BFD    // by Interface
	BGP              []BGP    // the default network instance ("") first, then by VRF
	PrefixSets       []PrefixSet
	Policies         []Policy

	Config []ConfigLeaf // in the order of priority, file and position

	Scope     []ScopeRule // most specific first: the first that matches a path decides; no match means merge
	Drift     []DriftRule // most specific first: the first that matches a path decides; no match means propose
	Protected []Protected // never deleted or replaced, whatever scope and policy say

	Links      []Link              // by Local
	Multihomed []intent.DeviceName // devices that share an Ethernet segment with this one, sorted
}

// Access is how to reach and log in to a device. Names of credentials and TLS settings point into Tenter's own
// settings; no secret is ever part of a model.
type Access struct {
	Dialect     string // how the model becomes leaves: "openconfig"
	Profile     string // how the device behaves over its transport: "openconfig-sim"
	Address     string // host:port
	Identity    Identity
	Credentials string
	TLS         string
	Management  Management
}

// Identity is what the device must prove to be before anything is written to it. Empty fields are not checked.
type Identity struct {
	CertificateSHA256 string // lower-case hex without separators
	Serial            string
	ChassisMAC        string // lower-case, colons
}

// Management names what the device is reached through; both are protected. Empty means the profile's own names.
type Management struct {
	Interface       string
	NetworkInstance string
}

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

// A MacVRF is the layer 2 instance of one VLAN (RFC 7432 §6.1, VLAN-based).
type MacVRF struct {
	Name               string // of the Vlan document
	Source             tree.Source
	VLAN               int
	VNI                int
	EVI                int // the number of the EVPN instance, unique on the device
	RouteDistinguisher string
	Import, Export     []string      // route targets "65000:10040"
	Interfaces         []InterfaceID // switched ports and LAGs of this device that carry the VLAN, sorted
	VRF                string        // the VRF that the gateway is in, "" without a gateway
}

// An IPVRF is a layer 3 instance, with EVPN type 5 routes where it has a VNI (RFC 9136).
type IPVRF struct {
	Name               string
	Source             tree.Source
	Description        string
	VNI                int // layer 3 VNI, 0: the VRF is local to the device
	EVI                int // the number of the EVPN instance, unique on the device; 0 without a VNI
	RouteDistinguisher string
	Import, Export     []string
	VLANs              []int            // gateways of this device in the VRF, sorted
	Subinterfaces      []SubinterfaceID // routed units of this device in the VRF, sorted
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

// An AddressFamily is an AFI and SAFI of BGP.
type AddressFamily string

// The address families that intents can ask for.
const (
	IPv4Unicast AddressFamily = "ipv4-unicast"
	IPv6Unicast AddressFamily = "ipv6-unicast"
	EVPN        AddressFamily = "l2vpn-evpn"
)

// BGP is the protocol in one network instance.
type BGP struct {
	VRF          string // "" is the default network instance
	Source       tree.Source
	ASN          uint32
	RouterID     netip.Addr
	Families     []AddressFamily
	MaxPaths     int // equal-cost paths to use, 0 leaves the device's own
	Groups       []PeerGroup
	Neighbors    []Neighbor // by Address
	Redistribute []Redistribution
}

// A PeerGroup holds what its neighbors have in common. A zero field says nothing.
type PeerGroup struct {
	Name   string
	Source tree.Source
	PeerSettings
}

// A Neighbor is one BGP session. Its own settings win over those of its group; Compile writes each setting in
// exactly one of the two.
type Neighbor struct {
	Address     netip.Addr
	Source      tree.Source
	Group       string // "" for none
	Description string
	Peer        intent.DeviceName // "" for a router outside the fabric
	PeerSettings
}

// PeerSettings is what can be said of a neighbor or of a group. A zero field says nothing.
type PeerSettings struct {
	PeerASN       uint32
	LocalASN      uint32           // presents this AS instead of the device's own; equal to PeerASN it makes the session iBGP
	LocalSource   *InterfaceID     // the loopback that the session comes from
	Families      []NeighborFamily // by Family
	BFD           bool
	Multihop      int        // TTL of an eBGP session over more than one hop
	TTLSecurity   int        // GTSM (RFC 5082): the hops that the neighbor may be away, from 1
	ReflectTo     bool       // the neighbor is a route reflector client (RFC 4456)
	ClusterID     netip.Addr // of the reflector
	Auth          string     // name of the secret with the TCP-MD5 or TCP-AO key, never the key
	SendCommunity bool       // standard and extended communities
}

// A NeighborFamily is what a session does for one address family. Import and Export name Policies and are never
// empty on an eBGP session (RFC 8212).
type NeighborFamily struct {
	Family      AddressFamily
	Import      []string
	Export      []string
	MaxPrefixes uint32 // 0: unlimited
}

// A Redistribution brings routes of another protocol of the same network instance into BGP.
type Redistribution struct {
	Source tree.Source
	From   Protocol
	Family AddressFamily
	Policy string // name of a Policy, "" for all routes
}

// A Protocol is where a route comes from.
type Protocol string

// The protocols that policies and redistributions can name.
const (
	Connected Protocol = "connected"
	Static    Protocol = "static"
	BGPRoutes Protocol = "bgp"
)

// A PrefixSet is a named list of prefixes.
type PrefixSet struct {
	Name     string
	Source   tree.Source
	IPv6     bool // all prefixes are IPv6, else all are IPv4
	Prefixes []PrefixRange
}

// A PrefixRange matches prefixes inside Prefix whose length is from Min to Max, both at least the length of Prefix.
type PrefixRange struct {
	Prefix   netip.Prefix
	Min, Max int
}

// A Policy is a route policy. Its statements are tried in order, the first that matches decides, and Compile makes
// sure that the last one matches everything: no policy leans on a device's default.
type Policy struct {
	Name       string
	Source     tree.Source
	Statements []Statement
}

// A Statement is one step of a Policy; conditions that say nothing match everything.
type Statement struct {
	Name   string // unique in the policy: "10", "20", …
	Source tree.Source

	PrefixSet string   // a route in this set
	Protocol  Protocol // a route from this protocol

	Accept         bool // else the route is rejected
	LocalPref      uint32
	MED            *uint32
	AddCommunities []string // "65000:1"
	PrependASN     uint32
	PrependTimes   int
}

// System is what the device is besides a forwarder.
type System struct {
	Hostname Text
	Domain   Text
	Login    Text // banner before login
	MOTD     Text // banner after login
	NTP      []Server
	DNS      []Server
	Search   []Text // DNS search domains, in order
	Syslog   []Syslog
	Timezone Text
}

// A Text is a value with the position it came from. The zero Text says nothing.
type Text struct {
	Value  string
	Source tree.Source
}

// A Server is a host that the device is a client of.
type Server struct {
	Address string
	Source  tree.Source
	VRF     string // the network instance to reach it through, "" leaves the device's own
	Prefer  bool   // NTP only
}

// A Syslog is a remote log server.
type Syslog struct {
	Address  string
	Source   tree.Source
	Port     int    // UDP
	Facility string // "local7", lower-case as in RFC 5424
	Severity string // the least severe level to send: "informational"
	VRF      string
}

// A ConfigLeaf is a path with its value as a Config document gives them. Higher Priority wins over a lower one and over
// everything that has none (0).
type ConfigLeaf struct {
	Origin   string // "" is openconfig
	Path     string // as written, in the grammar of path.Parse, without origin
	Value    any    // string, bool, json.Number, []any or map[string]any as in JSON; nil for a secret
	Secret   string // name of the secret that holds the value
	Priority int
	Source   tree.Source
}

// A ScopeAction is what Tenter does with a path of a device.
type ScopeAction string

// The scope actions.
const (
	Own    ScopeAction = "own"    // authoritative: what no intent declares is deleted
	Merge  ScopeAction = "merge"  // only what is declared
	Report ScopeAction = "report" // look, never write
	Ignore ScopeAction = "ignore" // don't even look
)

// A ScopeRule gives an action to the paths that match Pattern, and to all below them.
type ScopeRule struct {
	Pattern string // in the grammar of path.ParsePattern
	Action  ScopeAction
	Source  tree.Source
}

// A DriftMode is what Tenter does about drift.
type DriftMode string

// The drift modes.
const (
	DriftObserve DriftMode = "observe" // say so
	DriftPropose DriftMode = "propose" // say so and make a plan that waits for approval
	DriftEnforce DriftMode = "enforce" // say so, make a plan and run it
	DriftIgnore  DriftMode = "ignore"  // say nothing until a date
)

// A DriftRule gives a mode to the paths that match Pattern, and to all below them.
type DriftRule struct {
	Pattern string // in the grammar of path.ParsePattern
	Mode    DriftMode
	Until   time.Time // of DriftIgnore; after it the rule no longer counts
	Reason  string
	Source  tree.Source
}

// A Protected is a pattern of paths that are never deleted or replaced.
type Protected struct {
	Pattern string
	Source  tree.Source
}

// A Link is one end of a cable between two devices of the fabric.
type Link struct {
	Local  InterfaceID
	Peer   intent.DeviceName
	Remote InterfaceID
	Source tree.Source
}

// A Schedule is a run that starts on time.
type Schedule struct {
	Name    string
	Source  tree.Source
	Cron    string // five fields, checked
	Zone    string // IANA time zone, checked
	Action  ScheduleAction
	Devices []intent.DeviceName // sorted, never empty
}

// A ScheduleAction is what a Schedule starts.
type ScheduleAction string

// The schedule actions.
const (
	SchedulePlan      ScheduleAction = "plan"
	ScheduleReconcile ScheduleAction = "reconcile"
)
