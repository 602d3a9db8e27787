package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/condition"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
)

// Approvals are the ApprovalPolicies of one generation of the intents. The zero value has none.
type Approvals struct{ rules []approvalRule }

type approvalRule struct {
	fabric.Approval
	when *condition.Condition // nil for always
}

// NewApprovals reads the policies of a fabric. It fails for a condition that the loader would refuse.
func NewApprovals(f *fabric.Fabric) (Approvals, error) {
	var out Approvals
	for _, a := range f.Approvals {
		r := approvalRule{Approval: a}
		if a.When != "" {
			var err error
			if r.when, err = condition.Compile(a.When, intent.ApprovalVars()); err != nil {
				return Approvals{}, fmt.Errorf("approval policy %q: %w", a.Name, err)
			}
		}
		out.rules = append(out.rules, r)
	}
	return out, nil
}

// LetRun reports whether one of the policies lets plans run without asking.
func (as Approvals) LetRun() bool {
	return slices.ContainsFunc(as.rules, func(r approvalRule) bool { return r.Decision == intent.DecideAuto })
}

// A Demand is what one policy says of a plan.
type Demand struct {
	event.ApprovalNeed
	Auto    bool                // it runs without asking, as far as this policy goes
	Devices []intent.DeviceName // the policy's
}

// A Subject is a plan that somebody wants to be run. Requester made it by hand; Author wrote the commit of the intents.
type Subject struct {
	Plan      plan.Plan
	Fabric    *fabric.Fabric
	Requester string
	Author    string
}

// Demands returns what the policies that match a plan say of it, in the order of their names. One whose condition cannot be
// evaluated matches if it asks for something, and does not if it would let the plan run.
func (as Approvals) Demands(s Subject) []Demand {
	if len(as.rules) == 0 || s.Plan.Changes() == 0 { // what is there already needs nobody's word
		return nil
	}
	var out []Demand
	touched := touchedDevices(s.Plan)
	values := valuesOf(s, touched)
	for _, r := range as.rules {
		if !r.speaksOf(s.Plan, touched) {
			continue
		}
		d := Demand{Auto: r.Decision == intent.DecideAuto, Devices: r.Devices, ApprovalNeed: event.ApprovalNeed{
			Policy: r.Name, Source: fmt.Sprintf("%s:%d", r.Source.File, r.Source.Line), Deny: r.Decision == intent.DecideDeny, Approvals: r.Approvals,
			Groups: r.Groups, ExpiresAfter: r.Expires, EscalateAfter: r.EscalateAfter, EscalateTo: r.EscalateTo, Reason: r.Reason,
		}}
		if r.when != nil {
			holds, err := r.when.Holds(values)
			switch {
			case err != nil && d.Auto, err == nil && !holds:
				continue
			case err != nil:
				d.Reason = strings.TrimPrefix(d.Reason+"; "+err.Error(), "; ")
			}
		}
		out = append(out, d)
	}
	return out
}

// speaksOf reports whether the policy is about such a plan, but for its condition.
func (r approvalRule) speaksOf(p plan.Plan, touched []intent.DeviceName) bool {
	if len(r.Causes) > 0 && !slices.Contains(r.Causes, string(p.Cause.Trigger)) {
		return false
	}
	if r.MinRisk != "" && p.Risk < riskNamed(r.MinRisk) {
		return false
	}
	return slices.ContainsFunc(touched, func(n intent.DeviceName) bool { return slices.Contains(r.Devices, n) })
}

func riskNamed(name string) plan.Risk {
	for _, r := range []plan.Risk{plan.Low, plan.Medium} {
		if r.String() == name {
			return r
		}
	}
	return plan.High
}

func touchedDevices(p plan.Plan) []intent.DeviceName {
	var names []intent.DeviceName
	for _, d := range p.Devices {
		if !d.Idle() {
			names = append(names, d.Device)
		}
	}
	return names
}

// valuesOf gives each of intent.ApprovalVars its value.
func valuesOf(s Subject, touched []intent.DeviceName) map[string]any {
	var names, roles, labels, reasons, kinds []string
	add := func(list *[]string, text string) {
		if text != "" && !slices.Contains(*list, text) {
			*list = append(*list, text)
		}
	}
	all := 0
	if s.Fabric != nil {
		all = len(s.Fabric.Devices)
		for _, d := range s.Fabric.Devices {
			if !slices.Contains(touched, d.Name) {
				continue
			}
			add(&roles, d.Role)
			for k, v := range d.Labels {
				add(&labels, k+"="+v)
			}
		}
	}
	drift := 0
	for _, d := range s.Plan.Devices {
		for _, ch := range d.Changes {
			if ch.Cause == plan.ByDrift {
				drift++
			}
			if ch.Source != nil {
				add(&kinds, ch.Source.Kind)
			}
		}
	}
	for _, n := range touched {
		names = append(names, string(n))
	}
	for _, r := range s.Plan.Reasons {
		add(&reasons, r.Text)
	}
	for _, list := range [][]string{roles, labels, kinds} {
		slices.Sort(list)
	}
	counts := s.Plan.Counts()
	return map[string]any{
		"cause": string(s.Plan.Cause.Trigger), "risk": s.Plan.Risk.String(), "score": int64(s.Plan.Score), "reasons": reasons,
		"devices": int64(len(touched)), "names": names, "roles": roles, "labels": labels, "share": float64(len(touched)) / float64(max(all, len(touched), 1)),
		"adds": int64(counts.Add), "changes": int64(counts.Change), "deletes": int64(counts.Delete), "drift": int64(drift), "kinds": kinds,
		"requester": s.Requester, "author": s.Author,
	}
}

// Needs returns what has to be met before the plan may run, nothing where no policy asks for anything.
func Needs(demands []Demand) []event.ApprovalNeed {
	var out []event.ApprovalNeed
	for _, d := range demands {
		if !d.Auto {
			out = append(out, d.ApprovalNeed)
		}
	}
	return out
}
