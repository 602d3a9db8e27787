package plane

import (
	"net/netip"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// bgp is the protocol in one instance.
type bgp struct {
	step      conf.Step // its list entry, where there is one
	as        uint32
	families  map[string]bool
	multipath bool
	announces bool // export policies choose among all routes of the instance, without a table connection
	neighbors []*neighbor
}

// A neighbor is one configured session, its group's settings filled in.
type neighbor struct {
	addr     netip.Addr
	step     conf.Step // its list entry
	enabled  bool
	peerAS   uint32
	localAS  uint32
	source   string // address or interface that the session comes from, "" for the one towards the neighbor
	password string
	multihop bool
	client   bool // a route reflector client
	families map[string]*family
}

// The address families, by OpenConfig's names.
const (
	ipv4Unicast = "IPV4_UNICAST"
	ipv6Unicast = "IPV6_UNICAST"
	evpn        = "L2VPN_EVPN"
)

// A family is what a neighbor does for one address family.
type family struct {
	enabled bool
	imports chain
	exports chain
}

func (n *neighbor) ibgp() bool { return n.localAS == n.peerAS }

func (n *neighbor) family(name string) *family {
	if n.families[name] == nil {
		n.families[name] = &family{}
	}
	return n.families[name]
}
