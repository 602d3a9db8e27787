package intent

import "reflect"

// APIVersion is the one apiVersion of all kinds.
const APIVersion = "tenter/v1"

// A Kind is the kind of a document.
type Kind string

// The kinds.
const (
	KindFabric         Kind = "Fabric"
	KindDevice         Kind = "Device"
	KindVrf            Kind = "Vrf"
	KindVlan           Kind = "Vlan"
	KindPort           Kind = "Port"
	KindBgpPeer        Kind = "BgpPeer"
	KindRoutePolicy    Kind = "RoutePolicy"
	KindSystem         Kind = "System"
	KindConfig         Kind = "Config"
	KindScope          Kind = "Scope"
	KindDriftPolicy    Kind = "DriftPolicy"
	KindApprovalPolicy Kind = "ApprovalPolicy"
	KindWindow         Kind = "Window"
	KindSchedule       Kind = "Schedule"
	KindRollout        Kind = "Rollout"
)

// A KindInfo ties a kind to the Go type of its spec.
type KindInfo struct {
	Kind    Kind
	Spec    reflect.Type
	Summary string // one sentence

	add func(*Set, *Document) any // appends a document to the set, returns a pointer to its spec
}

// Kinds lists all kinds in the order in which one would read a fabric.
func Kinds() []KindInfo {
	return []KindInfo{
		kind[FabricSpec](KindFabric, "The fabric as a whole: sizing, underlay, overlay, pools and links.", func(s *Set, d *Fabric) { s.fabrics = append(s.fabrics, d) }),
		kind[DeviceSpec](KindDevice, "One device: its id, role, address and how to talk to it.", func(s *Set, d *Device) { s.Devices = append(s.Devices, d) }),
		kind[VrfSpec](KindVrf, "A routing instance across the fabric.", func(s *Set, d *Vrf) { s.Vrfs = append(s.Vrfs, d) }),
		kind[VlanSpec](KindVlan, "A VLAN across the fabric, with or without a gateway.", func(s *Set, d *Vlan) { s.Vlans = append(s.Vlans, d) }),
		kind[PortSpec](KindPort, "Ports towards hosts: access, trunk, LAG or multihomed LAG.", func(s *Set, d *Port) { s.Ports = append(s.Ports, d) }),
		kind[BgpPeerSpec](KindBgpPeer, "A BGP session with a router outside the fabric.", func(s *Set, d *BgpPeer) { s.BgpPeers = append(s.BgpPeers, d) }),
		kind[RoutePolicySpec](KindRoutePolicy, "A route policy with its prefix sets.", func(s *Set, d *RoutePolicy) { s.RoutePolicies = append(s.RoutePolicies, d) }),
		kind[SystemSpec](KindSystem, "What devices are besides forwarders: time, names, logs, banners.", func(s *Set, d *System) { s.Systems = append(s.Systems, d) }),
		kind[ConfigSpec](KindConfig, "Explicit paths with values, for what no other kind covers.", func(s *Set, d *Config) { s.Configs = append(s.Configs, d) }),
		kind[ScopeSpec](KindScope, "What Tenter does with the paths of a device: own, merge, report or ignore them.", func(s *Set, d *Scope) { s.Scopes = append(s.Scopes, d) }),
		kind[DriftPolicySpec](KindDriftPolicy, "What Tenter does about drift: observe, propose, enforce or ignore it.", func(s *Set, d *DriftPolicy) { s.DriftPolicies = append(s.DriftPolicies, d) }),
		kind[ApprovalPolicySpec](KindApprovalPolicy, "Which plans somebody has to approve.", func(s *Set, d *ApprovalPolicy) { s.ApprovalPolicies = append(s.ApprovalPolicies, d) }),
		kind[WindowSpec](KindWindow, "When changes are allowed or frozen.", func(s *Set, d *Window) { s.Windows = append(s.Windows, d) }),
		kind[ScheduleSpec](KindSchedule, "A plan or reconcile run that starts on time.", func(s *Set, d *Schedule) { s.Schedules = append(s.Schedules, d) }),
		kind[RolloutSpec](KindRollout, "In which order a run goes over its devices, and how carefully.", func(s *Set, d *Rollout) { s.Rollouts = append(s.Rollouts, d) }),
	}
}

func kind[S any](k Kind, summary string, add func(*Set, *Doc[S])) KindInfo {
	return KindInfo{
		Kind: k, Summary: summary, Spec: reflect.TypeFor[S](),
		add: func(set *Set, d *Document) any {
			doc := &Doc[S]{Document: d}
			add(set, doc)
			return &doc.Spec
		},
	}
}

// A Doc is a document with its spec.
type Doc[S any] struct {
	*Document
	Spec S
}

// The documents by kind.
type (
	Fabric         = Doc[FabricSpec]
	Device         = Doc[DeviceSpec]
	Vrf            = Doc[VrfSpec]
	Vlan           = Doc[VlanSpec]
	Port           = Doc[PortSpec]
	BgpPeer        = Doc[BgpPeerSpec]
	RoutePolicy    = Doc[RoutePolicySpec]
	System         = Doc[SystemSpec]
	Config         = Doc[ConfigSpec]
	Scope          = Doc[ScopeSpec]
	DriftPolicy    = Doc[DriftPolicySpec]
	ApprovalPolicy = Doc[ApprovalPolicySpec]
	Window         = Doc[WindowSpec]
	Schedule       = Doc[ScheduleSpec]
	Rollout        = Doc[RolloutSpec]
)

// A Selector chooses devices: the named ones, or those that have all of the labels. One that is absent or says
// nothing chooses every device.
type Selector struct {
	// Devices by name.
	Names []DeviceName `json:"names,omitempty"`
	// Devices that carry all of these labels.
	Labels map[string]string `json:"labels,omitempty"`
}

// A SecretRef names a secret in Tenter's own settings.
type SecretRef struct {
	// Name of the secret; its value is never part of an intent.
	Secret string `json:"secret"`
}
