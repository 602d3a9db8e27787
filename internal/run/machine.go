package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/schema"
)

// Limits bound a device's run. The zero Limits read back once and try everything once.
type Limits struct {
	Window time.Duration // how long a device may take until reading shows what was set
	Sets   int           // how often a Set is sent whose earlier sending is shown to have done nothing
	Undos  int           // how often putting back is tried
}

// An Input is what happened: the answer to a state's action, or Resumed.
type Input interface{ input() }

// Checked says that the device is as the plan expects. Writes is what the Set will change; none means that there
// is only bookkeeping to do.
type Checked struct{ Writes []Write }

// Moved says that the device changed since the plan was computed, and where.
type Moved struct{ Paths []string }

// Barred says that Tenter may not write to the device: a hold, another identity, an intent that is gone.
type Barred struct{ Reason string }

// Gone says that the device could not be asked.
type Gone struct {
	At  time.Time
	Err string
}

// Answered is the answer to a Set, planned or undoing.
type Answered struct {
	At     time.Time
	Answer Answer
	Said   string // why, unless accepted
}

// Seen is a reading of the device: Values holds the value of each of the state's Writes, in their order. Unread says of
// which of them the device sent something that could not be read; nil stands for none.
type Seen struct {
	At     time.Time
	Values []schema.Value
	Unread []bool
	Odd    []string // for people: the leaves that are not as planned, and what they are instead
}

// Stored says whether saving to the startup configuration was proven; Err is empty when it was, or when the
// device has none.
type Stored struct{ Err string }

// Resumed says that another process recorded the state and is gone; how far it got is not known.
type Resumed struct{ At time.Time }

func (Checked) input()  {}
func (Moved) input()    {}
func (Barred) input()   {}
func (Gone) input()     {}
func (Answered) input() {}
func (Seen) input()     {}
func (Stored) input()   {}
func (Resumed) input()  {}

// Next returns the state after in. It is total: an input that the state does not expect leaves it as it is, since
// repeating the state's action is always safe.
func (l Limits) Next(s State, in Input) State {
	if s.Step == "" {
		s.Step = Check
	}
	if r, ok := in.(Resumed); ok {
		return resume(s, r.At)
	}
	switch s.Step {
	case Check:
		return check(s, in)
	case Set:
		// Nothing of it is on the device: it was not sent, or reading showed that it had no effect.
		if b, ok := in.(Barred); ok {
			s.Detail = b.Reason
			return end(s, Refused)
		}
		return answered(s, in, Verify)
	case Verify:
		return l.verify(s, in)
	case Save:
		if st, ok := in.(Stored); ok {
			if st.Err != "" {
				s.Unsaved = true
				s.Detail = "not saved to the startup configuration: " + st.Err
			}
			return end(s, Done)
		}
	case Undo:
		return answered(s, in, Prove)
	case Prove:
		return l.prove(s, in)
	case Ended:
	}
	return s
}

// resume turns a state whose action may or may not have been done into one that finds out.
func resume(s State, at time.Time) State {
	switch s.Step {
	case Set:
		s.Step, s.Since, s.Answer, s.Said = Verify, at, Orphaned, ""
	case Undo:
		s.Step, s.Since = Prove, at
	case Verify, Prove:
		s.Since = at
	case Check, Save, Ended:
	}
	return s
}

func check(s State, in Input) State {
	switch in := in.(type) {
	case Checked:
		s.Writes = in.Writes
		if len(s.Writes) == 0 {
			return end(s, Done)
		}
		s.Step, s.Sets = Set, 1
	case Moved:
		s.Left = in.Paths
		s.Detail = "the device changed since the plan was made: " + list(in.Paths)
		return end(s, Stale)
	case Barred:
		s.Detail = in.Reason
		return end(s, Refused)
	case Gone:
		s.Detail = in.Err
		return end(s, Unreachable)
	}
	return s
}

func answered(s State, in Input, next Step) State {
	a, ok := in.(Answered)
	if !ok {
		return s
	}
	if s.Step == Set && s.Sets == 1 && a.Answer == Unsent {
		s.Detail = a.Said
		return end(s, Unreachable)
	}
	if s.Step == Set {
		s.Answer, s.Said = a.Answer, a.Said
	}
	s.Step, s.Since = next, a.At
	return s
}

