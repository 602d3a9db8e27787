package run

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/schema"
)

// A protocolWorld is one device with one leaf that may take commits to be confirmed, what is recorded of a run on it, and the
// processes that may work on it. Whatever may go wrong, when, and what people say is a choice; faults bounds how much of that
// there is in one walk.
type protocolWorld struct {
	*chooser
	shape  protocolShape
	limits Limits
	guard  Guard
	now    time.Time
	faults int

	// The device.
	running schema.Value
	pending bool         // a commit waits to be confirmed
	before  schema.Value // what it goes back to
	expires time.Time    // when it does so by itself
	ends    string       // how the last commit ended: confirmed, canceled, expired

	// Recorded.
	s      State
	lease  int // of the process that may write
	said   string
	opened bool // the process at work knows that a commit waits

	sets   int // planned Sets that the device took
	broken string
}

// A protocolShape is what a whole exploration has in common.
type protocolShape struct {
	commit bool // the device takes commits to be confirmed
	breaks bool // the change breaks what gates look at
	cuts   bool // the change cuts the management path, until it is taken back
	within bool // a person is to confirm
	leave  bool
	faults int
}

func (p protocolShape) String() string {
	text := fmt.Sprintf("%d faults", p.faults)
	for _, o := range []struct {
		is   bool
		name string
	}{{p.commit, "commit"}, {p.breaks, "breaks"}, {p.cuts, "cuts"}, {p.within, "manual"}, {p.leave, "leave"}} {
		if o.is {
			text += ", " + o.name
		}
	}
	return text
}

var protocolWrites = []Write{{Path: "/x", Before: "s1", After: "s2"}}

func newProtocolWorld(c *chooser, shape protocolShape) *protocolWorld {
	w := &protocolWorld{
		chooser: c, shape: shape, now: time.Unix(1000, 0), faults: shape.faults, running: "s1", lease: 1,
		limits: Limits{Window: 2 * time.Second, Sets: 2, Undos: 2, Leave: shape.leave},
		guard:  Guard{Gates: true, Settle: 2 * time.Second, Soak: 2 * time.Second},
	}
	if shape.within {
		w.guard.Within = 3 * time.Second
	}
	return w
}

func (w *protocolWorld) fault(n int) int {
	if w.faults == 0 {
		return 0
	}
	f := w.pick(n)
	if f > 0 {
		w.faults--
	}
	return f
}

// pass lets time go by, and the device take back what nobody confirmed.
func (w *protocolWorld) pass(d time.Duration) {
	w.now = w.now.Add(d)
	if w.pending && !w.now.Before(w.expires) {
		w.running, w.pending, w.ends = w.before, false, "expired"
	}
}

func (w *protocolWorld) reachable() bool { return !w.shape.cuts || w.running != "s2" }

// send is a Set by the process that has the given lease.
func (w *protocolWorld) send(lease int, to schema.Value, open bool) Answered {
	a := Answered{At: w.now, Answer: Accepted, Leaves: 1}
	if lease != w.lease {
		w.broken = "a process wrote without its lease"
	}
	if !w.reachable() {
		a.Answer = Unsent
		return a
	}
	how := []struct {
		applied bool
		answer  Answer
	}{{true, Accepted}, {false, Accepted}, {true, Lost}, {false, Lost}, {false, Rejected}, {false, Unsent}}
	h := how[w.fault(len(how))]
	a.Answer = h.answer
	switch {
	case !h.applied:
	case w.pending: // the device takes nothing else meanwhile
		a.Answer = Rejected
	default:
		if to == "s2" && w.running == "s1" {
			w.sets++
		}
		if open {
			w.pending, w.before, w.expires = true, w.running, w.now.Add(w.s.Until.Sub(w.s.Asked))
		}
		w.running = to
	}
	if !w.reachable() {
		a.Answer = Lost
	}
	return a
}

