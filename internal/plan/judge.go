package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/blocks"
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
	gone, new bool
	code      RiskCode
	score     int
	text      string
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
		{node: names("/routing-policy"), gone: true, code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
		{node: names("apply-policy"), code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
		{node: names("ethernet-segment"), gone: true, code: MultihomingChanged, score: 40, text: "changes multihoming"},
		{node: names("aggregation/switched-vlan"), code: VLANRemoved, actions: changed, score: 35, text: "changes the VLANs of a port"},
		{node: names("ethernet/switched-vlan"), code: VLANRemoved, actions: changed, score: 35, text: "changes the VLANs of a port"},
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
		{node: names("/routing-policy"), gone: true, code: RoutingPolicy, score: 40, text: "changes what routes are exchanged"},
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

// A judged is a change on its way to its risk.
type judged struct {
	*Change
	path path.Path
	gone bool        // it goes with its list entry
	new  func() bool // its list entry comes with it
}

// rule finds what the change means, nothing for most.
func (j judged) rule() (code RiskCode, score int, text string) {
	if j.path.Origin == blocks.Origin {
		return j.line()
	}
	for _, r := range riskRules[j.path.Origin] {
		switch {
		case len(r.actions) > 0 && !slices.Contains(r.actions, j.Action), r.after != "" && r.after != j.After, j.gone && !r.gone:
		case !holds(j.path, r.node) || r.key != "" && !keyed(j.path, r.key):
		case j.Action == Add && !r.new && j.new():
			return "", 0, ""
		default:
			return r.code, r.score, r.text
		}
	}
	return j.otherwise()
}

func (j judged) line() (code RiskCode, score int, text string) {
	texts, err := blocks.Texts(j.path)
	if err != nil || len(texts) == 0 {
		return j.otherwise()
	}
	line := strings.Fields(texts[len(texts)-1])
	for _, r := range lineRules {
		switch {
		case len(r.actions) > 0 && !slices.Contains(r.actions, j.Action), !begins(line, r.words, r.end):
		case j.gone && len(texts) > 1 && r.code != SessionRemoved: // the block says it
		case j.Action == Add && !r.new && j.new():
			return "", 0, ""
		default:
			return r.code, r.score, r.text
		}
	}
	return j.otherwise()
}

func (j judged) otherwise() (code RiskCode, score int, text string) {
	if j.Action == Delete {
		return Deleted, mediumScore, "deletes"
	}
	return "", 0, ""
}

// begins reports whether a line begins with words, or is them.
func begins(line, words []string, end bool) bool {
	if len(line) < len(words) || end && len(line) > len(words) {
		return false
	}
	for i, w := range words {
		if w != "?" && w != line[i] {
			return false
		}
	}
	return true
}

// holds reports whether the names of node follow each other somewhere in p, from its beginning if the first is "/".
func holds(p path.Path, node []string) bool {
	follow := func(elems []path.Elem, node []string) bool {
		return len(elems) >= len(node) && slices.EqualFunc(node, elems[:len(node)], func(n string, e path.Elem) bool { return n == e.Name })
	}
	if node[0] == "/" {
		return follow(p.Elems, node[1:])
	}
	for i := range len(p.Elems) - len(node) + 1 {
		if p.Elems[i].Name == node[0] && follow(p.Elems[i:], node) {
			return true
		}
	}
	return false
}

// keyed reports whether one of the keys in p has the value.
func keyed(p path.Path, value string) bool {
	return slices.ContainsFunc(p.Elems, func(e path.Elem) bool {
		return slices.ContainsFunc(e.Keys, func(k path.Key) bool { return k.Value == value })
	})
}

// names splits the names of a node; one that begins with a slash is at the root.
func names(node string) []string {
	if rest, root := strings.CutPrefix(node, "/"); root {
		return append([]string{"/"}, strings.Split(rest, "/")...)
	}
	return strings.Split(node, "/")
}

func words(line string) []string { return strings.Fields(line) }

// rate fills in the risk of a change of a device.
func (c *computation) rate(ch *Change, p path.Path) {
	if c.Protected.Covers(p) && ch.Action != Replace && p.Elems[len(p.Elems)-1].Name != "description" {
		ch.Code, ch.Score, ch.Reason = ManagementTouched, 90, "touches what the device is reached through"
	} else {
		entry, _ := entryOf(p)
		ch.Code, ch.Score, ch.Reason = judged{
			Change: ch, path: p, gone: ch.Action == Delete && c.goes(entry), new: func() bool { return !c.Observed.Has(entry) },
		}.rule()
		if ch.Code == VLANRemoved && ch.Action == Delete {
			c.ports(ch, p)
		}
		if ch.Code == InstanceRemoved && ch.Action == Delete {
			c.members(ch, p)
		}
	}
	ch.Risk = riskOf(ch.Score)
}

// goes reports whether a list entry is deleted as a whole.
func (c *computation) goes(entry path.Path) bool {
	i, ok := slices.BinarySearchFunc(c.deletes, entry, path.Compare)
	return ok || i > 0 && entry.HasPrefix(c.deletes[i-1])
}

// entryOf returns the list entry that a leaf is in, itself if it is in none.
func entryOf(p path.Path) (path.Path, bool) {
	for i := len(p.Elems) - 1; i >= 0; i-- {
		if len(p.Elems[i].Keys) > 0 {
			return path.Path{Origin: p.Origin, Elems: p.Elems[:i+1]}, true
		}
	}
	return p, false
}

// ports makes the removal of a VLAN that ports of the device carry a high risk.
func (c *computation) ports(ch *Change, p path.Path) {
	entry, ok := entryOf(p)
	if !ok {
		return
	}
	id := entry.Elems[len(entry.Elems)-1].Keys[0].Value
	if c.carriers == nil {
		c.carriers = carriers(c.Observed)
	}
	if n := c.carriers[id]; n > 0 {
		ch.Score, ch.Reason = 65, fmt.Sprintf("removes VLAN %s with %s in it", id, plural(n, "port"))
	}
}

// members says of a network instance that goes what is in it.
func (c *computation) members(ch *Change, p path.Path) {
	entry, ok := entryOf(p)
	if !ok || p.Origin != "srl_nokia" {
		return
	}
	kind, n := "a network instance", 0
	for l := range c.Observed.Under(entry) {
		switch {
		case len(l.Path.Elems) == 2 && l.Path.Elems[1].Name == "type" && strings.HasSuffix(l.Value.Text(), "mac-vrf"):
			kind, ch.Code = "VLAN "+entry.Elems[len(entry.Elems)-1].Keys[0].Value, VLANRemoved
		case len(l.Path.Elems) == 3 && l.Path.Elems[1].Name == "interface" && l.Path.Elems[2].Name == "name" && !strings.HasPrefix(l.Value.Text(), "irb"):
			n++
		}
	}
	switch {
	case n > 0:
		ch.Reason = fmt.Sprintf("removes %s with %s in it", kind, plural(n, "port"))
	case ch.Code == VLANRemoved:
		ch.Score, ch.Reason = 40, "removes a VLAN"
	}
}
