package srlinux

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

func routingPath(elem path.Elem) path.Path { return root(dialect.Elem("routing-policy"), elem) }

func policyPath(name string) path.Path { return routingPath(dialect.Elem("policy", "name", name)) }

func communitySetPath(name string) path.Path {
	return routingPath(dialect.Elem("community-set", "name", name))
}

func entries(list ...path.Elem) []path.Elem { return list }

func renderPrefixSet(w *dialect.Writer, _ dialect.Namer, s fabric.PrefixSet) {
	at := routingPath(dialect.Elem("prefix-set", "name", s.Name))
	put(w, s.Source, at)
	for _, p := range s.Prefixes {
		put(w, s.Source, dialect.Below(at, dialect.Elem("prefix", "ip-prefix", p.Prefix.String(), "mask-length-range", lengths(p))))
	}
}

func lengths(p fabric.PrefixRange) string {
	if p.Min == p.Prefix.Bits() && p.Max == p.Min {
		return "exact"
	}
	return fmt.Sprintf("%d..%d", p.Min, p.Max)
}

func renderPolicy(w *dialect.Writer, _ dialect.Namer, p fabric.Policy) {
	at := policyPath(p.Name)
	put(w, p.Source, at)
	var order []path.Elem
	for _, s := range p.Statements {
		entry := dialect.Elem("statement", "name", s.Name)
		put(w, s.Source, dialect.Below(at, entry), statement(p, s)...)
		if len(s.AddCommunities) > 0 {
			put(w, s.Source, communitySetPath(setName(p, s)), leaf{"member", values(s.AddCommunities)})
		}
		order = append(order, entry)
	}
	w.Order(p.Source, dialect.Below(at, dialect.Elem("statement")), order)
}

// setName is the community set of a statement: the model has no communities in a statement itself.
func setName(p fabric.Policy, s fabric.Statement) string { return p.Name + "." + s.Name }

func statement(p fabric.Policy, s fabric.Statement) []leaf {
	result := "reject"
	if s.Accept {
		result = "accept"
	}
	leaves := []leaf{{"action/policy-result", result}}
	leaves = append(leaves, some("match/prefix/prefix-set", s.PrefixSet)...)
	leaves = append(leaves, some("match/protocol", protocolName(s.Protocol))...)
	leaves = append(leaves, some("action/bgp/local-preference/set", s.LocalPref)...)
	if s.MED != nil {
		leaves = append(leaves, leaf{"action/bgp/med/operation", "set"}, leaf{"action/bgp/med/value", *s.MED})
	}
	if len(s.AddCommunities) > 0 {
		leaves = append(leaves, leaf{"action/bgp/communities/add", setName(p, s)})
	}
	if s.PrependTimes != 0 {
		leaves = append(leaves, leaf{"action/bgp/as-path/prepend/as-number", s.PrependASN}, leaf{"action/bgp/as-path/prepend/repeat-n", s.PrependTimes})
	}
	return leaves
}

func protocolName(p fabric.Protocol) string {
	if p == fabric.Connected {
		return "local"
	}
	return string(p) // static and bgp
}
