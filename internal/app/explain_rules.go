package app

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
)

const lessSpecific = "less specific"

// explainScope lists the scope rules that cover p. Its action may be another than the winner's: own becomes merge where a path is
// protected.
func explainScope(s plan.Scope, p path.Path) []ExplainedRule {
	var out []ExplainedRule
	for i, r := range s.Covering(p) {
		e := ExplainedRule{Pattern: r.Pattern, Says: string(r.Action), Wins: i == 0, Source: positionOf(r.Source)}
		switch {
		case i > 0:
			e.Why = lessSpecific
		case s.Action(p) != r.Action:
			e.Why = "protected: never deleted or replaced"
		}
		out = append(out, e)
	}
	return out
}

// explainDrift lists the rules for drift that cover p, the most specific first, and says why each but one does not decide.
func explainDrift(m policy.Modes, p path.Path, now time.Time) []ExplainedRule {
	ruling := m.At(p, now)
	explained := func(r fabric.DriftRule) ExplainedRule {
		return ExplainedRule{Pattern: r.Pattern, Says: string(r.Mode), Severity: r.Severity, Source: positionOf(r.Source)}
	}
	var before, after []ExplainedRule
	for _, r := range m.Losers(p, ruling) {
		e := explained(r)
		if r.Mode == fabric.DriftIgnore && !r.Until.IsZero() && !now.Before(r.Until) {
			e.Why = "over since " + r.Until.UTC().Format(time.RFC3339)
			before = append(before, e)
			continue
		}
		e.Why = lessSpecific
		after = append(after, e)
	}
	out := before
	if r := ruling.Rule; r != nil {
		e := explained(*r)
		e.Wins = true
		switch {
		case r.Mode == fabric.DriftIgnore:
			e.Why = fmt.Sprintf("until %s: %s", r.Until.UTC().Format(time.RFC3339), r.Reason)
		case r.Grace > 0:
			e.Why = fmt.Sprintf("only observed for %s after a leaf got another value", r.Grace)
		}
		out = append(out, e)
	}
	return append(out, after...)
}
