package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
)

// A Risk is how much a change can break.
type Risk int

// The risks, from least to most.
const (
	Low Risk = iota
	Medium
	High
)

var riskNames = []string{"low", "medium", "high"}

// String returns low, medium or high.
func (r Risk) String() string { return riskNames[r] }

// MarshalJSON writes the name.
func (r Risk) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }

// UnmarshalJSON reads the name.
func (r *Risk) UnmarshalJSON(b []byte) error {
	var name string
	if err := json.Unmarshal(b, &name); err != nil {
		return err
	}
	i := slices.Index(riskNames, name)
	if i < 0 {
		return fmt.Errorf("risk %q: not one of %s", name, strings.Join(riskNames, ", "))
	}
	*r = Risk(i)
	return nil
}

// A riskRule says what a change of leaves below a node means. The first rule that matches decides.
type riskRule struct {
	node    []string // names of consecutive elements anywhere in the path
	actions []Action
	after   string // only for this new value
	risk    Risk
	reason  string
}

var riskRules = []riskRule{
	{names("interface/config/enabled"), []Action{Add, Modify}, "false", High, "shuts an interface"},
	{names("subinterface/config/enabled"), []Action{Add, Modify}, "false", High, "shuts a subinterface"},
	{names("neighbor/config/enabled"), []Action{Add, Modify}, "false", High, "shuts a BGP session"},
	{names("neighbor/config/neighbor-address"), []Action{Delete}, "", High, "removes a BGP neighbor"},
	{names("neighbor/config/peer-as"), nil, "", High, "resets a BGP session"},
	{names("peer-group/config"), []Action{Modify, Delete}, "", High, "resets the BGP sessions of a group"},
	{names("bgp/global/config"), []Action{Modify, Delete}, "", High, "resets all BGP sessions of an instance"},
	{names("network-instance/config/name"), []Action{Delete}, "", High, "removes a network instance"},
	{names("interface/config/name"), []Action{Delete}, "", High, "removes an interface"},
	{names("interface/name"), []Action{Delete}, "", High, "removes an interface"},
	{names("ipv4/addresses"), []Action{Modify, Delete}, "", High, "takes away an address"},
	{names("ipv6/addresses"), []Action{Modify, Delete}, "", High, "takes away an address"},
	{names("interface/config/mtu"), nil, "", Medium, "changes an MTU"},
	{names("ipv4/config/mtu"), nil, "", Medium, "changes an MTU"},
	{names("ipv6/config/mtu"), nil, "", Medium, "changes an MTU"},
	{names("routing-policy"), nil, "", Medium, "changes what routes are exchanged"},
	{names("apply-policy"), nil, "", Medium, "changes what routes are exchanged"},
	{names("ethernet-segment"), nil, "", Medium, "changes multihoming"},
	{names("aggregation"), nil, "", Medium, "changes a LAG"},
}

// judge returns the risk of one change and its reason.
func judge(a Action, p path.Path, after string) (Risk, string) {
	for _, r := range riskRules {
		if len(r.actions) > 0 && !slices.Contains(r.actions, a) || r.after != "" && r.after != after {
			continue
		}
		if holds(p, r.node) {
			return r.risk, r.reason
		}
	}
	if a == Delete {
		return Medium, "deletes"
	}
	return Low, ""
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

// judgeText judges a change whose path is text.
func judgeText(a Action, text, after string) (Risk, string) {
	p, err := path.Parse(text)
	if err != nil {
		return High, "its path cannot be read"
	}
	return judge(a, p, after)
}
