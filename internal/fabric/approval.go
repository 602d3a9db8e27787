package fabric

import (
	"cmp"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// An Approval is one ApprovalPolicy: which plans it speaks of, and what it asks of them.
type Approval struct {
	Name     string
	Source   tree.Source
	Devices  []intent.DeviceName // sorted, never empty: plans that touch one of them
	Causes   []string            // of any cause if empty
	MinRisk  string              // of any risk if empty
	When     string              // a checked condition over intent.ApprovalVars, empty for always
	Decision string              // intent.DecideAuto, DecideApprove or DecideDeny
	// Of DecideApprove: how many people, of which groups, for how long, and who may too after which time.
	Approvals     int
	Groups        []string
	Expires       time.Duration
	EscalateAfter time.Duration
	EscalateTo    []string
	Reason        string
}

// approvals resolves the devices and the defaults of each ApprovalPolicy.
func (c *compiler) approvals() []Approval {
	var out []Approval
	for _, doc := range c.set.ApprovalPolicies {
		s := doc.Spec
		a := Approval{
			Name: doc.Name, Source: doc.Source(), Causes: s.Causes, MinRisk: s.MinRisk, When: s.When, Decision: s.Decides(), Reason: s.Reason,
		}
		if a.Decision == intent.DecideApprove {
			a.Approvals, a.Groups, a.Expires = cmp.Or(s.Approvals, 1), s.Groups, durationOf(s.Expires)
			a.EscalateAfter, a.EscalateTo = durationOf(s.EscalateAfter), s.EscalateTo
		}
		for _, d := range c.set.Select(s.Devices) {
			a.Devices = append(a.Devices, intent.DeviceName(d.Name))
		}
		out = append(out, a)
	}
	return out
}
