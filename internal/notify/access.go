package notify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/event"
)

// glass tells of runs without what they needed: everybody is to know at once.
func (s *story) glass(m *Message) {
	for _, it := range s.items {
		o, ok := it.data.(event.ApprovalOverridden)
		if !ok {
			continue
		}
		m.title("%s broke the glass: a plan for %s runs without what it needs", it.event.Actor, names(o.Devices))
		sec := Section{Heading: "Plan " + o.Plan, Lines: []string{"Reason: " + o.Reason}, Commands: []string{"tenter plan show " + o.Plan}}
		if o.Missing != "" {
			sec.Lines = append(sec.Lines, "Missing: "+o.Missing)
		}
		m.section(sec)
	}
}

// escalations tell those who may approve by now that a plan has waited too long.
func (s *story) escalations(m *Message) {
	for _, it := range s.items {
		a, ok := it.data.(event.Approval)
		if !ok {
			continue
		}
		m.title("Plan for %s has waited too long for approval", names(a.Devices))
		sec := Section{Heading: "Plan " + a.Plan, Lines: []string{a.Reason}, Commands: []string{"tenter plan show " + a.Plan, "tenter plan approve " + a.Plan}}
		var to []string
		for _, n := range a.Needs {
			for _, g := range n.EscalateTo {
				if !slices.Contains(to, g) {
					to = append(to, g)
				}
			}
		}
		if len(to) > 0 {
			sec.Lines = append(sec.Lines, fmt.Sprintf("Approvals of %s count too from now on.", strings.Join(to, ", ")))
		}
		m.section(sec)
	}
}
