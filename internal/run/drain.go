package run

import "time"

// A Drain steers traffic away from a device while it is changed. Setting it and taking it back are runs of their own within
// the device's run, by the same protocol: recorded before they are acted on, read back, and taken back after a failure.
type Drain struct {
	State State         `json:"state"`          // how its own leaves stand
	Wait  time.Duration `json:"wait,omitempty"` // how long the others have to find other ways
	Until time.Time     `json:"until,omitzero"` // when that is over; zero before it was read back
	Due   Outcome       `json:"due,omitempty"`  // how the device's run ends once it is taken back
}

// drained begins the drain of a device that was checked, before anything of the plan is sent.
func drained(s State, writes []Write, wait time.Duration, at time.Time) State {
	d := Limits{}.Next(State{}, Checked{At: at, Writes: writes})
	s.Drain, s.Step = &Drain{State: d, Wait: wait}, Draining
	return s
}

// draining takes in how the drain comes along.
func (l Limits) draining(s State, in Input) State {
	d := *s.Drain
	s.Drain = &d
	if d.State.Step != Ended {
		d.State = l.strict().Next(d.State, in)
		s.Drain.State = d.State
		if d.State.Step != Ended {
			return s
		}
	}
	switch d.State.Outcome {
	case Done:
	case Skipped, RolledBack:
		s.Detail, s.Proven, s.Left = d.State.Detail, true, d.State.Left
		return end(s, Skipped)
	default:
		s.Detail = "it could not be drained: " + d.State.Detail
		s.Proven, s.Left, s.Sent = d.State.Proven, d.State.Left, d.State.Sent
		return end(s, d.State.Outcome)
	}
	at := in.when()
	if s.Drain.Until.IsZero() {
		s.Drain.Until = at.Add(d.Wait)
	}
	switch g, given := in.(GivenUp); {
	case given:
		s.Detail, s.Proven = g.Why, true
		return end(s, Skipped)
	case !at.Before(s.Drain.Until):
		s.Step = Set
		if !s.Until.IsZero() { // the device's time for the confirmation is counted from the Set
			s.Asked, s.Until = at, at.Add(s.Until.Sub(s.Asked))
		}
	}
	return s
}

// undraining takes in how the drain goes away.
func (l Limits) undraining(s State, in Input) State {
	d := *s.Drain
	s.Drain = &d
	d.State = l.strict().Next(d.State, in)
	s.Drain.State = d.State
	if d.State.Step != Ended {
		return s
	}
	if d.State.Outcome == RolledBack {
		s.Unsaved = s.Unsaved || d.State.Unsaved
		return end(s, d.Due)
	}
	// What the plan changed stands as it is said; but as long as the drain may be there, nobody is to take the next device away.
	if s.Detail != "" {
		s.Detail += "; "
	}
	s.Detail += "it is drained still: " + d.State.Detail
	s.Left, s.Sent, s.Proven = append(s.Left, d.State.Left...), s.Sent || d.State.Sent, false
	return end(s, Failed)
}

// strict are the limits of a drain: one that does not come out as planned is put back, whatever becomes of the plan's leaves.
func (l Limits) strict() Limits {
	l.Leave = false
	return l
}

// Drained reports whether the device is drained, or may be.
func (s State) Drained() bool {
	return s.Drain != nil && (s.Drain.State.Begun() || s.Drain.State.Outcome == Done)
}

// undrained sends a device's run that would be at its end to take its drain back first.
func undrained(from, to State, at time.Time) State {
	if to.Step != Ended || from.Step == Ended || from.Step == Undraining || to.Drain == nil || to.Drain.State.Outcome != Done {
		return to
	}
	d := *to.Drain
	d.Due = to.Outcome
	d.State = Limits{}.Next(d.State, Compensated{At: at, Why: "taking it back"})
	to.Drain, to.Step, to.Outcome = &d, Undraining, ""
	return to
}

// inner is the state that says what is to be done: the device's own, or that of its drain while that is set or taken back.
func (s State) inner() State {
	if (s.Step == Draining || s.Step == Undraining) && s.Drain != nil {
		return s.Drain.State
	}
	return s
}

// heeds reports whether a drain that is being set is to hear that the run is given up.
func (d *Drain) heeds() bool {
	switch d.State.Step {
	case Set, Verify:
		return d.State.Back == ""
	case Ended:
		return true
	}
	return false
}

// Same reports whether nothing is to be recorded of going on from s to to: it waits, or reads again.
func (s State) Same(to State) bool {
	a, b := s.inner(), to.inner()
	return s.Step == to.Step && s.Step != "" && s.Back == to.Back && a.Step == b.Step && a.Back == b.Back
}
