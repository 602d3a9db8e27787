package policy

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
)

// Modes says what Tenter does about drift at each path of one device. The zero Modes proposes everywhere.
type Modes struct {
	rules   []modeRule
	written map[string]time.Time // when a leaf got its value, by canonical path
}

type modeRule struct {
	pattern path.Pattern
	rule    fabric.DriftRule
}

// A Ruling is what is done about drift at one path at one time.
type Ruling struct {
	Mode     fabric.DriftMode
	Severity string            // one of the event severities
	Rule     *fabric.DriftRule // the one that decides; nil where none does
	Grace    time.Time         // until when the drift is only observed because the leaf is new; zero for not at all
	Changes  time.Time         // when another ruling holds without anything else having changed; zero for never
	Over     *fabric.DriftRule // a more specific rule to ignore whose date is past; nil for none
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

// Since returns the modes for a device whose leaves, by canonical path, got their values at the times of written. The
// map belongs to the modes from then on.
func (m Modes) Since(written map[string]time.Time) Modes {
	m.written = written
	return m
}

// Graceful reports whether any rule gives grace, so that it matters when leaves got their values.
func (m Modes) Graceful() bool {
	for _, r := range m.rules {
		if r.rule.Grace > 0 {
			return true
		}
	}
	return false
}

// At returns what is done about drift at p. The most specific rule decides; one to ignore counts until its date, and
// one with a grace period lets a leaf that got another value settle first.
func (m Modes) At(p path.Path, now time.Time) Ruling {
	out := Ruling{Mode: fabric.DriftPropose, Severity: event.SeverityWarning}
	for i := range m.rules {
		r := &m.rules[i]
		if !r.pattern.Covers(p) {
			continue
		}
		if r.rule.Mode == fabric.DriftIgnore && !r.rule.Until.IsZero() {
			if !now.Before(r.rule.Until) {
				if out.Over == nil {
					out.Over = &r.rule
				}
				continue
			}
			out.Changes = r.rule.Until
		}
		out.Mode, out.Rule = r.rule.Mode, &r.rule
		if r.rule.Severity != "" {
			out.Severity = r.rule.Severity
		}
		break
	}
	if out.Rule == nil || out.Rule.Grace == 0 || !Remediates(out.Mode) {
		return out
	}
	if since, known := m.written[p.String()]; known && now.Before(since.Add(out.Rule.Grace)) {
		out.Mode, out.Grace = fabric.DriftObserve, since.Add(out.Rule.Grace)
		out.Changes = out.Grace
	}
	return out
}

// Mode returns the mode of drift at p.
func (m Modes) Mode(p path.Path, now time.Time) fabric.DriftMode { return m.At(p, now).Mode }

// Losers returns the rules that cover p and that the ruling was made without, the most specific first.
func (m Modes) Losers(p path.Path, r Ruling) []fabric.DriftRule {
	var out []fabric.DriftRule
	for i := range m.rules {
		if rule := &m.rules[i].rule; rule != r.Rule && m.rules[i].pattern.Covers(p) {
			out = append(out, *rule)
		}
	}
	return out
}

// Remediates reports whether a mode makes plans at all.
func Remediates(m fabric.DriftMode) bool { return m == fabric.DriftPropose || m == fabric.DriftEnforce }

// Weakest returns the mode that asks most of people: one path that may only be proposed makes the whole plan wait.
func Weakest(a, b fabric.DriftMode) fabric.DriftMode {
	order := map[fabric.DriftMode]int{
		fabric.DriftIgnore: 0, fabric.DriftObserve: 1, fabric.DriftAdopt: 2, fabric.DriftPropose: 3, fabric.DriftEnforce: 4,
	}
	if order[a] < order[b] {
		return a
	}
	return b
}

// Worse returns the worse of two severities; an empty one is the least.
func Worse(a, b string) string {
	order := map[string]int{event.SeverityInfo: 1, event.SeverityWarning: 2, event.SeverityError: 3, event.SeverityCritical: 4}
	if order[b] > order[a] {
		return b
	}
	return a
}
