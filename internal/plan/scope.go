package plan

import (
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
)

// A Scope says what Tenter does with each path of one device. The zero Scope merges everywhere.
type Scope struct {
	rules  []scopeRule
	spares Protection
}

type scopeRule struct {
	pattern path.Pattern
	action  fabric.ScopeAction
	rule    fabric.ScopeRule
}

// NewScope reads a model's rules, which come most specific first.
func NewScope(rules []fabric.ScopeRule) (Scope, error) {
	s := Scope{rules: make([]scopeRule, 0, len(rules))}
	for _, r := range rules {
		p, err := path.ParsePattern(r.Pattern)
		if err != nil {
			return Scope{}, fmt.Errorf("scope of %s: %w", r.Source.Name, err)
		}
		s.rules = append(s.rules, scopeRule{p, r.Action, r})
	}
	return s, nil
}

// Action returns what Tenter does with p.
func (s Scope) Action(p path.Path) fabric.ScopeAction {
	for _, r := range s.rules {
		if !r.pattern.Covers(p) {
			continue
		}
		if r.action == fabric.Own && s.spares.Covers(p) {
			return fabric.Merge // what is never deleted is nothing that should not be there
		}
		return r.action
	}
	return fabric.Merge
}

// Covering returns the rules that cover p, the most specific first: that one decides.
func (s Scope) Covering(p path.Path) []fabric.ScopeRule {
	var out []fabric.ScopeRule
	for _, r := range s.rules {
		if r.pattern.Covers(p) {
			out = append(out, r.rule)
		}
	}
	return out
}

// Sparing returns the scope without authority over what is protected.
func (s Scope) Sparing(g Protection) Scope {
	s.spares = g
	return s
}

// Writes reports whether Tenter may write p.
func (s Scope) Writes(p path.Path) bool {
	a := s.Action(p)
	return a == fabric.Own || a == fabric.Merge
}

// ignoresUnder reports whether something at or under p may be ignored, so that nobody knows what is there.
func (s Scope) ignoresUnder(p path.Path) bool {
	for _, r := range s.rules {
		if r.action == fabric.Ignore && (r.pattern.Covers(p) || r.pattern.MatchPrefix(p)) {
			return true
		}
	}
	return false
}

// A Protection holds the patterns of what is never deleted or replaced, whatever scope and policy say: a device that
// lost one of these could not be reached any more to put it back. The zero Protection protects nothing.
type Protection struct {
	patterns []path.Pattern
}

// NewProtection protects what a device's profile says it is reached through, and what its model adds.
func NewProtection(by *profile.Profile, d *fabric.Device) (Protection, error) {
	patterns, err := by.ProtectedPatterns(profile.Management(d.Access.Management))
	if err != nil {
		return Protection{}, fmt.Errorf("profile %q: %w", by.Name, err)
	}
	for _, m := range d.Protected {
		p, err := path.ParsePattern(m.Pattern)
		if err != nil {
			return Protection{}, fmt.Errorf("protected by %s: %w", m.Source.Name, err)
		}
		patterns = append(patterns, p)
	}
	return Protection{patterns}, nil
}

// Covers reports whether p lies in a protected subtree.
func (g Protection) Covers(p path.Path) bool {
	return slices.ContainsFunc(g.patterns, func(q path.Pattern) bool { return q.Covers(p) })
}
