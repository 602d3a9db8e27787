package policy

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/plan"
)

// A row is one row of the table of what can stop a write.
type row struct {
	Rule Rule
	Doc  string // when it applies and what it does, in one line for people
	// Judge decides about the facts, in the name of the row's rule. It returns false where the row does not apply; then
	// the Decision has a Reason and nothing else: the fact that it went by, such as "not on hold".
	Judge func(Facts) (Decision, bool)
}

// table returns the rows in their order of precedence: the first that applies decides. The last one applies always. Each
// row's rule is its own.
func table() []row {
	return []row{
		{Frozen, "the fabric is frozen (tenter freeze): nothing is written until it is over", judgeFreeze},
		{Hold, "the device is on hold (tenter device hold): nothing is written to it", judgeHold},
		{Identity, "what answers is not the device that was enrolled, or that the intents name: nothing is written to it", judgeIdentity},
		{Enrolment, "nobody has enrolled the device: it is only read", judgeEnrolment},
		{InDeny, "a Window of mode deny is open: runs wait until it closes; manual: allowed lets a person's apply pass", judgeDeny},
		{OutOfAllow, "Windows of mode allow choose the device and none is open: runs wait for the next; manual: allowed lets a person's apply pass", judgeAllow},
		{ApprovalPolicy, "an ApprovalPolicy denies the plan, or asks for approvals that it does not have", judgeApprovalPolicy},
		{Requested, "somebody asked for the run, or approved the plan: it runs", judgeRequested},
		{Approval, "new intent, and plans made by hand, wait for approval unless apply.intent or an ApprovalPolicy of decision auto lets new intent go on", judgeApproval},
		{TooManyDeletes, "a plan that deletes more of the device than maxDeletes of its Scope waits, whatever the policies say", judgeDeletion},
		{Loop, "drift that was put back twice within the hour waits: somebody else keeps changing it", judgeLoop},
		{Failing, "drift that could not be put back three times within the hour waits, and so does new intent that could not be rolled out", judgeFailing},
		{ChangedDevice, "a device that restarted, or is another one in part, gets back what it lost after approval", judgeChanged},
		{MassChange, "more than a fifth of a device's leaves differ at once: putting them back waits for approval", judgeMass},
		{Propose, "drift at a path of mode propose, or a weaker one, waits for approval", judgePropose},
		{Enforce, "drift at paths of mode enforce is put back at once", judgeEnforce},
		{Policy, "whatever no other row speaks of runs", func(Facts) (Decision, bool) {
			return Decision{Verdict: Run, Rule: Policy, Reason: "may run without asking"}, true
		}},
	}
}

// passes is what a row says that does not apply.
func passes(format string, args ...any) (Decision, bool) {
	return Decision{Reason: fmt.Sprintf(format, args...)}, false
}

func judgeHold(f Facts) (Decision, bool) {
	if !f.Now.Before(f.HeldUntil) {
		return passes("not on hold")
	}
	return Decision{Verdict: Refuse, Rule: Hold, Reason: fmt.Sprintf("held until %s: %s", f.HeldUntil.UTC().Format(time.RFC3339), f.HeldReason)}, true
}

func judgeIdentity(f Facts) (Decision, bool) {
	if f.Mismatch == "" {
		return passes("nothing shows that it is another device")
	}
	return Decision{Verdict: Refuse, Rule: Identity, Reason: NotThatDevice(f.Device, f.Mismatch)}, true
}

func judgeEnrolment(f Facts) (Decision, bool) {
	if f.Enrolled {
		return passes("enrolled")
	}
	return Decision{Verdict: Refuse, Rule: Enrolment, Reason: NotEnrolled(f.Device)}, true
}

func judgeRequested(f Facts) (Decision, bool) {
	if !f.Requested {
		return passes("nobody asked for it")
	}
	return Decision{Verdict: Run, Rule: Requested, Reason: "asked for"}, true
}

func judgeLoop(f Facts) (Decision, bool) {
	if f.Trigger != plan.ByDrift || f.Looping == "" {
		return passes("no path was put back twice within the hour")
	}
	return Decision{Verdict: Wait, Rule: Loop, Reason: f.Looping + " was put back twice within the hour: somebody else keeps changing it"}, true
}

func judgeFailing(f Facts) (Decision, bool) {
	if f.Trigger == plan.ByIntent && f.FellBack != "" {
		return Decision{Verdict: Wait, Rule: Failing, Reason: "rolling it out did not work: " + f.FellBack}, true
	}
	if f.Trigger != plan.ByDrift || f.Failures < MostFailures {
		return passes("putting it back failed %d times within the hour", f.Failures)
	}
	return Decision{Verdict: Wait, Rule: Failing, Reason: fmt.Sprintf("putting it back failed %d times within the hour, at last: %s", f.Failures, f.Failed)}, true
}

// unattended reports whether the plan would put back what was lost without anybody's word.
func unattended(f Facts) bool { return f.Trigger == plan.ByDrift || f.Trigger == plan.BySchedule }

func judgeChanged(f Facts) (Decision, bool) {
	if !unattended(f) || f.Changed == "" {
		return passes("the device is as it was when it was last as applied")
	}
	return Decision{Verdict: Wait, Rule: ChangedDevice, Reason: f.Changed + ": what it lost is put back after approval"}, true
}

// mostDifferent is the share of a device's leaves that may drift at once and still be put back without asking. More
// than that is another configuration, another device or a mistake of ours, and looks like none of the small repairs
// that people agreed to.
const mostDifferent = 0.2

// fewLeaves is how many different leaves are never too many, whatever their share: a device with ten leaves may
// lose three.
const fewLeaves = 10

func judgeMass(f Facts) (Decision, bool) {
	if !unattended(f) || f.Different <= fewLeaves || float64(f.Different) <= mostDifferent*float64(f.Leaves) {
		return passes("%d of %d leaves differ", f.Different, f.Leaves)
	}
	return Decision{Verdict: Wait, Rule: MassChange, Reason: fmt.Sprintf("%d of %d leaves differ at once", f.Different, f.Leaves)}, true
}

func judgePropose(f Facts) (Decision, bool) {
	switch {
	case f.Trigger != plan.ByDrift:
		return passes("no drift")
	case f.Mode == fabric.DriftEnforce:
		return passes("the drift policy says enforce")
	}
	return Decision{Verdict: Wait, Rule: Propose, Reason: "drift here is put back after approval"}, true
}

func judgeEnforce(f Facts) (Decision, bool) {
	if f.Trigger != plan.ByDrift {
		return passes("no drift")
	}
	return Decision{Verdict: Run, Rule: Enforce, Reason: "drift here is put back at once"}, true
}
