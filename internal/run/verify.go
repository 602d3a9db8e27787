package run

import (
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/schema"
)

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
		s.Away = true
		if l.over(s, in.At) && !l.reverts(s, in.At) {
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
			if s.Back != "" {
				s.Step, s.Undos, s.Detail = Undo, 1, s.Back
				return s
			}
			if !s.Until.IsZero() && (s.Lapsed || !in.At.Before(s.Until)) {
				if in.At.Before(s.Until.Add(l.Window)) { // the device may be about to take it back by itself
					return s
				}
				s.Lapsed = true // and did not
			}
			if s.Answer == Rejected {
				s.Detail = "the device applied it although it answered: " + s.Said
			}
			return onward(s, in.At)
		// It may have been cut off by the very change: it is not to happen again.
		case untouched && s.Away && s.Answer != Orphaned && !s.Until.IsZero() && !in.At.Before(s.Until):
			s.Lapsed = true
		// The device shows nothing of the Set. Should it still be under way, the same Set again does no harm.
		case untouched && s.Back == "" && !s.Lapsed && s.Sets < l.Sets && (s.Answer == Orphaned || s.Answer == Lost && l.over(s, in.At)):
			if !s.Until.IsZero() {
				s.Asked, s.Until = in.At, in.At.Add(s.Until.Sub(s.Asked))
			}
			s.Step, s.Sets, s.Away = Set, s.Sets+1, false
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
	case s.Lapsed && s.Away:
		s.Detail = "the device could not be reached after the change; it was not confirmed in time, and the device took it back by itself"
	case s.Lapsed:
		s.Detail = "it was not confirmed in time, and the device took it back by itself"
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
	switch {
	case s.Back != "" && r.planned == 0 && len(r.unread) == 0: // it was not to stay anyhow
		s.Detail = s.Back
		s.Proven, s.Left = true, r.left()
		return end(s, Skipped)
	case r.planned > 0 && l.Leave && s.Until.IsZero():
		s.Detail += "; it is left as it is"
		s.Left = append(r.still, r.left()...)
		return end(s, Failed)
	case r.planned > 0:
		s.Step, s.Undos = Undo, 1
		return s
	}
	s.Proven, s.Left = len(r.unread) == 0, r.left()
	return end(s, Failed)
}

func (l Limits) prove(s State, in Input) State {
	switch in := in.(type) {
	case Gone:
		if l.over(s, in.At) && !l.reverts(s, in.At) {
			s.Sent = true
			s.Detail += "; putting it back could not be proven: " + in.Err
			return end(s, Failed)
		}
	case Seen:
		r := read(s, in)
		switch {
		case r.planned == 0 && len(r.unread) == 0:
			s.Proven, s.Undone, s.Left = true, true, r.other
			switch {
			case s.Back == "":
				return end(s, Failed)
			case s.Kept:
				s.Step = Resave
				return s
			}
			return end(s, RolledBack)
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
