package intent

import "net/netip"

// BgpPeerSpec is the spec of a BgpPeer.
type BgpPeerSpec struct {
	Description string `json:"description,omitempty"`
	// The routed port towards the peer.
	Port PortRef `json:"port"`
	// 802.1Q tag on the port, untagged if absent.
	VLANTag int `json:"vlanTag,omitempty" jsonschema:"minimum=1,maximum=4094"`
	// Name of the Vrf.
	Vrf string `json:"vrf"`
	// Own address with its prefix length.
	Local netip.Prefix `json:"local"`
	// Address of the peer, in the subnet of local.
	Peer    netip.Addr `json:"peer"`
	PeerASN ASN        `json:"peerAsn"`
	// Instead of the device's own AS towards this peer.
	LocalASN ASN  `json:"localAsn,omitempty"`
	BFD      bool `json:"bfd,omitempty"`
	// Hops that the peer may be away (RFC 5082); 1 for a direct neighbor.
	TTLSecurity int `json:"ttlSecurity,omitempty" jsonschema:"minimum=1,maximum=254"`
	// The session is torn down beyond so many prefixes.
	MaxPrefixes int `json:"maxPrefixes" jsonschema:"minimum=1,maximum=4294967295"`
	// Names of RoutePolicies for routes from the peer; mandatory (RFC 8212).
	Import []string `json:"import" jsonschema:"minItems=1"`
	// Names of RoutePolicies for routes to the peer; mandatory (RFC 8212).
	Export []string `json:"export" jsonschema:"minItems=1"`
	// Secret with the session's key.
	PasswordFrom *SecretRef `json:"passwordFrom,omitempty"`
}

// RoutePolicySpec is the spec of a RoutePolicy.
type RoutePolicySpec struct {
	PrefixSets []PrefixSetSpec `json:"prefixSets,omitempty"`
	// Tried in order, the first that matches decides.
	Statements []StatementSpec `json:"statements" jsonschema:"minItems=1"`
	// What happens to a route that no statement matches; reject if absent.
	Otherwise string `json:"otherwise,omitempty" jsonschema:"enum=accept,enum=reject"`
}

// PrefixSetSpec is a named list of prefixes of one address family.
type PrefixSetSpec struct {
	Name     string            `json:"name"`
	Prefixes []PrefixMatchSpec `json:"prefixes" jsonschema:"minItems=1"`
}

// PrefixMatchSpec matches prefixes inside prefix; without ge and le only prefix itself.
type PrefixMatchSpec struct {
	Prefix netip.Prefix `json:"prefix"`
	// Shortest prefix length that matches.
	GE int `json:"ge,omitempty" jsonschema:"minimum=1,maximum=128"`
	// Longest prefix length that matches.
	LE int `json:"le,omitempty" jsonschema:"minimum=1,maximum=128"`
}

// StatementSpec is one step of a policy.
type StatementSpec struct {
	// Without a match every route matches.
	Match  *MatchSpec `json:"match,omitempty"`
	Action string     `json:"action" jsonschema:"enum=accept,enum=reject"`
	Set    *SetSpec   `json:"set,omitempty"`
}

// MatchSpec holds conditions that must all be true.
type MatchSpec struct {
	// Name of a prefix set of this policy.
	PrefixSet string `json:"prefixSet,omitempty"`
	Protocol  string `json:"protocol,omitempty" jsonschema:"enum=connected,enum=static,enum=bgp"`
}

// SetSpec changes attributes of an accepted route.
type SetSpec struct {
	LocalPreference int         `json:"localPreference,omitempty" jsonschema:"minimum=1,maximum=4294967295"`
	MED             *int        `json:"med,omitempty" jsonschema:"minimum=0,maximum=4294967295"`
	AddCommunities  []Community `json:"addCommunities,omitempty"`
	Prepend         *Prepend    `json:"prepend,omitempty"`
}

// Prepend puts an AS in front of the path.
type Prepend struct {
	ASN   ASN `json:"asn"`
	Times int `json:"times" jsonschema:"minimum=1,maximum=10"`
}
