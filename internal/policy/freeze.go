package policy

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/view"
)

// A Freeze is what the store says of a freeze of the whole fabric; the zero value is none.
type Freeze = view.Freeze

func judgeFreeze(f Facts) (Decision, bool) {
	switch {
	case !f.Frozen.At(f.Now):
		return passes("the fabric is not frozen")
	case f.BreakGlass:
		return passes("the fabric is frozen, and somebody broke the glass")
	}
	return Decision{Verdict: Later, Rule: Frozen, Reason: WhyFrozen(f.Frozen), Opens: f.Frozen.Until}, true
}

// WhyFrozen says why nothing is written to the fabric, until when, and how that ends.
func WhyFrozen(f Freeze) string {
	return fmt.Sprintf("the fabric is frozen until %s by %s: %s; next: tenter unfreeze, or wait", f.Until.UTC().Format(time.RFC3339), f.By, f.Reason)
}

func judgeDeny(f Facts) (Decision, bool) {
	stop, stopped := f.Windows.Denies(f.Now, f.ByHand)
	if !stopped {
		return passesWindows(f, "no window of mode deny is open")
	}
	return judgeStop(f, InDeny, stop)
}

func judgeAllow(f Facts) (Decision, bool) {
	stop, stopped := f.Windows.Outside(f.Now, f.ByHand)
	if !stopped {
		return passesWindows(f, "no window of mode allow is closed to it")
	}
	return judgeStop(f, OutOfAllow, stop)
}

func judgeStop(f Facts, r Rule, s Stop) (Decision, bool) {
	switch {
	case f.BreakGlass:
		return passes("%s; somebody broke the glass", s.Reason)
	case f.Begun && s.Window.finishes():
		return passes("%s; a run that was begun is finished", s.Reason)
	}
	return Decision{Verdict: Later, Rule: r, Reason: s.Reason, Opens: s.Opens}, true
}

func passesWindows(f Facts, otherwise string) (Decision, bool) {
	if len(f.Windows) == 0 {
		return passes("no window concerns the device")
	}
	if f.ByHand {
		otherwise += ", to a person at least"
	}
	return passes("%s", otherwise)
}
