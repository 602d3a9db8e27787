package policy

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
)

// A Verdict is what may be done with a plan.
type Verdict string

// The verdicts.
const (
	Run    Verdict = "run"    // at once
	Wait   Verdict = "wait"   // until somebody approves it
	Later  Verdict = "later"  // by itself, as soon as it is time
	Refuse Verdict = "refuse" // not even when somebody asks for it
)

// Facts is what a decision on one device's part of a plan depends on.
type Facts struct {
	Trigger    plan.Trigger
	Device     intent.DeviceName
	Requested  bool   // a person approved the plan, or asked for this run
	Enrolled   bool   // a person has allowed writing to the device
	Mismatch   string // why it is not the device that was enrolled, empty if it is
	Now        time.Time
	Frozen     Freeze
	Windows    Windows // that concern the device
	ByHand     bool    // a person wants it to be run now, and does not only approve that it is
	Begun      bool    // the run is under way
	Late       bool    // and when it began, the time for the device was not
	BreakGlass bool    // somebody broke the glass: freeze, windows and approvals do not count
	HeldUntil  time.Time
	HeldReason string
	Approval   ApprovalState    // what the approval policies come to
	AutoApply  bool             // new intent may be applied without asking
	Mode       fabric.DriftMode // of drift: the weakest of all changes
	Looping    string           // a path that was put back too often lately, empty for none
	Changed    string           // what is another about the device since it was last as applied, empty for nothing
	Different  int              // leaves that are not as applied
	Leaves     int              // leaves that are applied
	Failures   int              // tries to put this back that failed lately
	Failed     string           // how the last of them did
	FellBack   string           // how rolling the intents out went here last, if it did not work
	Deletes    Deletion         // what the plan deletes of the device, and what it may
}

// A Rule is a row of the table of what can stop a write.
type Rule string

// The rules, in their order of precedence; Policy is what is left when none of the others applies.
const (
	Frozen    Rule = "freeze"
	Hold      Rule = "hold"
	Identity  Rule = "identity"
	Enrolment Rule = "enrolment"
	// InDeny and OutOfAllow are the windows: one that denies is open, or none of those that allow is.
	InDeny     Rule = "deny window"
	OutOfAllow Rule = "allow window"
	// ApprovalPolicy is an ApprovalPolicy of the intents; Approval what holds without one.
	ApprovalPolicy Rule = "approval policy"
	Requested      Rule = "requested"
	Approval       Rule = "approval"
	// TooManyDeletes is a deletion beyond the bound of the device's Scopes.
	TooManyDeletes Rule = "deletion bound"
	Loop           Rule = "loop"
	Failing        Rule = "failing"
	ChangedDevice  Rule = "changed device"
	MassChange     Rule = "mass change"
	Enforce        Rule = "enforce"
	Propose        Rule = "propose"
	Policy         Rule = "policy"
	Validators     Rule = "validators" // those who vote before an approval
)

// A Decision is a verdict with the rule that made it and a sentence for people.
type Decision struct {
	Verdict Verdict
	Rule    Rule
	Reason  string
	Opens   time.Time // of Later: when it is time; zero when nobody can tell
}

// Held reports whether something out of the ordinary stands against a remedy that the drift mode alone would allow: then
// people are told why, once.
func (d Decision) Held() bool {
	switch d.Rule {
	case Frozen, Hold, InDeny, OutOfAllow, Identity, Enrolment, TooManyDeletes, Loop, Failing, ChangedDevice, MassChange:
		return true
	case Requested, ApprovalPolicy, Approval, Enforce, Propose, Policy, Validators:
	}
	return false
}

// Decide walks the one table of what can stop a write, in the order of precedence. The first row that applies decides, but
// for one that says Later: it only puts off what the rows after it allow, so that what needs somebody's word is asked
// for meanwhile.
func Decide(f Facts) Decision {
	var later *Decision
	for _, r := range table() {
		d, applies := r.Judge(f)
		switch {
		case !applies:
		case d.Verdict == Later:
			if later == nil {
				later = &d
			}
		case later == nil:
			return d
		case d.Verdict == Run:
			return *later
		default:
			d.Reason += "; then it waits: " + later.Reason
			return d
		}
	}
	return Decision{Verdict: Refuse, Rule: Policy, Reason: "nothing allows it"} // the last row applies to everything
}

// Stopped reports whether nothing is to be written now, even if somebody asks for it.
func (d Decision) Stopped() bool { return d.Verdict == Refuse || d.Verdict == Later }

// NotEnrolled says that a device may only be read, and what changes that.
func NotEnrolled(device intent.DeviceName) string {
	return fmt.Sprintf("read-only: not enrolled; next: tenter device enroll %s", device)
}

// NotWanted is why nothing is done to a device that the intents do not have any more.
const NotWanted = "the intents have no such device any more"

// NotThatDevice says that a device is not the one to write to, and what to do if it is to be.
func NotThatDevice(device intent.DeviceName, why string) string {
	return fmt.Sprintf("%s; next: look at it, and if it is to be this one: tenter device enroll %s --replace --reason TEXT", why, device)
}

// MostFailures is how often within LoopWindow putting the same back may fail before somebody has to look.
const MostFailures = 3

// firstRetry is how long after the first failure putting back is tried again; each further wait is twice as long.
const firstRetry = 30 * time.Second

// RetryAfter returns how long to wait after the nth failure, counted from 1.
func RetryAfter(failures int) time.Duration {
	return firstRetry << (max(1, min(failures, MostFailures)) - 1)
}

// LoopWindow is the time in which one path may be put back loopTimes times before somebody has to look.
const (
	LoopWindow = time.Hour
	loopTimes  = 2
)

// A PutBack is one remediation: when it ended and which paths it put back.
type PutBack struct {
	At    time.Time
	Paths []string
}

// Looping returns the first of paths that was put back twice within the last hour, empty for none.
func Looping(past []PutBack, paths []string, now time.Time) string {
	times := map[string]int{}
	for _, b := range past {
		if now.Sub(b.At) > LoopWindow {
			continue
		}
		for _, p := range b.Paths {
			times[p]++
		}
	}
	for _, p := range paths {
		if times[p] >= loopTimes {
			return p
		}
	}
	return ""
}