// conclude confirms or cancels the commit that waits, and reports what the device said.
func (w *protocolWorld) conclude(keep bool) bool {
	if keep && !w.now.Before(w.s.Until) {
		w.broken = "a confirmation was sent after the deadline"
	}
	how := w.fault(3)
	if !w.reachable() || !w.pending || how == 1 {
		return false
	}
	w.pending = false
	if w.ends = "confirmed"; !keep {
		w.running, w.ends = w.before, "canceled"
	}
	return how == 0 // else the answer was lost
}

// confirm does what the engine does.
func (w *protocolWorld) confirm() (Unconfirmed, bool) {
	if w.s.Until.IsZero() || w.s.Lapsed {
		return Unconfirmed{}, true
	}
	if !w.now.Before(w.s.Until) {
		return Unconfirmed{At: w.now, Err: "late", Unsure: !w.opened}, false
	}
	if w.conclude(true) {
		w.opened = false
		return Unconfirmed{}, true
	}
	return Unconfirmed{At: w.now, Err: "no", Unsure: !w.opened}, false
}

func (w *protocolWorld) act(lease int) Input {
	switch w.s.Action() {
	case DoCheck:
		if w.running != "s1" {
			return Moved{At: w.now, Paths: []string{"/x"}}
		}
		in := Checked{At: w.now, Writes: protocolWrites, Guard: w.guard}
		if w.shape.commit {
			in.Rollback = 2*w.limits.Window + w.guard.Takes() + 5*time.Second
		}
		return in
	case DoSet:
		w.opened = w.opened || !w.s.Until.IsZero()
		return w.send(lease, "s2", !w.s.Until.IsZero())
	case DoRead, DoGates:
		if !w.reachable() || w.fault(2) == 1 {
			return Gone{At: w.now, Err: "no route"}
		}
		seen := Seen{At: w.now, Values: []schema.Value{w.running}}
		if w.s.Action() == DoRead {
			return seen
		}
		g := Gated{Seen: seen}
		if w.shape.breaks && w.running == "s2" {
			g.Failing = []string{"a session is gone"}
		}
		return g
	case DoWait:
		if w.s.Step == Await {
			switch w.said {
			case "confirm":
				return Confirmed{At: w.now}
			case "cancel":
				return GivenUp{At: w.now, Why: "canceled by ann"}
			}
		}
		return Elapsed{At: w.now}
	case DoUndo:
		if w.opened && !w.s.Lapsed && w.running == "s2" && w.now.Before(w.s.Until) && w.conclude(false) {
			w.opened = false
			return Answered{At: w.now, Answer: Accepted}
		}
		if !w.s.Kept || w.s.Back == "" {
			w.confirm()
		}
		if w.reachable() && w.running != "s2" {
			return Answered{At: w.now, Answer: Accepted}
		}
		return w.send(lease, "s1", false)
	case DoSave:
		if w.s.Step == Save {
			if !w.reachable() && !w.s.Until.IsZero() && !w.s.Lapsed {
				return Unconfirmed{At: w.now, Err: "no route", Unsure: !w.opened}
			}
			if in, ok := w.confirm(); !ok {
				return in
			}
		}
		return Stored{At: w.now}
	case DoNothing:
	}
	return nil
}

// step lets the process at work do one thing; or it is killed, stopped for long, or replaced while it sleeps.
func (w *protocolWorld) step() {
	w.pass(time.Second)
	if w.s.Step == Await && w.said == "" {
		w.said = []string{"", "confirm", "cancel"}[w.pick(3)]
	}
	lease := w.lease
	resumed := func() {
		w.lease++
		w.opened = false
		w.s = w.limits.Next(w.s, Resumed{At: w.now})
	}
	switch w.fault(5) {
	case 1: // killed after the step was recorded and before it was acted on
		resumed()
		return
	case 2: // killed after that, before how it went is recorded
		w.act(lease)
		resumed()
		return
	case 3: // killed, and for a long time nobody takes over
		w.pass(time.Minute)
		resumed()
		return
	case 4: // stopped right before it acts; another one takes over and goes a step, then it wakes up: its lease is not its own
		resumed()
		w.pass(time.Second)
		if w.s.Step != Ended {
			w.s = w.limits.Next(w.s, w.act(w.lease))
		}
		return // what wakes up may neither send nor record: both look at the lease first
	}
	was := w.s.Step
	w.s = w.limits.Next(w.s, w.act(lease))
	if was == "" && w.s.Step == Check {
		w.broken = "a check that checks nothing"
	}
}

