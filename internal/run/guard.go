package run

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Guard is what has to hold of a device before what was set on it is kept. The zero Guard asks for nothing but the reading
// back.
type Guard struct {
	Gates  bool          `json:"gates,omitempty"`  // what worked before is compared with what works after
	Settle time.Duration `json:"settle,omitempty"` // how long that may take until it passes
	Soak   time.Duration `json:"soak,omitempty"`   // how long it has to stay so
	Within time.Duration `json:"within,omitempty"` // how long a person has for confirming it; 0 where nobody is asked
}

// Takes returns the most that a device takes from the reading back to the confirmation.
func (g Guard) Takes() time.Duration {
	takes := g.Soak + g.Within
	if g.Gates || g.Soak > 0 {
		takes += 2 * g.Settle
	}
	return takes
}

// A Sight is one thing that works on a device: a session that is established, an interface that is up, a neighbour that is seen.
type Sight struct {
	Gate string `json:"gate"` // which gate looks at it
	Name string `json:"name"` // what it is, as people know it
	Is   string `json:"is"`   // how it is
}

// onward takes a state that was read back as planned to what its guard asks for next.
func onward(s State, at time.Time) State {
	s.Since = at
	switch {
	case s.Kept: // all of it was passed before
	case s.Guard.Gates && s.Step == Verify:
		s.Step = Gates
		return s
	case s.Guard.Soak > 0 && s.SoakEnds.IsZero():
		s.Step, s.SoakEnds = Soak, at.Add(s.Guard.Soak)
		return s
	case s.Guard.Within > 0 && s.AnswerBy.IsZero():
		s.Step, s.AnswerBy = Await, at.Add(s.Guard.Within)
		return s
	}
	if !s.Until.IsZero() && !s.Lapsed && !at.Before(s.Until) { // too late to confirm it: reading tells what the device made of it
		s.Step = Verify
		return s
	}
	s.Step, s.Kept = Save, true
	return s
}

// gates takes in what works by now.
func (l Limits) gates(s State, in Input) State {
	switch in := in.(type) {
	case Gone:
		s.Away = true
		s.Failing = []string{"it cannot be asked over a new connection: " + in.Err}
		if in.At.Sub(s.Since) < s.Guard.Settle {
			return s
		}
	case Gated:
		r := read(s, in.Seen)
		s.Odd = in.Odd
		switch {
		case r.planned < len(s.Writes) && !l.over(s, in.At):
			return s
		case r.planned < len(s.Writes):
			s.Lapsed = s.Lapsed || !s.Until.IsZero() && !in.At.Before(s.Until)
			return l.mismatch(s, r)
		case len(in.Failing) == 0:
			s.Failing, s.Odd = nil, nil
			return onward(s, in.At)
		}
		if s.Failing = in.Failing; in.At.Sub(s.Since) < s.Guard.Settle {
			return s
		}
	default:
		return s
	}
	s.Detail = "gates: " + list(s.Failing)
	if l.Leave && s.Until.IsZero() {
		s.Detail += "; it is left as it is"
		s.Left = planned(s)
		return end(s, Failed)
	}
	return back(s, s.Detail)
}

func soak(s State, in Input) State {
	if in, ok := in.(Elapsed); ok && !in.At.Before(s.SoakEnds) {
		s.Step, s.Since = Gates, in.At
	}
	return s
}

// await takes in a person's word, or that there was none.
func await(s State, in Input) State {
	switch in := in.(type) {
	case Confirmed:
		if in.At.Before(s.AnswerBy) {
			return onward(s, in.At)
		}
		return late(s, in.At)
	case Elapsed:
		return late(s, in.At)
	}
	return s
}

// NobodyConfirmed begins the detail of a device that was put back because no person answered for it in time.
const NobodyConfirmed = "nobody confirmed it"

// late puts back what nobody confirmed in time.
func late(s State, at time.Time) State {
	if at.Before(s.AnswerBy) {
		return s
	}
	return back(s, fmt.Sprintf(NobodyConfirmed+" within %s", s.Guard.Within))
}

// back begins to put back what was not kept yet.
func back(s State, why string) State {
	s.Step, s.Undos, s.Detail = Undo, 1, why
	return s
}

// reverts reports whether the device still takes the Set back by itself, or may be about to: then its silence is no reason to
// end, for soon it can be read again.
func (l Limits) reverts(s State, at time.Time) bool {
	return !s.Until.IsZero() && at.Before(s.Until.Add(l.Window))
}

// Manual is what is recorded of a run that a person has to confirm on each of its devices.
type Manual struct {
	Within    time.Duration       `json:"within,omitempty"`    // how long each device waits for that, 0 for a run that nobody is asked about
	Confirmed []intent.DeviceName `json:"confirmed,omitempty"` // where it is to stay
	Canceled  bool                `json:"canceled,omitempty"`  // what waits is put back; Aborted says by whom
}

// Attend returns what people have said to a device in state s, nil for nothing.
func (m Manual) Attend(device intent.DeviceName, s State, at time.Time) Input {
	if s.Step == Await && slices.Contains(m.Confirmed, device) {
		return Confirmed{At: at}
	}
	return nil
}
