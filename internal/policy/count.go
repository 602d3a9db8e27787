package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
)

// Barred are those whose approval of a plan never counts: who made it by hand, and who wrote the commit that it is of. Empty
// names are nobody's.
type Barred struct {
	Requester, Author string
}

func (b Barred) has(name string) bool {
	return name != "" && (name == b.Requester || name == b.Author)
}

// A Given is what is known of a plan's approvals.
type Given struct {
	By        []event.Approver
	Barred    Barred
	Escalated bool // others may approve by now
	Now       time.Time
}

// A Count is how far one need is met.
type Count struct {
	Need  event.ApprovalNeed
	By    []string  // whose approval counts
	Until time.Time // when the first of them ends to count; zero for never
}

// Missing is how many approvals are still needed.
func (c Count) Missing() int { return max(0, c.Need.Approvals-len(c.By)) }

// Groups are those whose approvals count, none for everybody's.
func (g Given) groups(n event.ApprovalNeed) []string {
	if g.Escalated && len(n.Groups) > 0 && n.EscalateAfter > 0 {
		return slices.Concat(n.Groups, n.EscalateTo)
	}
	return n.Groups
}

// CountApprovals counts the approvals of each need. One person counts once, whatever they did.
func CountApprovals(needs []event.ApprovalNeed, g Given) []Count {
	out := make([]Count, 0, len(needs))
	for _, n := range needs {
		c := Count{Need: n}
		for _, a := range g.By {
			ends := a.At.Add(n.ExpiresAfter)
			who := Who{Name: a.Name, Groups: a.Groups}
			if g.Barred.has(a.Name) || slices.Contains(c.By, a.Name) || !who.In(g.groups(n)) || n.ExpiresAfter > 0 && !g.Now.Before(ends) {
				continue
			}
			c.By = append(c.By, a.Name)
			if n.ExpiresAfter > 0 && (c.Until.IsZero() || ends.Before(c.Until)) {
				c.Until = ends
			}
		}
		out = append(out, c)
	}
	return out
}

// Denying returns the first need that no approval can meet, nil for none.
func Denying(needs []event.ApprovalNeed) *event.ApprovalNeed {
	if i := slices.IndexFunc(needs, func(n event.ApprovalNeed) bool { return n.Deny }); i >= 0 {
		return &needs[i]
	}
	return nil
}

// Denial says which document denies a plan.
func Denial(n event.ApprovalNeed) string {
	return withReason(fmt.Sprintf("approval policy %q (%s) denies it", n.Policy, n.Source), n.Reason)
}

func withReason(text, reason string) string {
	if reason == "" {
		return text
	}
	return text + ": " + reason
}

// MissingApprovals says which approvals are missing, the strictest need first; empty if none is.
func MissingApprovals(counts []Count) string {
	missing := slices.DeleteFunc(slices.Clone(counts), func(c Count) bool { return c.Missing() == 0 })
	slices.SortStableFunc(missing, func(a, b Count) int { return b.Missing() - a.Missing() })
	var parts []string
	for _, c := range missing {
		parts = append(parts, withReason(fmt.Sprintf("%s, says approval policy %q (%s)", c.progress(), c.Need.Policy, c.Need.Source), c.Need.Reason))
	}
	return strings.Join(parts, "; ")
}

// progress is "1 of 2 approvals by netops".
func (c Count) progress() string {
	noun := "approvals"
	if c.Need.Approvals == 1 {
		noun = "approval"
	}
	return fmt.Sprintf("%d of %d %s%s", len(c.By), c.Need.Approvals, noun, of(c.Need.Groups))
}

// Progress is how far the needs are met, for a line of a list: "1 of 2 by netops"; empty where nothing is needed.
func Progress(counts []Count) string {
	var parts []string
	for _, c := range counts {
		if c.Need.Deny {
			return "denied by " + c.Need.Policy
		}
		parts = append(parts, fmt.Sprintf("%d of %d%s", len(c.By), c.Need.Approvals, of(c.Need.Groups)))
	}
	return strings.Join(parts, ", ")
}

func of(groups []string) string {
	if len(groups) == 0 {
		return ""
	}
	return " by " + strings.Join(groups, " or ")
}

// MayApprove says why somebody's approval would not count for any need, empty if it would for one.
func MayApprove(needs []event.ApprovalNeed, who Who, g Given) string {
	if d := Denying(needs); d != nil {
		return Denial(*d)
	}
	if why := who.May("approving a plan", Approver); why != "" {
		return why
	}
	if len(needs) == 0 {
		return ""
	}
	switch who.Name {
	case g.Barred.Requester:
		return fmt.Sprintf("%s asked for this plan, and nobody approves what they asked for, says approval policy %q (%s)", who.Name, needs[0].Policy, needs[0].Source)
	case g.Barred.Author:
		return fmt.Sprintf("%s wrote the commit that this plan is made from, and nobody approves their own, says approval policy %q (%s)", who.Name, needs[0].Policy, needs[0].Source)
	}
	var wanted []string
	for _, n := range needs {
		groups := g.groups(n)
		if who.In(groups) {
			return ""
		}
		for _, name := range groups {
			if !slices.Contains(wanted, name) {
				wanted = append(wanted, name)
			}
		}
	}
	return fmt.Sprintf("%s is in none of the groups that may approve it: %s", who.Name, strings.Join(wanted, ", "))
}

// An ApprovalState is what the approval policies come to for one device's part of a plan.
type ApprovalState struct {
	Denied  string // by which document, empty for none
	Missing string // which approvals, empty for none
	Auto    string // the document that lets new intent run without asking, empty for none
}

// StateFor returns what the demands come to for one device, when nobody has approved the plan yet.
func StateFor(demands []Demand, device intent.DeviceName) ApprovalState {
	var mine []event.ApprovalNeed
	var s ApprovalState
	for _, d := range demands {
		switch {
		case !slices.Contains(d.Devices, device):
		case d.Auto:
			s.Auto = withReason(fmt.Sprintf("approval policy %q (%s) lets it", d.Policy, d.Source), d.Reason)
		default:
			mine = append(mine, d.ApprovalNeed)
		}
	}
	if d := Denying(mine); d != nil {
		s.Denied = Denial(*d)
		return s
	}
	s.Missing = MissingApprovals(CountApprovals(mine, Given{}))
	return s
}

func judgeApprovalPolicy(f Facts) (Decision, bool) {
	switch a := f.Approval; {
	case a.Denied != "":
		return Decision{Verdict: Refuse, Rule: ApprovalPolicy, Reason: a.Denied}, true
	case a.Missing == "":
		return passes("no approval policy asks for an approval that is missing")
	case f.BreakGlass:
		return passes("somebody broke the glass: %s", a.Missing)
	default:
		return Decision{Verdict: Wait, Rule: ApprovalPolicy, Reason: a.Missing}, true
	}
}

func judgeApproval(f Facts) (Decision, bool) {
	switch {
	case f.Trigger == plan.ByIntent && f.Approval.Auto != "":
		return passes("%s", f.Approval.Auto)
	case f.Trigger == plan.ByIntent && !f.AutoApply:
		return Decision{Verdict: Wait, Rule: Approval, Reason: "new intent waits for approval"}, true
	case f.Trigger == plan.ByManual:
		return Decision{Verdict: Wait, Rule: Approval, Reason: "waits for approval"}, true
	case f.Trigger == plan.ByIntent:
		return passes("new intent may be applied without asking")
	}
	return passes("not new intent, and not made by hand")
}
