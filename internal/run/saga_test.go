package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/schema"
)

// A sagaWorld is devices with a leaf each, what is recorded of a run on them, and the process that drives it. What may
// go wrong, the words of people and which device comes next are choices.
type sagaWorld struct {
	*chooser
	names  []intent.DeviceName
	now    time.Time
	faults int
	words  int // how many words people may still say

	device  map[intent.DeviceName]schema.Value
	strange map[intent.DeviceName]bool

	// Recorded.
	saga   Saga
	states map[intent.DeviceName]State

	running []intent.DeviceName
	undone  []intent.DeviceName // put back, in the order in which that began
	midway  []intent.DeviceName // under way when the run was aborted
	broken  string              // what was done that never may
	rollout rolloutWatch
}

var sagaNames = []intent.DeviceName{"a", "b", "c", "d"}

var sagaWrites = []Write{{Path: "/x", Before: "s1", After: "s2"}}

func newSagaWorld(c *chooser, mode Mode, order *Order, faults, words int) *sagaWorld {
	w := &sagaWorld{
		chooser: c, names: order.all(), now: time.Unix(1000, 0), faults: faults, words: words, saga: Saga{OnFailure: mode, Order: order},
		device: map[intent.DeviceName]schema.Value{}, strange: map[intent.DeviceName]bool{}, states: map[intent.DeviceName]State{},
	}
	for _, n := range w.names {
		w.device[n] = "s1"
	}
	return w
}

func (w *sagaWorld) stands() Stands {
	var all Stands
	for _, n := range w.names {
		all = append(all, Stand{n, w.states[n]})
	}
	return all
}

func (w *sagaWorld) fault(n int) int {
	if w.faults == 0 {
		return 0
	}
	f := w.pick(n)
	if f > 0 {
		w.faults--
	}
	return f
}

func (w *sagaWorld) limits() Limits {
	return Limits{Window: 2 * time.Second, Sets: 2, Undos: 2, Leave: w.saga.OnFailure == StopThere}
}

// take records what an input makes of a device.
func (w *sagaWorld) take(n intent.DeviceName, in Input) {
	to := w.limits().Next(w.states[n], in)
	if to.Step == Save && to.Place == 0 {
		to.Place = w.stands().Placed() + 1
	}
	w.states[n] = to
	w.rollout.ended(w)
}

// send is a Set that is to change the device's leaf from one value to another.
func (w *sagaWorld) send(n intent.DeviceName, from, to schema.Value) Answered {
	how := []struct {
		applied bool
		answer  Answer
	}{{true, Accepted}, {false, Accepted}, {true, Lost}, {false, Lost}, {false, Rejected}}
	h := how[w.fault(len(how))]
	if h.applied && w.device[n] == from {
		w.device[n] = to
	}
	return Answered{At: w.now, Answer: h.answer}
}

func (w *sagaWorld) act(n intent.DeviceName) Input {
	s := w.states[n]
	switch s.Action() {
	case DoCheck:
		if w.device[n] != "s1" {
			return Moved{At: w.now, Paths: []string{"/x"}}
		}
		return Checked{At: w.now, Writes: sagaWrites}
	case DoSet:
		if s.Sets == 1 && w.device[n] == "s2" {
			w.broken = fmt.Sprintf("%s: set again", n)
		}
		return w.send(n, "s1", "s2")
	case DoUndo:
		return w.send(n, "s2", "s1")
	case DoRead:
		if w.fault(2) == 1 {
			return Gone{At: w.now, Err: "no route"}
		}
		return Seen{At: w.now, Values: []schema.Value{w.device[n]}}
	case DoSave:
		return Stored{At: w.now}
	case DoNothing:
	}
	return nil
}

// say lets a person say something, or nothing.
func (w *sagaWorld) say() {
	if w.words == 0 {
		return
	}
	word := &Word{By: "ann", At: w.now}
	switch w.pick(3) {
	case 1:
		w.saga.Paused = word
		w.words--
	case 2:
		for _, n := range w.names {
			if s := w.states[n].Step; w.saga.Aborted == nil && s != Save && s != Ended {
				w.midway = append(w.midway, n)
			}
		}
		w.saga.Aborted, w.saga.Paused = word, nil
		w.words--
	}
}

// step does one thing, and reports whether the run is over.
func (w *sagaWorld) step() (over bool) {
	w.now = w.now.Add(time.Second)
	w.say()
	turn := w.saga.Next(w.stands(), w.running, nil, w.now)
	switch {
	case turn.Over:
		return true
	case turn.Idle:
		w.saga.Paused = nil // somebody resumes it in the end
		return false
	case turn.Back:
		w.saga.Back = turn.Why
		return false
	case turn.Stage > 0, turn.Rest != nil, !turn.Until.IsZero():
		w.between(turn)
		return false
	}
	w.rollout.starts(w, turn)
	for _, n := range turn.Skip {
		w.take(n, GivenUp{At: w.now, Why: turn.Why})
	}
	for _, n := range turn.Start {
		switch s := w.states[n]; {
		case s.Begun():
			w.take(n, Resumed{At: w.now})
		case s.Step == "":
			w.take(n, Began{At: w.now})
		}
		w.running = append(w.running, n)
	}
	if turn.Undo != "" {
		if len(w.running) > 0 {
			w.broken = "put back while others are worked on"
		}
		w.take(turn.Undo, Compensated{At: w.now, Why: turn.Why})
		w.running, w.undone = append(w.running, turn.Undo), append(w.undone, turn.Undo)
	}
	w.rollout.look(w)
	if len(w.running) > 0 {
		w.work()
	}
	return false
}

