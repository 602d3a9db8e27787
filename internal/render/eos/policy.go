package eos

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

func renderPrefixSet(w *dialect.Writer, _ dialect.Namer, s fabric.PrefixSet) {
	at := root(dialect.Elem("routing-policy"), dialect.Elem("defined-sets"), dialect.Elem("prefix-sets"), dialect.Elem("prefix-set", "name", s.Name))
	mode := "IPV4"
	if s.IPv6 {
		mode = "IPV6"
	}
	put(w, s.Source, at, leaf{"config/mode", mode})
	for _, p := range s.Prefixes {
		put(w, s.Source, dialect.Below(at, dialect.Elem("prefixes"),
			dialect.Elem("prefix", "ip-prefix", p.Prefix.String(), "masklength-range", lengths(p))))
	}
}

func lengths(p fabric.PrefixRange) string {
	if p.Min == p.Prefix.Bits() && p.Max == p.Min {
		return "exact"
	}
	return fmt.Sprintf("%d..%d", p.Min, p.Max)
}

// renderPolicy writes a policy, which EOS keeps as a route map: the names of its statements are its sequence numbers.
func renderPolicy(w *dialect.Writer, _ dialect.Namer, p fabric.Policy) {
	at := root(dialect.Elem("routing-policy"), dialect.Elem("policy-definitions"), dialect.Elem("policy-definition", "name", p.Name))
	put(w, p.Source, at)
	statements := dialect.Below(at, dialect.Elem("statements"))
	var order []path.Elem
	for _, s := range p.Statements {
		entry := dialect.Elem("statement", "name", s.Name)
		put(w, s.Source, dialect.Below(statements, entry), statement(s)...)
		order = append(order, entry)
	}
	w.Order(p.Source, dialect.Below(statements, dialect.Elem("statement")), order)
}

func statement(s fabric.Statement) []leaf {
	result := "REJECT_ROUTE"
	if s.Accept {
		result = "ACCEPT_ROUTE"
	}
	leaves := []leaf{{"actions/config/policy-result", result}}
	if s.Protocol != "" {
		leaves = append(leaves, leaf{"conditions/config/install-protocol-eq", protocolName(s.Protocol)})
	}
	if s.PrefixSet != "" {
		leaves = append(leaves, leaf{"conditions/match-prefix-set/config/prefix-set", s.PrefixSet},
			leaf{"conditions/match-prefix-set/config/match-set-options", "ANY"})
	}
	leaves = append(leaves, some("actions/bgp-actions/config/set-local-pref", s.LocalPref)...)
	if s.MED != nil {
		leaves = append(leaves, leaf{"actions/bgp-actions/config/set-med", *s.MED}, leaf{"actions/bgp-actions/config/set-med-action", "SET"})
	}
	if len(s.AddCommunities) > 0 {
		leaves = append(leaves, leaf{"actions/bgp-actions/set-community/config/method", "INLINE"},
			leaf{"actions/bgp-actions/set-community/config/options", "ADD"},
			leaf{"actions/bgp-actions/set-community/inline/config/arista-communities", values(s.AddCommunities)})
	}
	if s.PrependTimes != 0 {
		leaves = append(leaves, leaf{"actions/bgp-actions/set-as-path-prepend/config/asn", s.PrependASN},
			leaf{"actions/bgp-actions/set-as-path-prepend/config/repeat-n", s.PrependTimes})
	}
	return leaves
}
