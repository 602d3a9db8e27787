package policy

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Step is one row of the table with what it says of the facts.
type Step struct {
	Rule    Rule    `json:"rule"`
	Doc     string  `json:"doc"`
	Verdict Verdict `json:"verdict,omitempty"` // empty where the row does not apply
	Fact    string  `json:"fact"`              // why it applies, or what it went by
	First   bool    `json:"first,omitempty"`   // the first that stops the write
	Decides bool    `json:"decides,omitempty"` // what comes of it is this row's word
}

// Walk goes through the whole table and returns what each row says, also of those that are not asked any more because one
// before them decided, and what is decided.
func Walk(f Facts) ([]Step, Decision) {
	decided := Decide(f)
	var steps []Step
	stopped := false
	for _, r := range table() {
		d, applies := r.Judge(f)
		s := Step{Rule: r.Rule, Doc: r.Doc, Fact: d.Reason}
		if applies {
			s.Verdict, s.Decides = d.Verdict, r.Rule == decided.Rule
			if s.First = d.Verdict != Run && !stopped; s.First {
				stopped = true
			}
			if d.Verdict == Run {
				stopped = true // nothing after it is asked
			}
		}
		steps = append(steps, s)
	}
	return steps, decided
}

// Next returns the command that takes a rule out of the way of writing to a device, as far as there is one; plan is the name
// of what is to be written, empty for nothing yet.
func Next(r Rule, device intent.DeviceName, plan string) string {
	approve := "tenter plan --device " + string(device)
	if plan != "" {
		approve = "tenter plan approve " + plan
	}
	switch r {
	case Frozen:
		return "tenter unfreeze"
	case Hold:
		return fmt.Sprintf("tenter device release %s", device)
	case Identity:
		return fmt.Sprintf("tenter device enroll %s --replace --reason TEXT", device)
	case Enrolment:
		return fmt.Sprintf("tenter device enroll %s", device)
	case InDeny, OutOfAllow:
		if plan == "" {
			return "wait for the next opening"
		}
		return fmt.Sprintf("wait for the next opening, or tenter apply %s --break-glass --reason TEXT", plan)
	case Requested, Enforce, Policy:
		return ""
	}
	return approve
}
