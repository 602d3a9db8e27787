package fabric

import (
	"net/netip"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

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
