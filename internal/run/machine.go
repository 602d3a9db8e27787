package run

import (
	"fmt"
	"strings"
	"time"
)

// Limits bound a device's run. The zero Limits read back once and try everything once.
type Limits struct {
	Window time.Duration // how long a device may take until reading shows what was set
	Sets   int           // how often a Set is sent whose earlier sending is shown to have done nothing
	Undos  int           // how often putting back is tried
	Leave  bool          // what failed is left as it is, except where the device itself takes it back
}

// Next returns the state after in. It is total: an input that the state does not expect leaves it as it is, since
// repeating the state's action is always safe.
func (l Limits) Next(s State, in Input) State {
	to := undrained(s, l.after(s, in), in.when())
	to.Detail, to.Said = clip(to.Detail), clip(to.Said)
	to.Journal = journal(s, to, in)
	return to
}

// clip bounds what is told of a device's words: a run tells of all its devices in one event.
func clip(text string) string {
	const most = 1000 // bytes
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func (l Limits) after(s State, in Input) State {
	if s.Step == "" {
		s.Step = Check
	}
	switch s.Step {
	case Draining:
		return l.draining(s, in)
	case Undraining:
		return l.undraining(s, in)
	}
	switch in := in.(type) {
	case Resumed:
		return resume(s, in.At)
	case GivenUp:
		return giveUp(s, in.Why)
	case Withheld:
		return withhold(s)
	case Compensated:
		return compensate(s, in.Why)
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
	case Gates:
		return l.gates(s, in)
	case Soak:
		return soak(s, in)
	case Await:
		return await(s, in)
	case Save:
		return saved(s, in)
	case Undo:
		if b, ok := in.(Barred); ok && s.Kept {
			s.Left, s.Detail = planned(s), s.Detail+"; not put back: "+b.Reason
			return end(s, Failed)
		}
		return answered(s, in, Prove)
	case Prove:
		return l.prove(s, in)
	case Resave:
		if st, ok := in.(Stored); ok {
			if st.Err != "" {
				s.Unsaved, s.Detail = true, s.Detail+"; the startup configuration still has the change: "+st.Err
			}
			return end(s, RolledBack)
		}
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
	case Verify, Gates, Prove:
		s.Since = at
	case Soak, Await: // their ends are recorded
	case Check, Save, Resave, Ended:
	}
	return s
}

// giveUp makes of a state that nothing was sent in the end of the device's run, and of one that waits for the planned Set
// to show one that puts it back then. Whatever is being put back already goes on, and so does what is done.
func giveUp(s State, why string) State {
	switch s.Step {
	case Check:
		s.Detail = why
		return end(s, Skipped)
	case Set:
		if s.Sets == 1 {
			s.Detail, s.Proven = why, true
			return end(s, Skipped)
		}
		s.Back = why
	case Verify:
		s.Back = why
	case Gates, Soak, Await:
		s.Back = why
		return back(s, why)
	case Save, Undo, Prove, Resave, Ended:
	}
	return s
}

// withhold makes a Set that was not sent one that is to be checked for once more.
func withhold(s State) State {
	if s.Step == Set {
		s.Step, s.Writes, s.Sets, s.Until, s.Answer, s.Said = Check, nil, 0, time.Time{}, "", ""
		s.Guard, s.Sights = Guard{}, nil
	}
	return s
}

// compensate begins to put back what was done.
func compensate(s State, why string) State {
	if s.Step != Ended || s.Outcome != Done || len(s.Writes) == 0 {
		return s
	}
	s.Step, s.Outcome, s.Back, s.Detail, s.Unsaved = Undo, "", why, why, false
	s.Undos, s.Kept = 1, true
	return s
}

// saved takes in how saving went.
func saved(s State, in Input) State {
	switch in := in.(type) {
	case Unconfirmed:
		s.Lapsed = true
		if in.Unsure { // soon the device has what it will have, for good
			s.Step, s.Since = Verify, in.At
			return s
		}
		s.Step, s.Undos, s.Detail = Undo, 1, "not confirmed: "+in.Err
	case Stored:
		if in.Err != "" {
			s.Unsaved, s.Detail = true, "not saved to the startup configuration: "+in.Err
		}
		return end(s, Done)
	}
	return s
}

// planned are the paths of all writes.
func planned(s State) []string {
	var all []string
	for _, w := range s.Writes {
		all = append(all, w.Path)
	}
	return all
}

func check(s State, in Input) State {
	switch in := in.(type) {
	case Checked:
		s.Writes = in.Writes
		if len(s.Writes) == 0 {
			return end(s, Done)
		}
		s.Step, s.Sets = Set, 1
		s.Guard, s.Sights = in.Guard, in.Sights
		if in.Rollback > 0 {
			s.Asked, s.Until = in.At, in.At.Add(in.Rollback)
		}
		if len(in.Drain) > 0 {
			return drained(s, in.Drain, in.Wait, in.At)
		}
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
