package run

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Mode is what becomes of a run's devices when one of them fails.
type Mode string

// The modes.
const (
	StopThere      Mode = "stop"            // what failed is left as it is, and no further device is begun
	RollbackDevice Mode = "rollback-device" // what failed is put back, and no further device is begun
	RollbackAll    Mode = "rollback-all"    // so are the devices that were done, the last of them first
)

// Modes returns all modes, for messages.
func Modes() []string {
	return []string{string(StopThere), string(RollbackDevice), string(RollbackAll)}
}

// A Word is what a person said about a run.
type Word struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// String is the word as a clause: who, and why.
func (w Word) String() string {
	if w.Reason == "" {
		return "by " + w.By
	}
	return "by " + w.By + ": " + w.Reason
}

// A Saga is what is recorded of a run as a whole, besides where it stands on its devices. The zero Saga goes forward and
// puts back what fails.
type Saga struct {
	Actor     string `json:"actor,omitempty"` // the person who asked for the run, none for a policy
	OnFailure Mode   `json:"on_failure,omitempty"`
	Paused    *Word  `json:"paused,omitempty"`
	Aborted   *Word  `json:"aborted,omitempty"`
	Back      string `json:"back,omitempty"`  // why everything is put back, empty while it is not
	Heard     uint64 `json:"heard,omitempty"` // commands up to this number in the log are answered
	Manual
}

// A Stand is where a run stands on one device.
type Stand struct {
	Device intent.DeviceName
	State  State
}

// Stands are all devices of a run, sorted by name.
type Stands []Stand

// Written returns the devices on which what the run set was proven, in that order, and is there still.
func (ss Stands) Written() []Stand {
	out := slices.DeleteFunc(slices.Clone(ss), func(s Stand) bool {
		return s.State.Step != Ended || s.State.Outcome != Done || s.State.Place == 0
	})
	slices.SortStableFunc(out, func(a, b Stand) int { return a.State.Place - b.State.Place })
	return out
}

// Placed returns the highest place that was given.
func (ss Stands) Placed() int {
	most := 0
	for _, s := range ss {
		most = max(most, s.State.Place)
	}
	return most
}

func (ss Stands) outcomes() []Outcome {
	var all []Outcome
	for _, s := range ss {
		if s.State.Step == Ended {
			all = append(all, s.State.Outcome)
		}
	}
	return all
}

// A Turn is what a run does next. Its zero value is to wait for the devices that are being worked on.
type Turn struct {
	Start []intent.DeviceName // take these on from where they stand, with the others
	Undo  intent.DeviceName   // put this one back, alone
	Skip  []intent.DeviceName // these are not to be begun any more
	Why   string              // of Undo and Skip, and of Back
	Back  bool                // everything is to be put back from now on: to be recorded first
	Rest  bool                // it is paused, and nothing is under way
	Over  bool                // nothing is left to do
}

// Next returns what to do now. Running are the devices that are being worked on.
func (g Saga) Next(b Batch, all Stands, running []intent.DeviceName) Turn {
	var begun, fresh []intent.DeviceName
	for _, s := range all {
		switch {
		case s.State.Step == Ended || slices.Contains(running, s.Device):
		case s.State.Begun():
			begun = append(begun, s.Device)
		default:
			fresh = append(fresh, s.Device)
		}
	}
	why := g.ends(b, all)
	if why != "" && g.Back == "" && g.OnFailure == RollbackAll {
		return Turn{Back: true, Why: why}
	}
	if why != "" {
		if len(fresh) > 0 {
			return Turn{Skip: fresh, Why: "not started: " + why}
		}
		b.MaxFailures = len(all) // what was begun is brought to an end
	}
	waiting := begun // a Set may be on the device
	if why == "" && g.Paused == nil {
		waiting = append(waiting, fresh...)
	}
	if start, _ := b.Ready(waiting, running, all.outcomes()); len(start) > 0 || len(running) > 0 {
		return Turn{Start: start}
	}
	written := all.Written()
	back := g.Back != "" && len(written) > 0
	switch {
	case g.Paused != nil && (len(fresh) > 0 || back):
		return Turn{Rest: true}
	case back:
		return Turn{Undo: written[len(written)-1].Device, Why: g.Back}
	}
	return Turn{Over: true}
}

// ends says why no further device is begun, empty while there is no reason.
func (g Saga) ends(b Batch, all Stands) string {
	if g.Back != "" {
		return g.Back
	}
	if g.Canceled {
		return "canceled " + g.Aborted.String()
	}
	if g.Aborted != nil {
		return "aborted " + g.Aborted.String()
	}
	failed := Stands(slices.DeleteFunc(slices.Clone(all), func(s Stand) bool { return s.State.Step != Ended || s.State.Outcome != Failed }))
	switch {
	case len(failed) <= b.MaxFailures:
		return ""
	case g.OnFailure == RollbackAll:
		return fmt.Sprintf("%s failed: %s", failed[0].Device, failed[0].State.Detail)
	}
	return "too many devices failed before"
}

// GiveUp says why what is in flight is not to stay, empty if it is: of an aborted run, and of one that puts everything back.
func (g Saga) GiveUp() string {
	switch {
	case g.Back != "":
		return g.Back
	case g.Canceled:
		return "canceled " + g.Aborted.String()
	case g.Aborted != nil && g.OnFailure != StopThere:
		return "aborted " + g.Aborted.String()
	}
	return ""
}

// Heed returns what a run that is paused, or gives up what is in flight, has to say to a device in state s: nil for nothing;
// or that work on the device is to rest. Between a Set and the proof of what came of it a pause waits. In state Set it is to
// be called before the Set is sent.
func Heed(s State, paused bool, giveUp string, at time.Time) (in Input, rest bool) {
	switch s.Step {
	case "", Check, Set, Verify, Gates, Soak, Await:
		if giveUp != "" && s.Back == "" {
			return GivenUp{At: at, Why: giveUp}, false
		}
	case Save, Undo, Prove, Resave, Ended:
		return nil, false
	}
	switch {
	case paused && s.Step == Set:
		return Withheld{At: at}, false
	case paused && (s.Step == "" || s.Step == Check):
		return nil, true
	}
	return nil, false
}

// Result returns how the run ended, once it is over. What nobody has proven to be gone makes it a failed one.
func (g Saga) Result(all Stands) Result {
	unproven, undone := false, false
	for _, s := range all {
		st := s.State
		unproven = unproven || st.Outcome == Failed && !st.Proven || st.Sent
		undone = undone || st.Outcome == RolledBack
	}
	switch {
	case unproven && (g.Back != "" || g.Aborted != nil):
		return ResultFailed
	case g.Back != "" && (undone || g.Aborted == nil):
		return ResultRolledBack
	case g.Aborted != nil:
		return ResultAborted
	}
	return Sum(all.outcomes())
}
