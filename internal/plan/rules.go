package plan

import (
	"strings"

	"github.com/tenter-net/tenter/internal/path"
)

// A riskRule says what a change means by what it is in the schema. The first of a dialect's rules that matches decides.
type riskRule struct {
	node    []string // names of consecutive elements anywhere in the path, or at its beginning after a "/"
	key     string   // only where one of the keys has this value
	actions []Action // none for all
	after   string   // only for this new value
	// gone says that it is about an entry that goes with everything in it: of its other leaves nothing more is to be said then.
	// new says that it counts for an entry that is new too: nothing that was there can break by what is added to it.
	// outer says that the entry is the outermost one of the path, not the innermost.
	gone, new, outer bool
	loses            bool // only where the value, or one of several, is not there any more
	code             RiskCode
	score            int
	text             string
}

var (
	adds    = []Action{Add, Modify}
	changed = []Action{Modify, Delete}
	deletes = []Action{Delete}
)

// A dialect's names differ, and what its nodes mean does not. The trees that a device may have are told apart by origin.
var riskRules = map[string][]riskRule{
	path.OpenConfig: {
		{node: names("neighbor/config/enabled"), actions: adds, after: "false", code: SessionShut, score: 70, text: "shuts a BGP session"},
		{node: names("subinterface/config/enabled"), actions: adds, after: "false", new: true, code: InterfaceShut, score: 65, text: "shuts a subinterface"},
		{node: names("interface/config/enabled"), actions: adds, after: "false", new: true, code: InterfaceShut, score: 70, text: "shuts an interface"},
		{node: names("static-routes/static"), key: "0.0.0.0/0", actions: changed, code: DefaultRoute, score: 80, text: "changes the default route"},
		{node: names("static-routes/static"), key: "::/0", actions: changed, code: DefaultRoute, score: 80, text: "changes the default route"},
		{node: names("neighbor/config/neighbor-address"), actions: deletes, gone: true, code: SessionRemoved, score: 70, text: "removes a BGP session"},
		{node: names("neighbor/config/peer-as"), actions: changed, code: SessionReset, score: 65, text: "resets a BGP session"},
		{node: names("neighbor/config/peer-group"), actions: changed, code: SessionReset, score: 65, text: "resets a BGP session"},
		{node: names("neighbor/transport"), actions: changed, code: SessionReset, score: 65, text: "resets a BGP session"},
		{node: names("peer-group/config"), actions: changed, gone: true, code: SessionReset, score: 70, text: "resets the BGP sessions of a group"},
		{node: names("bgp/global/config"), actions: changed, gone: true, code: SessionReset, score: 75, text: "resets all BGP sessions of an instance"},
		{node: names("network-instances/network-instance/config/name"), actions: deletes, gone: true, code: InstanceRemoved, score: 75, text: "removes a network instance"},
		{node: names("network-instance/vlans/vlan/config/vlan-id"), actions: deletes, gone: true, code: VLANRemoved, score: 40, text: "removes a VLAN"},
		{node: names("/interfaces/interface/config/name"), actions: deletes, gone: true, code: InterfaceRemoved, score: 70, text: "removes an interface"},
		{node: names("/interfaces/interface/name"), actions: deletes, gone: true, code: InterfaceRemoved, score: 70, text: "removes an interface"},
		{node: names("subinterface/config/index"), actions: deletes, gone: true, code: InterfaceRemoved, score: 65, text: "removes a subinterface"},
		{node: names("network-instance/interfaces/interface"), actions: deletes, gone: true, code: InterfaceRemoved, score: 65, text: "takes an interface out of its network instance"},
		{node: names("ipv4/addresses"), actions: changed, gone: true, code: AddressRemoved, score: 65, text: "takes away an address"},
		{node: names("ipv6/addresses"), actions: changed, gone: true, code: AddressRemoved, score: 65, text: "takes away an address"},
		{node: names("interface/config/mtu"), code: MTUChanged, score: 35, text: "changes an MTU"},
		{node: names("ipv4/config/mtu"), code: MTUChanged, score: 35, text: "changes an MTU"},
		{node: names("ipv6/config/mtu"), code: MTUChanged, score: 35, text: "changes an MTU"},
		{node: names("/routing-policy"), gone: true, outer: true, code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
		{node: names("apply-policy"), code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
		{node: names("ethernet-segment"), gone: true, code: MultihomingChanged, score: 40, text: "changes multihoming"},
		{node: names("aggregation/switched-vlan"), code: PortVLANs, actions: changed, loses: true, score: 35, text: "takes a VLAN off a port"},
		{node: names("ethernet/switched-vlan"), code: PortVLANs, actions: changed, loses: true, score: 35, text: "takes a VLAN off a port"},
		{node: names("aggregation"), code: LAGChanged, score: 40, text: "changes a LAG"},
		{node: names("ethernet/config/aggregate-id"), code: LAGChanged, score: 40, text: "changes a LAG"},
	},
	"srl_nokia": {
		{node: names("/interface/admin-state"), actions: adds, after: "disable", new: true, code: InterfaceShut, score: 70, text: "shuts an interface"},
		{node: names("subinterface/admin-state"), actions: adds, after: "disable", new: true, code: InterfaceShut, score: 65, text: "shuts a subinterface"},
		{node: names("neighbor/admin-state"), actions: adds, after: "disable", code: SessionShut, score: 70, text: "shuts a BGP session"},
		{node: names("bgp/group/admin-state"), actions: adds, after: "disable", code: SessionShut, score: 75, text: "shuts the BGP sessions of a group"},
		{node: names("bgp/admin-state"), actions: adds, after: "disable", code: SessionShut, score: 80, text: "shuts all BGP sessions of an instance"},
		{node: names("/network-instance/admin-state"), actions: adds, after: "disable", code: InstanceRemoved, score: 75, text: "shuts a network instance"},
		{node: names("static-routes/route"), key: "0.0.0.0/0", actions: changed, gone: true, code: DefaultRoute, score: 80, text: "changes the default route"},
		{node: names("static-routes/route"), key: "::/0", actions: changed, gone: true, code: DefaultRoute, score: 80, text: "changes the default route"},
		{node: names("bgp/neighbor/peer-address"), actions: deletes, gone: true, code: SessionRemoved, score: 70, text: "removes a BGP session"},
		{node: names("bgp/neighbor/peer-as"), actions: changed, code: SessionReset, score: 65, text: "resets a BGP session"},
		{node: names("bgp/neighbor/peer-group"), actions: changed, code: SessionReset, score: 65, text: "resets a BGP session"},
		{node: names("bgp/neighbor/transport"), actions: changed, code: SessionReset, score: 65, text: "resets a BGP session"},
		{node: names("bgp/group"), actions: changed, gone: true, code: SessionReset, score: 70, text: "resets the BGP sessions of a group"},
		{node: names("bgp/autonomous-system"), actions: changed, gone: true, code: SessionReset, score: 75, text: "resets all BGP sessions of an instance"},
		{node: names("bgp/router-id"), actions: changed, gone: true, code: SessionReset, score: 75, text: "resets all BGP sessions of an instance"},
		{node: names("/network-instance/name"), actions: deletes, gone: true, code: InstanceRemoved, score: 75, text: "removes a network instance"},
		{node: names("/network-instance/interface/name"), actions: deletes, code: InterfaceRemoved, gone: true, score: 65, text: "takes an interface out of its network instance"},
		{node: names("/interface/name"), actions: deletes, gone: true, code: InterfaceRemoved, score: 70, text: "removes an interface"},
		{node: names("/interface/subinterface/index"), actions: deletes, gone: true, code: InterfaceRemoved, score: 65, text: "removes a subinterface"},
		{node: names("ipv4/address/ip-prefix"), actions: deletes, gone: true, code: AddressRemoved, score: 65, text: "takes away an address"},
		{node: names("ipv6/address/ip-prefix"), actions: deletes, gone: true, code: AddressRemoved, score: 65, text: "takes away an address"},
		{node: names("interface/mtu"), code: MTUChanged, score: 35, text: "changes an MTU"},
		{node: names("subinterface/ip-mtu"), code: MTUChanged, score: 35, text: "changes an MTU"},
		{node: names("subinterface/l2-mtu"), code: MTUChanged, score: 35, text: "changes an MTU"},
		{node: names("/routing-policy"), gone: true, outer: true, code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
		{node: names("import-policy"), code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
		{node: names("export-policy"), code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
		{node: names("ethernet-segment"), gone: true, code: MultihomingChanged, score: 40, text: "changes multihoming"},
		{node: names("/interface/lag"), code: LAGChanged, score: 40, text: "changes a LAG"},
		{node: names("ethernet/aggregate-id"), code: LAGChanged, score: 40, text: "changes a LAG"},
	},
}

// A lineRule says what a command line means, by the words that it begins with; a ? stands for any word.
type lineRule struct {
	words   []string
	end     bool     // the line ends there
	actions []Action // none for all
	new     bool
	code    RiskCode
	score   int
	text    string
}

var lineRules = []lineRule{
	{words: words("shutdown"), end: true, actions: adds, new: true, code: InterfaceShut, score: 70, text: "shuts an interface"},
	{words: words("neighbor ? shutdown"), actions: adds, code: SessionShut, score: 70, text: "shuts a BGP session"},
	{words: words("ip route 0.0.0.0/0"), actions: changed, code: DefaultRoute, score: 80, text: "changes the default route"},
	{words: words("ipv6 route ::/0"), actions: changed, code: DefaultRoute, score: 80, text: "changes the default route"},
	{words: words("neighbor ? remote-as"), actions: deletes, code: SessionRemoved, score: 70, text: "removes a BGP session, or resets it"},
	{words: words("neighbor ? peer-group"), actions: changed, code: SessionReset, score: 65, text: "resets a BGP session"},
	{words: words("neighbor ? local-as"), code: SessionReset, score: 65, text: "resets a BGP session"},
	{words: words("neighbor ? update-source"), actions: changed, code: SessionReset, score: 65, text: "resets a BGP session"},
	{words: words("neighbor ? password"), code: SessionReset, score: 65, text: "resets a BGP session"},
	{words: words("bgp router-id"), actions: changed, code: SessionReset, score: 75, text: "resets all BGP sessions of an instance"},
	{words: words("router bgp"), actions: deletes, code: SessionReset, score: 80, text: "removes all BGP sessions of an instance"},
	{words: words("vrf"), actions: deletes, code: InstanceRemoved, score: 75, text: "removes a network instance"},
	{words: words("vlan ?"), end: true, actions: deletes, code: VLANRemoved, score: 40, text: "removes a VLAN"},
	{words: words("interface"), actions: deletes, code: InterfaceRemoved, score: 70, text: "removes an interface"},
	{words: words("ip address"), actions: deletes, code: AddressRemoved, score: 65, text: "takes away an address"},
	{words: words("ipv6 address"), actions: deletes, code: AddressRemoved, score: 65, text: "takes away an address"},
	{words: words("mtu"), code: MTUChanged, score: 35, text: "changes an MTU"},
	{words: words("route-map"), code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
	{words: words("ip prefix-list"), code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
	{words: words("ipv6 prefix-list"), code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
	{words: words("neighbor ? route-map"), code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
	{words: words("evpn ethernet-segment"), code: MultihomingChanged, score: 40, text: "changes multihoming"},
	{words: words("channel-group"), code: LAGChanged, score: 40, text: "changes a LAG"},
}

// names splits the names of a node; one that begins with a slash is at the root.
func names(node string) []string {
	if rest, root := strings.CutPrefix(node, "/"); root {
		return append([]string{"/"}, strings.Split(rest, "/")...)
	}
	return strings.Split(node, "/")
}

func words(line string) []string { return strings.Fields(line) }
