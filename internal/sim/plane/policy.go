package plane

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A verdict is what becomes of a route.
type verdict uint8

// The verdicts. An undecided route goes on to the next statement or policy.
const (
	undecided verdict = iota
	accept
	reject
	nextPolicy
)

// A chain is a list of policies with what happens to a route that none of them decides. Undecided means to reject it.
type chain struct {
	policies []string
	fallback verdict
}

// A policy is statements in order, and what happens to a route that none of them decides.
type policy struct {
	statements []statement
	fallback   statement // without conditions
}

// A statement changes and decides the routes that fulfil its conditions.
type statement struct {
	protocol    string // of the route: DIRECTLY_CONNECTED, STATIC or BGP; "" for any
	prefixes    setMatch
	communities setMatch
	calls       []string // policies that must accept the route
	unknown     bool     // there is a condition that this control plane does not know: it holds for no route

	localPref, med *uint32
	prepend        []uint32
	replace        bool     // the communities of the route are dropped
	communitiesAdd []string // in addition

	result verdict
}

// A setMatch asks whether a route is in a set; without a name it holds.
type setMatch struct {
	set    string
	invert bool // the route must not be
	all    bool // of communities: every member, not any
}

type prefixSet []prefixRange

type prefixRange struct {
	prefix   netip.Prefix
	min, max int
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
		next, decision := d.policy(name, r, 0)
		if r = next; decision == accept || decision == reject {
			return r, decision == accept
		}
	}
	return r, c.fallback == accept
}

// policy runs a route through one policy.
func (d *device) policy(name string, r path, depth int) (path, verdict) {
	p := d.policies[name]
	for _, s := range p.statements {
		if !d.matches(s, r, depth) {
			continue
		}
		if r = s.change(r); s.result != undecided {
			return r, s.result
		}
	}
	return p.fallback.change(r), p.fallback.result
}

// matches tells whether a statement's conditions hold.
func (d *device) matches(s statement, r path, depth int) bool {
	if s.unknown || s.protocol != "" && s.protocol != r.protocol {
		return false
	}
	if s.prefixes.set != "" && d.prefixSets[s.prefixes.set].has(r.prefix) == s.prefixes.invert {
		return false
	}
	if s.communities.set != "" && !s.communities.holds(d.communities[s.communities.set], r.communities) {
		return false
	}
	for _, name := range s.calls {
		if depth >= 4 {
			return false
		}
		if _, decision := d.policy(name, r, depth+1); decision != accept {
			return false
		}
	}
	return true
}

func (m setMatch) holds(members, communities []string) bool {
	has := func(member string) bool { return slices.Contains(communities, member) }
	switch {
	case m.invert:
		return !slices.ContainsFunc(members, has)
	case m.all:
		return !slices.ContainsFunc(members, func(member string) bool { return !has(member) })
	}
	return slices.ContainsFunc(members, has)
}

// change returns the route with the statement's attributes.
func (s statement) change(r path) path {
	if s.localPref != nil {
		r.localPref = *s.localPref
	}
	if s.med != nil {
		r.med = *s.med
	}
	if len(s.prepend) > 0 {
		r.asPath = slices.Concat(s.prepend, r.asPath)
	}
	if s.replace {
		r.communities = nil
	}
	if len(s.communitiesAdd) > 0 {
		r.communities = slices.Concat(r.communities, s.communitiesAdd)
	}
	return r
}

// numberAt reads a number where there is one.
func numberAt(text string) *uint32 {
	if text == "" {
		return nil
	}
	n := number(text)
	return &n
}
