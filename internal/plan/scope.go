package plan

import (
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
)

// A Scope says what Tenter does with each path of one device. The zero Scope merges everywhere.
type Scope struct {
	rules []scopeRule
}

type scopeRule struct {
	pattern path.Pattern
	action  fabric.ScopeAction
}

// NewScope reads a model's rules, which come most specific first.
func NewScope(rules []fabric.ScopeRule) (Scope, error) {
	s := Scope{rules: make([]scopeRule, 0, len(rules))}
	for _, r := range rules {
		p, err := path.ParsePattern(r.Pattern)
		if err != nil {
			return Scope{}, fmt.Errorf("scope of %s: %w", r.Source.Name, err)
		}
		s.rules = append(s.rules, scopeRule{p, r.Action})
	}
	return s, nil
}

// Action returns what Tenter does with p.
func (s Scope) Action(p path.Path) fabric.ScopeAction {
	for _, r := range s.rules {
		if r.pattern.Covers(p) {
			return r.action
		}
	}
	return fabric.Merge
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

// alwaysProtected is what every device is reached and logged in through, in OpenConfig's terms.
var alwaysProtected = []string{
	"/system/aaa",
	"/system/grpc-server",
	"/system/grpc-servers",
	"/system/ssh-server",
	"/system/gnsi-certz",
}

// NewProtection protects what always is, the management interfaces and network instances of these names, which may
// hold *, and the patterns of the model.
func NewProtection(interfaces, instances []string, more []fabric.Protected) (Protection, error) {
	texts := slices.Clone(alwaysProtected)
	for _, name := range interfaces {
		texts = append(texts, "/interfaces/interface[name="+name+"]")
	}
	for _, name := range instances {
		texts = append(texts, "/network-instances/network-instance[name="+name+"]")
	}
	for _, m := range more {
		texts = append(texts, m.Pattern)
	}
	p := Protection{patterns: make([]path.Pattern, 0, len(texts))}
	for _, text := range texts {
		pattern, err := path.ParsePattern(text)
		if err != nil {
			return Protection{}, fmt.Errorf("protected: %w", err)
		}
		p.patterns = append(p.patterns, pattern)
	}
	return p, nil
}

// Covers reports whether p lies in a protected subtree.
func (g Protection) Covers(p path.Path) bool {
	return slices.ContainsFunc(g.patterns, func(q path.Pattern) bool { return q.Covers(p) })
}