// A reading sorts the writes by whose value the device has.
type reading struct {
	planned, before int
	other           []string // neither: somebody else's
	still           []string // as planned
	unread          []string // not known
}

func read(s State, in Seen) reading {
	var r reading
	for i, w := range s.Writes {
		var v schema.Value
		if i < len(in.Values) {
			v = in.Values[i]
		}
		switch {
		case v == "" && i < len(in.Unread) && in.Unread[i]:
			r.unread = append(r.unread, w.Path)
		case v == w.After:
			r.planned++
			r.still = append(r.still, w.Path)
		case v == w.Before:
			r.before++
		default:
			r.other = append(r.other, w.Path)
		}
	}
	return r
}

// left are the writes that are neither as before nor known to be put back.
func (r reading) left() []string { return slices.Concat(r.unread, r.other) }

func (l Limits) verify(s State, in Input) State {
	switch in := in.(type) {
	case Gone:
		if l.over(s, in.At) {
			s.Sent, s.Detail = true, fmt.Sprintf("the Set was sent (%s); the device could not be read since: %s", s.Answer, in.Err)
			return end(s, Unreachable)
		}
	case Seen:
		r := read(s, in)
		untouched := r.before == len(s.Writes)
		s.Odd = in.Odd
		switch {
		case r.planned == len(s.Writes):
			s.Odd = nil
			s.Step = Save
			if s.Answer == Rejected {
				s.Detail = "the device applied it although it answered: " + s.Said
			}
			return s
		// The device shows nothing of the Set. Should it still be under way, the same Set again does no harm.
		case untouched && s.Sets < l.Sets && (s.Answer == Orphaned || s.Answer == Lost && l.over(s, in.At)):
			s.Step, s.Sets = Set, s.Sets+1
			return s
		case untouched && s.Answer == Rejected:
		case !l.over(s, in.At):
			return s
		}
		return l.mismatch(s, r)
	}
	return s
}

// mismatch decides what to do about a reading that is not as planned.
func (l Limits) mismatch(s State, r reading) State {
	switch {
	case s.Answer == Rejected:
		s.Detail = "the device refused: " + s.Said
	case r.before == len(s.Writes) && s.Answer == Accepted:
		s.Detail = "the device answered OK and did not apply it"
	case r.before == len(s.Writes) && (s.Answer == Lost || s.Answer == Unsent):
		s.Detail = "no answer to the Set, and it was not applied: " + s.Said
	default:
		s.Detail = fmt.Sprintf("read back %d of %d leaves as planned", r.planned, len(s.Writes))
		if len(s.Odd) > 0 {
			s.Detail += ": " + some(s.Odd, len(s.Writes)-r.planned)
		}
	}
	if r.planned > 0 {
		s.Step, s.Undos = Undo, 1
		return s
	}
	s.Proven, s.Left = len(r.unread) == 0, r.left()
	return end(s, Failed)
}

func (l Limits) prove(s State, in Input) State {
	switch in := in.(type) {
	case Gone:
		if l.over(s, in.At) {
			s.Sent = true
			s.Detail += "; putting it back could not be proven: " + in.Err
			return end(s, Failed)
		}
	case Seen:
		r := read(s, in)
		switch {
		case r.planned == 0 && len(r.unread) == 0:
			s.Proven, s.Undone, s.Left = true, true, r.other
			return end(s, Failed)
		case !l.over(s, in.At):
		case s.Undos < l.Undos && r.planned > 0:
			s.Step, s.Undos = Undo, s.Undos+1
		default:
			s.Undone, s.Left = r.before > 0, append(r.still, r.left()...)
			s.Detail += fmt.Sprintf("; not put back: %s", list(append(r.still, r.unread...)))
			return end(s, Failed)
		}
	}
	return s
}

func (l Limits) over(s State, at time.Time) bool { return at.Sub(s.Since) >= l.Window }

func end(s State, o Outcome) State {
	s.Step, s.Outcome = Ended, o
	return s
}

// list names the first few of many paths.
func list(paths []string) string { return some(paths, len(paths)) }

// some names the first few of many things, of which not all need be given.
func some(given []string, all int) string {
	const most = 3
	given = given[:min(len(given), most)]
	text := strings.Join(given, ", ")
	if more := all - len(given); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