// work lets one of the devices that are worked on take a step; or the process is killed, before or after it acted.
func (w *sagaWorld) work() {
	n := w.running[w.pick(len(w.running))]
	in, rest := Heed(w.states[n], w.saga.Paused != nil, w.saga.GiveUp(), w.now)
	if rest {
		w.leave(n)
		return
	}
	if in == nil {
		switch w.fault(4) {
		case 1:
			w.running = nil
			return
		case 2:
			w.act(n)
			w.running = nil
			return
		case 3:
			if s := w.states[n]; s.Begun() && s.Step != Set && !w.strange[n] { // not right before a Set
				w.device[n], w.strange[n] = stranger, true
			}
		}
		in = w.act(n)
	}
	w.take(n, in)
	if w.states[n].Step == Ended {
		w.leave(n)
	}
}

func (w *sagaWorld) leave(n intent.DeviceName) {
	w.running = slices.DeleteFunc(w.running, func(r intent.DeviceName) bool { return r == n })
}

// promises are what holds of every run that is over.
func (w *sagaWorld) promises() error {
	if w.broken != "" {
		return fmt.Errorf("%s", w.broken)
	}
	if err := w.rollout.promises(w); err != nil {
		return err
	}
	result := w.saga.Result(w.stands())
	for _, n := range w.names {
		s, v := w.states[n], w.device[n]
		told := slices.Contains(s.Left, "/x") || s.Sent
		switch {
		case s.Step != Ended:
			return fmt.Errorf("%s: over, and at %s", n, s.Step)
		case w.strange[n] && v != stranger:
			return fmt.Errorf("%s: what a stranger wrote was overwritten with %s", n, v)
		case s.Outcome == Done && v == "s1":
			return fmt.Errorf("%s: done, and the device has %s", n, v)
		case s.Outcome != Done && v == "s2" && !told:
			return fmt.Errorf("%s: %s, and the change is there", n, s.Outcome)
		case s.Outcome == RolledBack && (!s.Proven || v == "s2"):
			return fmt.Errorf("%s: said to be rolled back, proven is %t, and the device has %s", n, s.Proven, v)
		case result == ResultRolledBack && v == "s2":
			return fmt.Errorf("%s: the run is rolled back, and the device has %s", n, v)
		case result == ResultAborted && v == "s2" && s.Outcome != Done:
			return fmt.Errorf("%s: the run is aborted with nothing in flight, and the device has %s", n, v)
		case s.Outcome == Done && w.saga.OnFailure != StopThere && slices.Contains(w.midway, n):
			return fmt.Errorf("%s: done after the run was aborted", n)
		case result == ResultDone && v == "s1":
			return fmt.Errorf("%s: the run is done, and the device has %s", n, v)
		}
		if w.saga.OnFailure != RollbackAll && slices.Contains(w.undone, n) {
			return fmt.Errorf("%s: put back, and nobody asked for that", n)
		}
	}
	for i := 1; i < len(w.undone); i++ {
		if w.states[w.undone[i]].Place >= w.states[w.undone[i-1]].Place {
			return fmt.Errorf("put back in the order %v, done in the order %d, %d", w.undone, w.states[w.undone[i]].Place, w.states[w.undone[i-1]].Place)
		}
	}
	return nil
}

// TestEverySaga walks every way in which a run on several devices may go, with the process killed at every step, faults, strangers
// and words from people, and checks what a run promises: it ends, nothing is left that is not told of, and what is put back is
// put back in reverse order and once.
func TestEverySaga(t *testing.T) {
	for _, tt := range []struct {
		mode              Mode
		devices, parallel int
		faults, words     int
	}{
		{RollbackAll, 3, 1, 3, 0},
		{RollbackAll, 3, 1, 1, 1},
		{RollbackAll, 2, 2, 1, 0},
		{RollbackAll, 3, 1, 0, 2},
		{RollbackDevice, 3, 1, 1, 1},
		{RollbackDevice, 3, 1, 2, 0},
		{StopThere, 3, 1, 1, 1},
		{StopThere, 3, 1, 2, 0},
	} {
		t.Run(fmt.Sprintf("%s, %d of %d at once, %d faults, %d words", tt.mode, tt.parallel, tt.devices, tt.faults, tt.words), func(t *testing.T) {
			c := &chooser{}
			seen, walks := map[Result]int{}, 0
			for more := true; more; more = c.next() {
				order := &Order{Stages: []Stage{{Devices: sagaNames[:tt.devices], Parallel: tt.parallel}}}
				w := newSagaWorld(c, tt.mode, order, tt.faults, tt.words)
				steps := 0
				for ; steps < 200 && !w.step(); steps++ {
				}
				err := w.promises()
				if err != nil || steps == 200 {
					t.Fatalf("%d steps, choices %v: %v\n%s", steps, c.picks, err, w)
				}
				seen[w.saga.Result(w.stands())]++
				walks++
			}
			t.Logf("%d walks: %v", walks, seen)
			if seen[ResultDone] == 0 || tt.mode == RollbackAll && seen[ResultRolledBack] == 0 {
				t.Errorf("no walk ended well, or none back: %v", seen)
			}
		})
	}
}

func (w *sagaWorld) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "saga %+v\n", w.saga)
	for _, n := range w.names {
		fmt.Fprintf(&b, "%s has %q: %+v\n", n, w.device[n], w.states[n])
	}
	return b.String()
}
