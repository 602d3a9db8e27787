package frr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

func renderPrefixSet(w *dialect.Writer, _ dialect.Namer, s fabric.PrefixSet) {
	kind := "ip"
	if s.IPv6 {
		kind = "ipv6"
	}
	for i, p := range s.Prefixes {
		put(w, s.Source, fmt.Sprintf("%s prefix-list %s seq %d permit %s%s", kind, s.Name, 5*(i+1), p.Prefix, lengths(p)))
	}
}

// lengths writes which lengths a prefix matches as FRR shows it.
func lengths(p fabric.PrefixRange) string {
	bits, all := p.Prefix.Bits(), p.Prefix.Addr().BitLen()
	switch {
	case p.Min == bits && p.Max == bits:
		return ""
	case p.Min == bits:
		return " le " + itoa(p.Max)
	case p.Max == all:
		return " ge " + itoa(p.Min)
	}
	return " ge " + itoa(p.Min) + " le " + itoa(p.Max)
}

type policy struct {
	Policy fabric.Policy
	Only   fabric.Protocol // all routes that come to it are from there
	IPv6   []string        // prefix sets of IPv6
}

func renderPolicy(w *dialect.Writer, _ dialect.Namer, p policy) {
	for _, s := range p.Policy.Statements {
		if s.Protocol != "" && s.Protocol != p.Only {
			gap(w, s.Source, "FRR cannot tell by protocol between routes that BGP has: policy %s, statement %s, protocol %s", p.Policy.Name, s.Name, s.Protocol)
			if s.Accept {
				continue // without its condition it would let through what it must not
			}
		}
		renderStatement(w, p, s)
	}
}

func renderStatement(w *dialect.Writer, p policy, s fabric.Statement) {
	action := "deny"
	if s.Accept {
		action = "permit"
	}
	at := "route-map " + p.Policy.Name + " " + action + " " + s.Name
	put(w, s.Source, at)
	line := func(text string) { put(w, s.Source, at, text) }
	if s.PrefixSet != "" {
		kind := "ip"
		if slices.Contains(p.IPv6, s.PrefixSet) {
			kind = "ipv6"
		}
		line("match " + kind + " address prefix-list " + s.PrefixSet)
	}
	if s.LocalPref != 0 {
		line("set local-preference " + itoa(s.LocalPref))
	}
	if s.MED != nil {
		line("set metric " + itoa(*s.MED))
	}
	if len(s.AddCommunities) > 0 {
		line("set community " + strings.Join(s.AddCommunities, " ") + " additive")
	}
	if s.PrependTimes != 0 {
		line("set as-path prepend" + strings.Repeat(" "+itoa(s.PrependASN), s.PrependTimes))
	}
}
