package fabric

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// defaultBFD is the slowest transmission interval that RFC 5880 §6.8.3 starts sessions with.
const defaultBFD = time.Second

func durationOf(d intent.Duration) time.Duration { return time.Duration(d) }

// policy puts a RoutePolicy and its prefix sets on a device, once.
func (c *compiler) policy(d *Device, name string) {
	if slices.ContainsFunc(d.Policies, func(p Policy) bool { return p.Name == name }) {
		return
	}
	i := slices.IndexFunc(c.set.RoutePolicies, func(p *intent.RoutePolicy) bool { return p.Name == name })
	doc := c.set.RoutePolicies[i]
	for k, s := range doc.Spec.PrefixSets {
		set := PrefixSet{Name: setName(name, s.Name), Source: doc.Source("prefixSets", k), IPv6: s.Prefixes[0].Prefix.Addr().Is6()}
		for _, m := range s.Prefixes {
			set.Prefixes = append(set.Prefixes, prefixRange(m))
		}
		d.PrefixSets = append(d.PrefixSets, set)
	}
	p := Policy{Name: name, Source: doc.Source()}
	for k, s := range doc.Spec.Statements {
		p.Statements = append(p.Statements, statement(doc, k, s))
	}
	p.Statements = append(p.Statements, Statement{
		Name: strconv.Itoa(10 * (len(p.Statements) + 1)), Source: doc.Source("otherwise"), Accept: doc.Spec.Otherwise == "accept",
	})
	if n := len(p.Statements); n > 1 && p.Statements[n-2].PrefixSet == "" && p.Statements[n-2].Protocol == "" {
		p.Statements = p.Statements[:n-1] // the policy's own last step already matches every route
	}
	d.Policies = append(d.Policies, p)
}

// setName makes the name of a prefix set, which is the policy's own, unique on a device.
func setName(policy, set string) string { return policy + "." + set }

func prefixRange(m intent.PrefixMatchSpec) PrefixRange {
	r := PrefixRange{Prefix: m.Prefix, Min: m.Prefix.Bits(), Max: m.Prefix.Bits()}
	switch {
	case m.LE != 0:
		r.Min, r.Max = cmp.Or(m.GE, r.Min), m.LE
	case m.GE != 0:
		r.Min, r.Max = m.GE, m.Prefix.Addr().BitLen()
	}
	return r
}

func statement(doc *intent.RoutePolicy, k int, s intent.StatementSpec) Statement {
	out := Statement{Name: strconv.Itoa(10 * (k + 1)), Source: doc.Source("statements", k), Accept: s.Action == "accept"}
	if s.Match != nil {
		if s.Match.PrefixSet != "" {
			out.PrefixSet = setName(doc.Name, s.Match.PrefixSet)
		}
		out.Protocol = Protocol(s.Match.Protocol)
	}
	if s.Set == nil {
		return out
	}
	out.LocalPref = uint32(s.Set.LocalPreference)
	if s.Set.MED != nil {
		med := uint32(*s.Set.MED)
		out.MED = &med
	}
	for _, x := range s.Set.AddCommunities {
		out.AddCommunities = append(out.AddCommunities, string(x))
	}
	if s.Set.Prepend != nil {
		out.PrependASN, out.PrependTimes = uint32(s.Set.Prepend.ASN), s.Set.Prepend.Times
	}
	return out
}
