package run

import (
	"fmt"
	"slices"
	"strings"
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

// A Saga is what is recorded of a run as a whole, besides where it stands on its devices.
type Saga struct {
	Actor     string `json:"actor,omitempty"` // the person who asked for the run, none for a policy
	OnFailure Mode   `json:"on_failure,omitempty"`
	Order     *Order `json:"order,omitempty"` // must be set before Next is called
	Stage     int    `json:"stage,omitempty"` // how many stages were begun
	Rest      *Rest  `json:"rest,omitempty"`  // the last pause between stages
	Paused    *Word  `json:"paused,omitempty"`
	Aborted   *Word  `json:"aborted,omitempty"`
	Back      string `json:"back,omitempty"`  // why everything is put back, empty while it is not
	Heard     uint64 `json:"heard,omitempty"` // commands up to this number in the log are answered
	Manual
	Timing
}

// A Rest is the pause before a stage, as a Rollout asks for it.
type Rest struct {
	Before int       `json:"before"` // the stage, from 1
	Until  time.Time `json:"until"`
}

// Resting returns the pause that a run is in, nil if it is in none. One whose time is over lasts until the run goes on.
func (g Saga) Resting() *Rest {
	if g.Rest != nil && g.Rest.Before > g.Stage {
		return g.Rest
	}
	return nil
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

// unsure are the devices that a run is through with, and of which nobody knows whether what it set is there.
func (ss Stands) unsure() []intent.DeviceName {
	var all []intent.DeviceName
	for _, s := range ss {
		if st := s.State; st.Step == Ended && (st.Sent || st.Outcome == Failed && !st.Proven) {
			all = append(all, s.Device)
		}
	}
	return all
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
	Stage int                 // begin this stage, from 1: to be recorded first
	Rest  *Rest               // pause before this stage: to be recorded first
	Until time.Time           // wait until then, or until there is word
	Start []intent.DeviceName // take these on from where they stand, with the others
	Undo  intent.DeviceName   // put this one back, alone
	Skip  []intent.DeviceName // these are not to be begun any more
	Why   string              // of Undo and Skip, and of Back
	Back  bool                // everything is to be put back from now on: to be recorded first
	Idle  bool                // it is paused, and nothing is under way
	Over  bool                // nothing is left to do
}

// Again is how long a run waits until it looks once more whether other runs are through with devices that stand in its way.
const Again = time.Second

// Next returns what to do now. Running are the devices that are being worked on, others those that other runs work on.
func (g Saga) Next(all Stands, running, others []intent.DeviceName, now time.Time) Turn {
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
	why, undo := g.ends(all)
	switch {
	case undo && g.Back == "" && g.OnFailure == RollbackAll:
		return Turn{Back: true, Why: why}
	case why != "" && len(fresh) > 0:
		return Turn{Skip: fresh, Why: "not started: " + why}
	}
	at := g.Order.at(all)
	// What was begun is brought to an end, whatever is said by now: a Set may be on the device.
	if start := g.Order.ready(begun, running, nil, g.Order.parallel(at)); len(start) > 0 || len(begun) > 0 {
		return Turn{Start: start}
	}
	if len(fresh) > 0 && g.Paused == nil {
		if t, wait := g.enter(at, now); wait {
			return t
		}
		mine := both(fresh, g.Order.Stages[at].Devices)
		unsure := all.unsure()
		start := g.Order.ready(mine, running, append(unsure, others...), g.Order.parallel(at))
		if len(start) > 0 || len(running) > 0 {
			return Turn{Start: start}
		}
		if len(g.Order.ready(mine, nil, unsure, 1)) > 0 {
			return Turn{Until: now.Add(Again)}
		}
		// Only what nobody works on stands in their way.
		return Turn{Skip: mine, Why: "not started: nobody knows what " + names(unsure) + " has, and not both may be away"}
	}
	if len(running) > 0 {
		return Turn{}
	}
	written := all.Written()
	back := g.Back != "" && len(written) > 0
	switch {
	case g.Paused != nil && (len(fresh) > 0 || back):
		return Turn{Idle: true}
	case back && !g.Order.Fits(written[len(written)-1].Device, others):
		return Turn{Until: now.Add(Again)}
	case back:
		return Turn{Undo: written[len(written)-1].Device, Why: g.Back}
	}
	return Turn{Over: true}
}

// enter says what comes before devices of a stage are begun: a pause, or the word that it begins. Nothing of the stages
// before it is under way.
func (g Saga) enter(stage int, now time.Time) (t Turn, wait bool) {
	if stage < g.Stage {
		return Turn{}, false
	}
	if stage > 0 {
		pause := g.Order.Stages[stage-1].Pause
		rest := g.Resting()
		switch {
		case pause > 0 && (rest == nil || rest.Before != stage+1):
			return Turn{Rest: &Rest{Before: stage + 1, Until: now.Add(pause)}}, true
		case pause > 0 && now.Before(rest.Until):
			return Turn{Until: rest.Until}, true
		}
	}
	return Turn{Stage: stage + 1}, true
}

// ends says why no further device is begun, empty while there is no reason; undo reports whether a run that is to leave all or
// nothing puts back what it did, for that reason.
func (g Saga) ends(all Stands) (why string, undo bool) {
	switch {
	case g.Back != "":
		return g.Back, true
	case g.Canceled:
		return "canceled " + g.Aborted.String(), true
	case g.Aborted != nil:
		return "aborted " + g.Aborted.String(), true
	}
	if why, undo := g.canary(all); why != "" {
		return why, undo
	}
	failed := Stands(slices.DeleteFunc(slices.Clone(all), func(s Stand) bool { return s.State.Step != Ended || s.State.Outcome != Failed }))
	switch {
	case len(failed) <= g.Order.MaxFailures:
		return "", false
	case g.OnFailure == RollbackAll:
		return fmt.Sprintf("%s failed: %s", failed[0].Device, clause(failed[0].State.Detail)), true
	}
	return "too many devices failed before", true
}

// canary says why a canary stands against going on: one device of it failed, or it is through and shows nothing.
func (g Saga) canary(all Stands) (why string, undo bool) {
	for _, stage := range g.Order.Stages {
		if !stage.Canary {
			continue
		}
		through, done, last := true, false, Stand{}
		for _, s := range all {
			switch {
			case !slices.Contains(stage.Devices, s.Device):
			case s.State.Step != Ended:
				through = false
			case s.State.Outcome == Failed:
				return fmt.Sprintf("the canary %s failed: %s", s.Device, clause(s.State.Detail)), true
			default:
				done, last = done || s.State.Outcome == Done, s
			}
		}
		if through && !done {
			return fmt.Sprintf("the canary %s shows nothing, it is %s: %s", last.Device, last.State.Outcome, clause(last.State.Detail)), false
		}
	}
	return "", false
}

// clause is the first thing that a detail says, for the many devices that hear of it: the device itself has all of it.
func clause(detail string) string {
	const most = 100
	detail, _, _ = strings.Cut(detail, "; ")
	if len(detail) <= most {
		return detail
	}
	cut := strings.LastIndexByte(detail[:most], ' ')
	if cut < most/2 {
		cut = most
	}
	return strings.ToValidUTF8(strings.TrimRight(detail[:cut], " :,"), "") + " …"
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
	case Draining:
		if giveUp != "" && s.Drain.heeds() {
			return GivenUp{At: at, Why: giveUp}, false
		}
		return nil, false
	case Save, Undo, Prove, Resave, Undraining, Ended:
		return nil, false
	}
	switch {
	case paused && s.Step == Set && s.Drain == nil: // a drained device is not to stay so: its change goes on
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
