package run

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/schema"
)

// A drainWorld is a device with a leaf that the plan changes and one that drains it. Everything that may go wrong is a choice.
type drainWorld struct {
	*chooser
	leaf, drain schema.Value
	now         time.Time
	faults      int
	strange     bool // somebody else wrote the drain's leaf
	giveUp      string
	sets        int
}

var drainWrites = []Write{{Path: "/drain", After: "s3"}}

func (w *drainWorld) fault(n int) int {
	if w.faults == 0 {
		return 0
	}
	f := w.pick(n)
	if f > 0 {
		w.faults--
	}
	return f
}

// send is a Set of one leaf.
func (w *drainWorld) send(at *schema.Value, from, to schema.Value) Input {
	how := []struct {
		applied bool
		answer  Answer
	}{{true, Accepted}, {false, Accepted}, {true, Lost}, {false, Lost}, {false, Rejected}, {true, Rejected}, {false, Unsent}}
	h := how[w.fault(len(how))]
	if h.applied && *at == from {
		*at = to
	}
	return Answered{At: w.now, Answer: h.answer, Said: "so it says"}
}

func (w *drainWorld) act(s State) (Input, error) {
	w.now = w.now.Add(time.Second)
	at, from, to := &w.leaf, schema.Value("s1"), schema.Value("s2")
	around := s.Step == Draining || s.Step == Undraining
	if around {
		at, from, to = &w.drain, "", "s3"
	}
	switch s.Action() {
	case DoCheck:
		return Checked{At: w.now, Writes: testWrites[:1], Drain: drainWrites, Wait: 2 * time.Second}, nil
	case DoSet:
		if w.sets++; !around && w.drain == "" {
			return nil, fmt.Errorf("changed without being drained")
		}
		return w.send(at, from, to), nil
	case DoUndo:
		return w.send(at, to, from), nil
	case DoRead:
		if w.fault(2) == 1 {
			return Gone{At: w.now, Err: "no route"}, nil
		}
		return Seen{At: w.now, Values: []schema.Value{*at}}, nil
	case DoSave:
		return Stored{At: w.now}, nil
	case DoWait:
		return Elapsed{At: w.now}, nil
	case DoNothing, DoGates:
	}
	return nil, fmt.Errorf("%s asks for nothing", s.Step)
}

func (w *drainWorld) run(l Limits) (s State, err error) {
	for range 300 {
		if s.Step == Ended {
			return s, nil
		}
		if in, _ := Heed(s, false, w.giveUp, w.now); in != nil {
			s = l.Next(s, in)
			continue
		}
		switch w.fault(5) {
		case 1: // killed before it acted
			s = l.Next(s, Resumed{At: w.now})
			continue
		case 2: // killed after it acted
			if _, err := w.act(s); err != nil {
				return s, err
			}
			s = l.Next(s, Resumed{At: w.now})
			continue
		case 3:
			w.giveUp = "aborted by ann"
			continue
		case 4: // not right before a Set of the drain
			if s.Begun() && s.Action() != DoSet {
				w.drain, w.strange = stranger, true
			}
			continue
		}
		in, err := w.act(s)
		if err != nil {
			return s, err
		}
		s = l.Next(s, in)
	}
	return s, fmt.Errorf("does not end")
}

func (w *drainWorld) promise(s State) error {
	told := s.Sent || slices.Contains(s.Left, "/drain") || s.Drain != nil && slices.Contains(s.Drain.State.Left, "/drain")
	switch {
	case w.strange && w.drain != stranger:
		return fmt.Errorf("what a stranger wrote was overwritten with %q", w.drain)
	case s.Outcome == Done && (w.leaf != "s2" || w.drain == "s3"):
		return fmt.Errorf("done with %q, drain %q", w.leaf, w.drain)
	case w.drain == "s3" && !told:
		return fmt.Errorf("%s: drained for ever, and nobody is told", s.Outcome)
	case w.drain == "s3" && s.Outcome == Failed && s.Proven:
		return fmt.Errorf("drained still, and said to be as it was")
	case s.Outcome == Skipped && w.leaf != "s1":
		return fmt.Errorf("skipped, and changed")
	case s.Drained():
		return fmt.Errorf("at its end, and the drain stands as %s %s", s.Drain.State.Step, s.Drain.State.Outcome)
	}
	return nil
}

// TestEveryDrain walks every way in which the change of a drained device may go: what is changed is drained, as was read; in the end
// the drain is gone, or somebody is told that it is not; and no stranger's value is lost.
func TestEveryDrain(t *testing.T) {
	for _, leave := range []bool{false, true} {
		l := Limits{Window: 2 * time.Second, Sets: 2, Undos: 2, Leave: leave}
		c, walks, seen := &chooser{}, 0, map[Outcome]int{}
		for more := true; more; more = c.next() {
			w := &drainWorld{chooser: c, faults: 2, now: time.Unix(1000, 0), leaf: "s1"}
			s, err := w.run(l)
			if err == nil {
				err = w.promise(s)
			}
			if err != nil {
				t.Fatalf("leave %t, choices %v: %v\nleaf %q drain %q\n%+v\n%+v", leave, c.picks, err, w.leaf, w.drain, s, s.Drain)
			}
			walks++
			seen[s.Outcome]++
		}
		for _, o := range []Outcome{Done, Failed, Skipped, Unreachable} {
			if seen[o] == 0 {
				t.Errorf("no walk ended %s", o)
			}
		}
		t.Logf("leave %t: %d walks: %v", leave, walks, seen)
	}
}
