package plan

import (
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
)

// A riskRule says what a change of leaves below a node means. The first rule that matches decides.
type riskRule struct {
	node    []string // names of consecutive elements anywhere in the path
	actions []Action
	after   string // only for this new value
	code    RiskCode
	score   int
	reason  string
}

var riskRules = []riskRule{
	{names("interface/config/enabled"), []Action{Add, Modify}, "false", InterfaceShut, 70, "shuts an interface"},
	{names("subinterface/config/enabled"), []Action{Add, Modify}, "false", InterfaceShut, 65, "shuts a subinterface"},
	{names("neighbor/config/enabled"), []Action{Add, Modify}, "false", SessionShut, 70, "shuts a BGP session"},
	{names("neighbor/config/neighbor-address"), []Action{Delete}, "", SessionRemoved, 70, "removes a BGP neighbor"},
	{names("neighbor/config/peer-as"), nil, "", SessionReset, 65, "resets a BGP session"},
	{names("peer-group/config"), []Action{Modify, Delete}, "", SessionReset, 70, "resets the BGP sessions of a group"},
	{names("bgp/global/config"), []Action{Modify, Delete}, "", SessionReset, 75, "resets all BGP sessions of an instance"},
	{names("network-instance/config/name"), []Action{Delete}, "", InstanceRemoved, 75, "removes a network instance"},
	{names("interface/config/name"), []Action{Delete}, "", InterfaceRemoved, 70, "removes an interface"},
	{names("interface/name"), []Action{Delete}, "", InterfaceRemoved, 70, "removes an interface"},
	{names("ipv4/addresses"), []Action{Modify, Delete}, "", AddressRemoved, 65, "takes away an address"},
	{names("ipv6/addresses"), []Action{Modify, Delete}, "", AddressRemoved, 65, "takes away an address"},
	{names("interface/config/mtu"), nil, "", MTUChanged, 35, "changes an MTU"},
	{names("ipv4/config/mtu"), nil, "", MTUChanged, 35, "changes an MTU"},
	{names("ipv6/config/mtu"), nil, "", MTUChanged, 35, "changes an MTU"},
	{names("routing-policy"), nil, "", RoutingPolicy, 40, "changes what routes are exchanged"},
	{names("apply-policy"), nil, "", RoutingPolicy, 40, "changes what routes are exchanged"},
	{names("ethernet-segment"), nil, "", MultihomingChanged, 40, "changes multihoming"},
	{names("aggregation"), nil, "", LAGChanged, 40, "changes a LAG"},
}

// judge returns what one change may break, nothing for most.
func judge(a Action, p path.Path, after string) (code RiskCode, score int, text string) {
	for _, r := range riskRules {
		if len(r.actions) > 0 && !slices.Contains(r.actions, a) || r.after != "" && r.after != after {
			continue
		}
		if holds(p, r.node) {
			return r.code, r.score, r.reason
		}
	}
	if a == Delete {
		return Deleted, mediumScore, "deletes"
	}
	return "", 0, ""
}

// holds reports whether the names of node follow each other somewhere in p.
func holds(p path.Path, node []string) bool {
	for i := range len(p.Elems) - len(node) + 1 {
		if p.Elems[i].Name == node[0] && slices.EqualFunc(node, p.Elems[i:i+len(node)], func(n string, e path.Elem) bool { return n == e.Name }) {
			return true
		}
	}
	return false
}

func names(node string) []string { return strings.Split(node, "/") }

// rate fills in the risk of a change to p.
func (ch *Change) rate(p path.Path) {
	ch.Code, ch.Score, ch.Reason = judge(ch.Action, p, ch.After)
	ch.Risk = riskOf(ch.Score)
}

// rateText is rate for a change whose path is known as text only.
func (ch *Change) rateText() {
	p, err := path.Parse(ch.Path)
	if err != nil {
		ch.Code, ch.Score, ch.Risk, ch.Reason = Unreadable, mostScore, High, "its path cannot be read"
		return
	}
	ch.rate(p)
}
