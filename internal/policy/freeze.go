package policy

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
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
	return Decision{Verdict: Later, Rule: Frozen, Reason: whyFrozen(f.Frozen), Opens: f.Frozen.Until}, true
}

// whyFrozen says why nothing is written to the fabric, until when, and how that ends.
func whyFrozen(f Freeze) string {
	return fmt.Sprintf("the fabric is frozen until %s by %s: %s; next: tenter unfreeze, or wait", f.Until.UTC().Format(time.RFC3339), f.By, f.Reason)
}

func judgeDeny(f Facts) (Decision, bool) {
	stop, stopped := f.Windows.denies(f.Now, f.ByHand)
	if !stopped {
		return passesWindows(f, "no window of mode deny is open")
	}
	return judgeStop(f, InDeny, stop)
}

func judgeAllow(f Facts) (Decision, bool) {
	stop, stopped := f.Windows.outside(f.Now, f.ByHand)
	if !stopped {
		return passesWindows(f, "no window of mode allow is closed to it")
	}
	return judgeStop(f, OutOfAllow, stop)
}

func judgeStop(f Facts, r Rule, s objection) (Decision, bool) {
	switch {
	case f.BreakGlass:
		return passes("%s; somebody broke the glass", s.Reason)
	case f.Begun && !f.Late && s.Window.Overtaken == fabric.OvertakenFinish:
		return passes("%s; a run that was begun is finished", s.Reason)
	}
	return Decision{Verdict: Later, Rule: r, Reason: s.Reason, Opens: s.Opens}, true
}

// An Overtaking is what becomes of a run that a freeze or a window stops before it has begun with a device.
type Overtaking struct {
	What   fabric.Overtaken
	By     string // the freeze, or the window
	Reason string
}

// Overtakes reports whether a freeze or a window stops a run that is under way on a device that it has not begun with. A
// freeze pauses it. A window that was closed to the device all along does too, unless a person wanted the run at that time:
// then the device is left out.
func Overtakes(f Facts) (Overtaking, bool) {
	d := Decide(f)
	if d.Verdict != Later {
		return Overtaking{}, false
	}
	stop, denied := f.Windows.denies(f.Now, f.ByHand)
	if !denied {
		stop, _ = f.Windows.outside(f.Now, f.ByHand)
	}
	o := Overtaking{What: fabric.OvertakenPause, By: "window " + stop.Window.Name, Reason: d.Reason}
	switch {
	case d.Rule == Frozen:
		o.By = "freeze"
	case !f.Late:
		o.What = stop.Window.Overtaken
	case f.ByHand:
		o.What = fabric.OvertakenStop
	}
	return o, true
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
