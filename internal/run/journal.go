package run

import "time"

// A Record is one step of a device's run: begun and recorded before it was acted on, and how it went.
type Record struct {
	Step    Step      `json:"step"`
	Begun   time.Time `json:"begun,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`    // zero while it is under way
	Next    Step      `json:"next,omitempty"`    // the step that followed; Ended with how the run ended in the state's Outcome
	Resumed int       `json:"resumed,omitempty"` // how often another process took it up
	Out     Outputs   `json:"out,omitzero"`
}

// Outputs are what a step found out, for the steps after it and for rules. Each step sets those that are its own.
type Outputs struct {
	Base    string    `json:"base,omitempty"`    // check: digest of what the device had where the plan changes it
	From    string    `json:"from,omitempty"`    // check: the intents that were applied before, as their generation
	Leaves  int       `json:"leaves,omitempty"`  // check, set, undo: leaves to change
	Until   time.Time `json:"until,omitzero"`    // check, set: when the device takes the Set back unless it is confirmed; soak, await: when that is over
	Answer  Answer    `json:"answer,omitempty"`  // set, undo
	Planned int       `json:"planned,omitempty"` // verify, prove: leaves that were read as planned
	Before  int       `json:"before,omitempty"`  // verify, prove: leaves that were read as before
	Other   int       `json:"other,omitempty"`   // verify, prove: leaves that are somebody else's by now
	Unread  int       `json:"unread,omitempty"`  // verify, prove: leaves of which nobody knows
	Saved   bool      `json:"saved,omitempty"`   // save, resave: proven to be in the startup configuration
	Failing int       `json:"failing,omitempty"` // gates: that did not pass when they were last read
}

// Took returns how long the step took, 0 while it is under way.
func (r Record) Took() time.Duration {
	if r.Ended.IsZero() {
		return 0
	}
	return max(0, r.Ended.Sub(r.Begun))
}

// Compensation returns the step that takes back what this one does; empty for a step that changes nothing on the device.
func (s Step) Compensation() Step {
	switch s {
	case Set:
		return Undo
	case Draining:
		return Undraining
	case Save:
		return Resave
	case Check, Verify, Gates, Soak, Await, Undo, Prove, Resave, Undraining, Ended:
	}
	return ""
}

// Output returns what the step came to when it was last done, the zero Outputs if it never was.
func (s State) Output(of Step) Outputs {
	for i := len(s.Journal) - 1; i >= 0; i-- {
		if s.Journal[i].Step == of {
			return s.Journal[i].Out
		}
	}
	return Outputs{}
}

// journal returns the records as they are once in has turned from into to.
func journal(from, to State, in Input) []Record {
	all := append([]Record(nil), from.Journal...)
	if len(all) > 0 && all[len(all)-1].Ended.IsZero() {
		last := &all[len(all)-1]
		last.Out = last.Out.with(from, to, in)
		if _, resumed := in.(Resumed); resumed {
			last.Resumed++
		}
		if to.Step != from.Step {
			last.Ended, last.Next = in.when(), to.Step
		}
	}
	if to.Step != from.Step && to.Step != Ended {
		all = append(all, Record{Step: to.Step, Begun: in.when()})
	}
	return all
}

// with adds what an input tells.
func (o Outputs) with(from, to State, in Input) Outputs {
	if from.Step == Draining || from.Step == Undraining {
		d := to.Drain.State
		o.Leaves, o.Answer = len(d.Writes), d.Answer
		o.Planned, o.Before = d.Output(Verify).Planned, d.Output(Prove).Before
		return o
	}
	switch in := in.(type) {
	case Checked:
		o.Base, o.From, o.Leaves, o.Until = in.Base, in.From, len(in.Writes), to.Until
	case Answered:
		o.Answer, o.Leaves = in.Answer, in.Leaves
	case Resumed:
		if from.Step == Set {
			o.Answer, o.Leaves = Orphaned, len(from.Writes)
		}
	case Seen:
		if from.Step == Verify || from.Step == Prove {
			r := read(from, in)
			o.Planned, o.Before, o.Other, o.Unread = r.planned, r.before, len(r.other), len(r.unread)
		}
	case Gated:
		o.Failing = len(in.Failing)
	case Elapsed:
		if to.Step == Soak {
			o.Until = to.SoakEnds
		} else if from.Step == Await {
			o.Until = from.AnswerBy
		}
	case Stored:
		o.Saved = in.Err == ""
	}
	return o
}
