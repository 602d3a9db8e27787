package plane

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// A chain is a list of policies with what happens to a route that none of them decides. OpenConfig's
// default is to reject it.
type chain struct {
	policies []string
	fallback string
}

type prefixSet []prefixRange

type prefixRange struct {
	prefix   netip.Prefix
	min, max int
}

func (d *device) readPolicies(n *conf.Node) {
	d.prefixSets, d.policies, d.communities = map[string]prefixSet{}, map[string][]*conf.Node{}, map[string][]string{}
	for _, s := range n.At("defined-sets", "prefix-sets").Entries("prefix-set") {
		var set prefixSet
		for _, p := range s.Kid("prefixes").Entries("prefix") {
			if r, ok := parseRange(p.Step.Key("ip-prefix"), p.Step.Key("masklength-range")); ok {
				set = append(set, r)
			}
		}
		d.prefixSets[s.Step.Key("name")] = set
	}
	for _, s := range n.At("defined-sets", "bgp-defined-sets", "community-sets").Entries("community-set") {
		d.communities[s.Step.Key("community-set-name")] = s.Texts("config", "community-member")
	}
	for _, p := range n.Kid("policy-definitions").Entries("policy-definition") {
		d.policies[p.Step.Key("name")] = p.Kid("statements").Entries("statement")
	}
}

// parseRange reads a prefix with "exact" or "24..32".
func parseRange(prefix, lengths string) (prefixRange, bool) {
	p, err := netip.ParsePrefix(prefix)
	if err != nil {
		return prefixRange{}, false
	}
	r := prefixRange{p.Masked(), p.Bits(), p.Bits()}
	if from, to, ok := strings.Cut(lengths, ".."); ok {
		var errFrom, errTo error
		r.min, errFrom = strconv.Atoi(from)
		r.max, errTo = strconv.Atoi(to)
		return r, errFrom == nil && errTo == nil
	}
	return r, lengths == "exact"
}

func (s prefixSet) has(p netip.Prefix) bool {
	return slices.ContainsFunc(s, func(r prefixRange) bool {
		return r.prefix.Contains(p.Addr()) && p.Bits() >= r.min && p.Bits() <= r.max
	})
}

// apply runs a route through a chain and returns it as the policies changed it.
func (d *device) apply(c chain, r path) (path, bool) {
	for _, name := range c.policies {
		next, decided, accept := d.policy(name, r, 0)
		if r = next; decided {
			return r, accept
		}
	}
	return r, c.fallback == "ACCEPT_ROUTE"
}

// policy runs a route through one policy.
func (d *device) policy(name string, r path, depth int) (_ path, decided, accept bool) {
	for _, s := range d.policies[name] {
		if !d.matches(s.Kid("conditions"), r, depth) {
			continue
		}
		r = actions(s.Kid("actions"), r)
		switch s.Text("actions", "config", "policy-result") {
		case "ACCEPT_ROUTE":
			return r, true, true
		case "REJECT_ROUTE":
			return r, true, false
		}
	}
	return r, false, false
}

// matches tells whether a statement's conditions hold; a condition that this control plane does not know
// holds for no route.
func (d *device) matches(c *conf.Node, r path, depth int) bool {
	if c == nil {
		return true
	}
	for _, kid := range c.Kids() {
		ok := false
		switch kid.Step.Name {
		case "config":
			ok = true
			if proto := bareName(kid.Text("install-protocol-eq")); proto != "" {
				ok = proto == r.protocol
			}
			if call := kid.Text("call-policy"); call != "" && depth < 4 {
				_, decided, accept := d.policy(call, r, depth+1)
				ok = ok && decided && accept
			}
		case "match-prefix-set":
			ok = d.prefixSets[kid.Text("config", "prefix-set")].has(r.prefix) != (kid.Text("config", "match-set-options") == "INVERT")
		case "bgp-conditions":
			ok = d.bgpConditions(kid, r)
		}
		if !ok {
			return false
		}
	}
	return true
}

func (d *device) bgpConditions(c *conf.Node, r path) bool {
	for _, kid := range c.Kids() {
		if kid.Step.Name != "match-community-set" {
			return false
		}
		members := d.communities[kid.Text("config", "community-set")]
		has := func(m string) bool { return slices.Contains(r.communities, m) }
		var ok bool
		switch kid.Text("config", "match-set-options") {
		case "ALL":
			ok = !slices.ContainsFunc(members, func(m string) bool { return !has(m) })
		case "INVERT":
			ok = !slices.ContainsFunc(members, has)
		default:
			ok = slices.ContainsFunc(members, has)
		}
		if !ok {
			return false
		}
	}
	return true
}

// actions changes a route's attributes.
func actions(a *conf.Node, r path) path {
	set := a.Kid("bgp-actions")
	if pref := set.Text("config", "set-local-pref"); pref != "" {
		r.localPref = number(pref)
	}
	if med := set.Text("config", "set-med"); med != "" {
		r.med = number(med)
	}
	if asn := number(set.Text("set-as-path-prepend", "config", "asn")); asn != 0 {
		for range max(number(set.Text("set-as-path-prepend", "config", "repeat-n")), 1) {
			r.asPath = append([]uint32{asn}, r.asPath...)
		}
	}
	if add := set.Texts("set-community", "inline", "config", "communities"); add != nil {
		if set.Text("set-community", "config", "options") == "REPLACE" {
			r.communities = nil
		}
		r.communities = append(slices.Clone(r.communities), add...)
	}
	return r
}
