package run

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tenter-net/tenter/internal/schema"
)

// A Step is where a device's run is.
type Step string

// The steps, in the order of a run that goes well; Undo, Prove and Resave come in when it does not, or when a device that
// was done is put back.
const (
	Check      Step = "check"   // compare the device with what the plan was computed against
	Draining   Step = "drain"   // steer traffic away, read that back, and wait until it flows elsewhere
	Set        Step = "set"     // ownership and write-set are recorded; send the one Set
	Verify     Step = "verify"  // read back until everything is as planned, or the window is over
	Gates      Step = "gates"   // compare what works with what worked before, over a new connection, until it does or the guard's time for that is over
	Soak       Step = "soak"    // wait until what the change broke must have shown; Gates comes again after it
	Await      Step = "await"   // wait until a person confirms, or the time for that is over
	Save       Step = "save"    // verified and recorded as applied; confirm, and save to the startup configuration
	Undo       Step = "undo"    // put back what is still ours
	Prove      Step = "prove"   // read back until nothing of ours is left, or the window is over
	Resave     Step = "resave"  // proven to be put back after it was saved; save that
	Undraining Step = "undrain" // take the drain back, and prove that
	Ended      Step = "ended"
)

// An Outcome is how a device's run ended.
type Outcome string

// The outcomes.
const (
	Done        Outcome = "done"        // everything was read back as planned
	Failed      Outcome = "failed"      // it was not; what was ours is put back as far as Left and Proven say
	Stale       Outcome = "stale"       // the device moved since the plan was computed; nothing was sent
	Refused     Outcome = "refused"     // Tenter may not write to the device; nothing was sent
	Unreachable Outcome = "unreachable" // the device could not be asked; with Sent, what it has is unknown
	Skipped     Outcome = "skipped"     // nothing of it is on the device, since the run was not to go on
	RolledBack  Outcome = "rolled-back" // the Set went well and was put back, as reading proved; Left is what somebody else has changed meanwhile
)