// holds are the promises of a run on a device that is over; the device may still have its own way to go.
func (w *protocolWorld) holds() error {
	s := w.s
	waiting := w.pending
	w.pass(time.Hour) // what the device takes back by itself is taken back
	told := slices.Contains(s.Left, "/x") || s.Sent || !s.Proven && s.Outcome == Failed
	switch {
	case w.broken != "":
		return fmt.Errorf("%s", w.broken)
	case s.Outcome == Done && w.running != "s2":
		return fmt.Errorf("done, and the device has %s", w.running)
	case s.Outcome == Done && waiting:
		return fmt.Errorf("done, and its commit waits for a confirmation")
	case s.Outcome == Done && w.shape.breaks:
		return fmt.Errorf("done, and its gates did not pass")
	case s.Outcome == Done && w.shape.within && w.said != "confirm":
		return fmt.Errorf("done, and nobody confirmed it")
	case s.Outcome != Done && w.running == "s2" && !told:
		return fmt.Errorf("%s, and the change is there", s.Outcome)
	case s.Proven && w.running == "s2":
		return fmt.Errorf("proven to be put back, and the device has it")
	case s.Outcome == RolledBack && w.running == "s2":
		return fmt.Errorf("rolled back, and the device has it")
	case (s.Outcome == Stale || s.Outcome == Refused || s.Outcome == Skipped) && w.running == "s2":
		return fmt.Errorf("%s, and the device has it", s.Outcome)
	case w.shape.commit && w.shape.cuts && w.running == "s2":
		return fmt.Errorf("the change that cuts the device off stayed")
	case w.sets > 1 && w.ends == "":
		return fmt.Errorf("%d Sets took effect", w.sets)
	}
	return nil
}

// TestEveryProtocol walks every way in which the protocol on one device may go: lease, Set, crash before and after each act, a
// process that sleeps through a deadline or wakes up after another took over, gates, soak, a person's word, confirmation,
// cancellation, the device's own deadline. It never confirms after the deadline, never leaves the change half there without
// saying so, ends with it kept or proven to be gone or told of, and only with a lease it writes.
func TestEveryProtocol(t *testing.T) {
	for _, shape := range []protocolShape{
		{faults: 3},
		{commit: true, faults: 3},
		{within: true, faults: 2},
		{commit: true, within: true, faults: 2},
		{breaks: true, faults: 3},
		{commit: true, breaks: true, faults: 3},
		{leave: true, breaks: true, faults: 2},
		{leave: true, commit: true, breaks: true, faults: 2},
		{cuts: true, faults: 2},
		{commit: true, cuts: true, faults: 2},
	} {
		t.Run(shape.String(), func(t *testing.T) {
			t.Parallel()
			c := &chooser{}
			seen, steps, walks := map[Outcome]int{}, map[Step]bool{}, 0
			for more := true; more; more = c.next() {
				w := newProtocolWorld(c, shape)
				n := 0
				for ; n < 300 && w.s.Step != Ended; n++ {
					w.step()
					steps[w.s.Step] = true
				}
				end := w.s
				if err := w.holds(); err != nil || n == 300 {
					t.Fatalf("%d steps, choices %v: %v\ndevice %q, commit %s\n%+v", n, c.picks, err, w.running, w.ends, end)
				}
				seen[end.Outcome]++
				walks++
			}
			t.Logf("%d walks: %v", walks, seen)
			if well := seen[Done] > 0; well == (shape.breaks || shape.cuts) {
				t.Errorf("ends: %v", seen)
			}
			if !shape.cuts && (!steps[Gates] || steps[Soak] == shape.breaks || steps[Await] != shape.within) {
				t.Errorf("steps: %v", steps)
			}
		})
	}
}
