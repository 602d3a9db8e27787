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
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Fabric is everything that the intents add up to. All lists are sorted: devices and policies by name.
type Fabric struct {
	Name      string
	Source    tree.Source
	Devices   []*Device
	Schedules []Schedule
	Windows   []Window
	Approvals []Approval
	Rollouts  []Rollout

	set *intent.Set // that it was compiled from
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

	Scope     []ScopeRule   // most specific first: the first that matches a path decides; no match means merge
	Drift     []DriftRule   // most specific first: the first that matches a path decides; no match means propose
	Protected []Protected   // never deleted or replaced, whatever scope and policy say
	Deletes   []DeleteBound `json:",omitempty"` // what may be deleted without asking: all of them, or what is usual

	Links      []Link              // by Local
	Multihomed []intent.DeviceName // devices that share an Ethernet segment with this one, sorted
}

// Access is how to reach and log in to a device. Names of credentials, TLS and SSH settings point into Tenter's own
// settings; no secret is ever part of a model.
type Access struct {
	Dialect     string // how the model becomes leaves: "openconfig"
	Profile     string // how the device behaves over its transport: "openconfig-sim"
	Address     string // host:port
	Identity    Identity
	Credentials string
	TLS         string
	SSH         string
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