// A State is what is recorded of one device's run. The zero State is a run that has not started.
type State struct {
	Step    Step      `json:"step"`
	Writes  []Write   `json:"writes,omitempty"` // what the Set changes, leaf by leaf, in canonical path order
	Sets    int       `json:"sets,omitempty"`   // Sets that were, or may have been, sent
	Undos   int       `json:"undos,omitempty"`
	Since   time.Time `json:"since,omitzero"`   // when the reading began that the window bounds
	Answer  Answer    `json:"answer,omitempty"` // to the last Set
	Said    string    `json:"said,omitempty"`   // the device's own words
	Outcome Outcome   `json:"outcome,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Sent    bool      `json:"sent,omitempty"`    // of an ended run: a Set may be on the device, unread
	Undone  bool      `json:"undone,omitempty"`  // of an ended run: something was put back
	Proven  bool      `json:"proven,omitempty"`  // of a failed run: reading showed that nothing of ours is left
	Odd     []string  `json:"odd,omitempty"`     // for people: what was read back otherwise than planned, when it was not put back yet
	Left    []string  `json:"left,omitempty"`    // paths that are neither as before nor as planned, or still as planned after a failure
	Unsaved bool      `json:"unsaved,omitempty"` // as the outcome says, but not in the startup configuration
	Until   time.Time `json:"until,omitzero"`    // when the device takes the Set back by itself unless it is confirmed; zero for never
	Asked   time.Time `json:"asked,omitzero"`    // when Until was counted from
	Lapsed  bool      `json:"lapsed,omitempty"`  // it was not confirmed in time, and is not to be any more
	Place   int       `json:"place,omitempty"`   // which of the run's devices this was to be proven as planned, from 1
	Back    string    `json:"back,omitempty"`    // why what went well is not to stay
	Kept    bool      `json:"kept,omitempty"`    // it was recorded as applied
	Journal []Record  `json:"journal,omitempty"` // the steps so far, in their order

	Drain    *Drain    `json:"drain,omitempty"`    // nil for a device that is not drained
	Guard    Guard     `json:"guard,omitzero"`     // what has to hold before it is kept
	Sights   []Sight   `json:"sights,omitempty"`   // what worked before the Set
	Failing  []string  `json:"failing,omitempty"`  // for people: the gates that did not pass when they were last read
	SoakEnds time.Time `json:"soak_ends,omitzero"` // zero before the soak
	AnswerBy time.Time `json:"answer_by,omitzero"` // when it is put back unless a person has confirmed it; zero before that is asked
	Away     bool      `json:"away,omitempty"`     // it could not be read for a while after the Set
}

// A Write is one leaf that a run changes. An absent value is empty; a secret's is its digest.
type Write struct {
	Path          string
	Before, After schema.Value
	Owned         bool // it was Tenter's before this run: an earlier one set out to write it
	// Had is what was recorded as applied before this run, empty for nothing: what a compensation makes applied again.
	Had schema.Value
}

// An Answer is what came back from a Set. It decides what to expect, never what is true.
type Answer string

// The answers.
const (
	Accepted Answer = "accepted" // the device said that it applied it
	Rejected Answer = "rejected" // the device said that it applied nothing
	Lost     Answer = "lost"     // no answer: the deadline passed, or the connection broke
	Orphaned Answer = "orphaned" // the process ended that was about to send it or waited for the answer
	Unsent   Answer = "unsent"   // there was no connection to send it on
)

// An Action is what is to be done in a state. Each has its own kinds of Input for how it went.
type Action int

// The actions.
const (
	DoNothing Action = iota
	DoCheck          // answered by Checked, Moved, Barred or Gone
	DoSet            // answered by Answered or Barred
	DoRead           // answered by Seen or Gone
	DoSave           // answered by Stored or Unconfirmed
	DoUndo           // answered by Answered or Barred
	DoGates          // answered by Gated or Gone
	DoWait           // answered by Elapsed, and by Confirmed where a person is waited for
)

// Action returns what is to be done in s, once s is recorded.
func (s State) Action() Action {
	switch s := s.inner(); s.Step {
	case "", Check:
		return DoCheck
	case Set:
		return DoSet
	case Verify, Prove:
		return DoRead
	case Save, Resave:
		return DoSave
	case Undo:
		return DoUndo
	case Gates:
		return DoGates
	case Soak, Await:
		return DoWait
	case Draining, Undraining, Ended:
	}
	if s.Step == Draining {
		return DoWait
	}
	return DoNothing
}

// InFlight reports whether the write-set may be on the device without having been verified or put back.
func (s State) InFlight() bool {
	switch s.Step {
	case Draining, Set, Verify, Gates, Soak, Await, Undo, Prove, Undraining:
		return true
	case Ended:
		return s.Sent
	case Check, Save, Resave:
	}
	return false
}

// Begun reports whether something may have been sent, so that the device's run has to be brought to an end.
func (s State) Begun() bool { return s.Step != "" && s.Step != Check && s.Step != Ended }

type writeJSON struct {
	Path   string `json:"path"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	Owned  bool   `json:"owned,omitempty"`
	Had    string `json:"had,omitempty"`
}

// Same reports whether both change the same leaf in the same way.
func (w Write) Same(x Write) bool {
	return w.Path == x.Path && w.Before == x.Before && w.After == x.After
}

// binaryMark starts a value that is not text. No kind of schema.Value begins like it.
const binaryMark = "="

func encode(v schema.Value) string {
	if utf8.ValidString(string(v)) {
		return string(v)
	}
	return binaryMark + base64.StdEncoding.EncodeToString([]byte(v))
}

func decode(s string) (schema.Value, error) {
	text, binary := strings.CutPrefix(s, binaryMark)
	if !binary {
		return schema.Value(s), nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	return schema.Value(b), err
}

// MarshalJSON keeps every byte of the values, also of those that are not text.
func (w Write) MarshalJSON() ([]byte, error) {
	return json.Marshal(writeJSON{w.Path, encode(w.Before), encode(w.After), w.Owned, encode(w.Had)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (w *Write) UnmarshalJSON(b []byte) error {
	var j writeJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	before, err := decode(j.Before)
	if err != nil {
		return fmt.Errorf("write of %s: before: %w", j.Path, err)
	}
	after, err := decode(j.After)
	if err != nil {
		return fmt.Errorf("write of %s: after: %w", j.Path, err)
	}
	had, err := decode(j.Had)
	if err != nil {
		return fmt.Errorf("write of %s: had: %w", j.Path, err)
	}
	*w = Write{j.Path, before, after, j.Owned, had}
	return nil
}
