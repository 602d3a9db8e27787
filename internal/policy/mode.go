package policy

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
)

// Modes says what Tenter does about drift at each path of one device. The zero Modes proposes everywhere.
type Modes struct {
	rules []modeRule
}

type modeRule struct {
	pattern path.Pattern
	rule    fabric.DriftRule
}

// NewModes reads a model's rules, which come most specific first.
func NewModes(rules []fabric.DriftRule) (Modes, error) {
	m := Modes{rules: make([]modeRule, 0, len(rules))}
	for _, r := range rules {
		p, err := path.ParsePattern(r.Pattern)
		if err != nil {
			return Modes{}, fmt.Errorf("drift policy of %s: %w", r.Source.Name, err)
		}
		m.rules = append(m.rules, modeRule{p, r})
	}
	return m, nil
}

// Mode returns what is done about drift at p. A rule to ignore counts until its date.
func (m Modes) Mode(p path.Path, now time.Time) fabric.DriftMode {
	for _, r := range m.rules {
		if !r.pattern.Covers(p) {
			continue
		}
		if r.rule.Mode == fabric.DriftIgnore && !r.rule.Until.IsZero() && !now.Before(r.rule.Until) {
			continue
		}
		return r.rule.Mode
	}
	return fabric.DriftPropose
}

// Remediates reports whether a mode makes plans at all.
func Remediates(m fabric.DriftMode) bool { return m == fabric.DriftPropose || m == fabric.DriftEnforce }

// Weakest returns the mode that asks most of people: one path that may only be proposed makes the whole plan wait.
func Weakest(a, b fabric.DriftMode) fabric.DriftMode {
	order := map[fabric.DriftMode]int{fabric.DriftIgnore: 0, fabric.DriftObserve: 1, fabric.DriftPropose: 2, fabric.DriftEnforce: 3}
	if order[a] < order[b] {
		return a
	}
	return b
}
