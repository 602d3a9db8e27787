package app

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/tree"
)

// An Explanation says what the intents want at one leaf of a device, and why.
type Explanation struct {
	Path      string     `json:"path"`
	Value     string     `json:"value"` // "(secret)" for one that is named in the intents
	Type      string     `json:"type,omitempty"`
	Source    Position   `json:"source"`
	Overrides []Override `json:"overrides,omitempty"`
	Scope     string     `json:"scope"`
	Drift     string     `json:"drift"` // the mode now
	// ScopeRules and DriftRules are the rules that cover the leaf, the most specific first; none means what is usual.
	ScopeRules []ExplainedRule `json:"scope_rules,omitempty"`
	DriftRules []ExplainedRule `json:"drift_rules,omitempty"`
}

// An ExplainedRule is a rule of a Scope or a DriftPolicy that covers a leaf.
type ExplainedRule struct {
	Pattern  string   `json:"pattern"`
	Says     string   `json:"says"` // the action, or the mode
	Wins     bool     `json:"wins,omitempty"`
	Why      string   `json:"why,omitempty"` // why it does not decide, or what else it says
	Severity string   `json:"severity,omitempty"`
	Source   Position `json:"source"`
}

// An Override is a value that lost against the one in force.
type Override struct {
	Value  string   `json:"value"`
	Source Position `json:"source"`
}

// A Position is where an intent stands.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
}

func positionOf(s tree.Source) Position {
	return Position{File: s.File, Line: s.Line, Column: s.Column, Kind: s.Kind, Name: s.Name}
}

// Explain explains every desired leaf of a device at or under a path; / means those of every origin. A path that the schema does not know, or where no
// intent says anything, is an error.
func (c *Compiled) Explain(device intent.DeviceName, at string) ([]Explanation, error) {
	t, err := c.target(device)
	if err != nil {
		return nil, err
	}
	roots := t.result.Desired.Table().Roots()
	var below []path.Path
	if at == "/" { // all there is, whatever the origins of the dialect
		for _, origin := range roots.Origins() {
			below = append(below, path.Path{Origin: origin})
		}
	} else {
		p, err := path.Parse(at)
		if err != nil {
			return nil, err
		}
		if p, err = roots.Normalize(p); err != nil {
			return nil, err
		}
		below = []path.Path{p}
	}
	scope, err := plan.NewScope(t.model.Scope)
	if err != nil {
		return nil, err
	}
	protected, err := plan.NewProtection(t.watch.Profile, t.model)
	if err != nil {
		return nil, err
	}
	scope = scope.Sparing(protected)
	modes, err := policy.NewModes(t.model.Drift)
	if err != nil {
		return nil, err
	}
	var out []Explanation
	now := time.Now()
	for _, p := range below {
		for l := range t.result.Desired.Under(p) {
			e := Explanation{
				Path: l.Path.String(), Value: l.Value.Text(), Source: positionOf(c.Sources.Get(l.Source)),
				Scope: string(scope.Action(l.Path)), Drift: string(modes.Mode(l.Path, now)),
				ScopeRules: explainScope(scope, l.Path), DriftRules: explainDrift(modes, l.Path, now),
			}
			if t.watch.Secrets.Is(l.Path) {
				e.Value = "(secret)"
			}
			if n, ok := roots.Node(l.Path); ok {
				e.Type = n.Type()
			}
			for _, o := range t.result.Overridden {
				if path.Equal(o.Path, l.Path) {
					e.Overrides = append(e.Overrides, Override{Value: o.Value.Text(), Source: positionOf(c.Sources.Get(o.Source))})
				}
			}
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("device %q: no intent says anything about %s", device, at)
	}
	return out, nil
}
