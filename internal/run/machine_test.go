package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenter-net/tenter/internal/schema"
)

// A chooser walks all sequences of choices, depth first.
type chooser struct {
	picks []int
	sizes []int
	at    int
}

func (c *chooser) pick(n int) int {
	if c.at == len(c.picks) {
		c.picks, c.sizes = append(c.picks, 0), append(c.sizes, n)
	}
	c.at++
	return c.picks[c.at-1]
}

// next moves on to the next sequence and reports whether there is one.
func (c *chooser) next() bool {
	c.at = 0
	for len(c.picks) > 0 {
		last := len(c.picks) - 1
		if c.picks[last]++; c.picks[last] < c.sizes[last] {
			return true
		}
		c.picks, c.sizes = c.picks[:last], c.sizes[:last]
	}
	return false
}

const stranger = schema.Value("sstranger")

var testWrites = []Write{
	{Path: "/a", Before: "s1", After: "s2"},
	{Path: "/b", Before: "", After: "s2"},
	{Path: "/c", Before: "s1", After: ""},
}

// A world is a device and the process that drives the machine against it. Everything that may go wrong is a choice;
// faults bounds how many things go wrong in one walk.
type world struct {
	*chooser
	device  []schema.Value
	now     time.Time
	faults  int
	strange []bool
	garbled []bool // what the device sends of the leaf cannot be read
}

// fault picks among n ways in which things may go, of which 0 is well.
func (w *world) fault(n int) int {
	if w.faults == 0 {
		return 0
	}
	f := w.pick(n)
	if f > 0 {
		w.faults--
	}
	return f
}

func (w *world) set(values func(i int, wr Write) (schema.Value, bool)) Answered {
	apply := func(only func(int) bool) {
		for i, wr := range testWrites {
			if v, ok := values(i, wr); ok && only(i) {
				w.device[i] = v
			}
		}
	}
	all, none, first := func(int) bool { return true }, func(int) bool { return false }, func(i int) bool { return i == 0 }
	how := []struct {
		which  func(int) bool
		answer Answer
	}{{all, Accepted}, {all, Rejected}, {all, Lost}, {none, Accepted}, {none, Rejected}, {none, Lost}, {first, Accepted}, {none, Unsent}}
	h := how[w.fault(len(how))]
	apply(h.which)
	return Answered{At: w.now, Answer: h.answer, Said: "so it says"}
}

func (w *world) act(s State) Input {
	w.now = w.now.Add(time.Second)
	switch s.Action() {
	case DoCheck:
		switch w.fault(4) {
		case 1:
			return Moved{Paths: []string{"/a"}}
		case 2:
			return Barred{Reason: "held"}
		case 3:
			return Gone{At: w.now, Err: "no route"}
		}
		return Checked{Writes: testWrites}
	case DoSet:
		return w.set(func(_ int, wr Write) (schema.Value, bool) { return wr.After, true })
	case DoUndo:
		return w.set(func(i int, wr Write) (schema.Value, bool) { return wr.Before, w.device[i] == wr.After })
	case DoRead:
		seen := Seen{At: w.now, Values: slices.Clone(w.device), Unread: w.garbled}
		switch w.fault(3) {
		case 1:
			return Gone{At: w.now, Err: "no route"}
		case 2: // from here on
			w.garbled[1] = w.device[1] != testWrites[1].Before
		}
		for i, garbled := range w.garbled {
			if garbled {
				seen.Values[i] = ""
			}
		}
		return seen
	case DoSave:
		return Stored{Err: []string{"", "disk full"}[w.fault(2)]}
	case DoNothing:
	}
	return nil
}

func (w *world) run(l Limits) (State, error) {
	var s State
	for range 200 {
		if s.Step == Ended {
			return s, nil
		}
		// Not just before a Set: between the last reading and a Set nobody can look.
		if s.InFlight() && s.Step != Set {
			if i := w.fault(len(testWrites) + 1); i > 0 {
				w.device[i-1], w.strange[i-1] = stranger, true
			}
		}
		switch w.fault(3) {
		case 1: // killed after recording the step and before acting on it
			s = l.Next(s, Resumed{At: w.now})
			continue
		case 2: // killed after acting and before recording how that went
			w.act(s)
			s = l.Next(s, Resumed{At: w.now})
			continue
		}
		s = l.Next(s, w.act(s))
	}
	return s, fmt.Errorf("does not end: %+v", s)
}

// TestEveryWay walks every way in which up to three things go wrong and checks what a run promises.
func TestEveryWay(t *testing.T) {
	l := Limits{Window: 3 * time.Second, Sets: 2, Undos: 2}
	c := &chooser{}
	walks := 0
	seen := map[Outcome]int{}
	for more := true; more; more = c.next() {
		w := &world{chooser: c, faults: 3, now: time.Unix(1000, 0), strange: make([]bool, len(testWrites)), garbled: make([]bool, len(testWrites))}
		for _, wr := range testWrites {
			w.device = append(w.device, wr.Before)
		}
		s, err := w.run(l)
		if err != nil {
			t.Fatalf("choices %v: %v", c.picks, err)
		}
		walks++
		seen[s.Outcome]++
		if err := promise(s, w); err != nil {
			t.Fatalf("choices %v: %v\nstate %+v\ndevice %q", c.picks, err, s, w.device)
		}
	}
	for _, o := range []Outcome{Done, Failed, Stale, Refused, Unreachable} {
		if seen[o] == 0 {
			t.Errorf("no walk ended %s", o)
		}
	}
	t.Logf("%d walks: %v", walks, seen)
}

func promise(s State, w *world) error {
	for i, wr := range testWrites {
		v := w.device[i]
		switch {
		case w.strange[i] && v != stranger:
			return fmt.Errorf("%s: what a stranger wrote was overwritten", wr.Path)
		case s.Outcome == Done && v != wr.After && v != stranger:
			return fmt.Errorf("%s: done, and the device has %q", wr.Path, v)
		case (s.Outcome == Stale || s.Outcome == Refused) && v == wr.After:
			return fmt.Errorf("%s: %s, and it was written", wr.Path, s.Outcome)
		case s.Outcome == Unreachable && !s.Sent && v == wr.After:
			return fmt.Errorf("%s: unreachable with nothing sent, and it was written", wr.Path)
		case s.Outcome == Failed && s.Proven && v == wr.After:
			return fmt.Errorf("%s: proven to be put back, and it is not", wr.Path)
		case s.Outcome == Failed && !s.Proven && !s.Sent && v == wr.After && !slices.Contains(s.Left, wr.Path):
			return fmt.Errorf("%s: left on the device and not reported", wr.Path)
		case s.Outcome == Failed && s.Proven && v != wr.Before && !slices.Contains(s.Left, wr.Path) && !w.strange[i]:
			return fmt.Errorf("%s: %q is not reported as left", wr.Path, v)
		}
	}
	return nil
}

func TestAppliedOnce(t *testing.T) {
	l := Limits{Window: 3 * time.Second, Sets: 2, Undos: 2}
	at := time.Unix(1000, 0)
	before := []schema.Value{"s1", "", "s1"}
	after := []schema.Value{"s2", "s2", ""}
	recorded := l.Next(State{}, Checked{Writes: testWrites})
	if recorded.Action() != DoSet {
		t.Fatalf("recorded: %+v", recorded)
	}
	resumed := l.Next(recorded, Resumed{At: at})
	tests := []struct {
		name   string
		values []schema.Value
		want   Step
		sets   int
	}{
		{"the Set had reached the device", after, Save, 1},
		{"the Set had not been sent", before, Set, 2},
		{"the Set is half done", []schema.Value{"s2", "", "s1"}, Verify, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := l.Next(resumed, Seen{At: at, Values: tt.values})
			if s.Step != tt.want || s.Sets != tt.sets {
				t.Errorf("step %s with %d sets, want %s with %d", s.Step, s.Sets, tt.want, tt.sets)
			}
		})
	}
}

func TestOutcomes(t *testing.T) {
	l := Limits{Window: 3 * time.Second, Sets: 2, Undos: 2}
	at := time.Unix(1000, 0)
	later := at.Add(l.Window)
	before := []schema.Value{"s1", "", "s1"}
	tests := []struct {
		name   string
		inputs []Input
		want   State
	}{
		{
			"nothing to write",
			[]Input{Checked{At: at}},
			State{Step: Ended, Outcome: Done},
		},
		{
			"OK and not applied",
			[]Input{Checked{Writes: testWrites}, Answered{At: at, Answer: Accepted, Said: ""}, Seen{At: at, Values: before}, Seen{At: later, Values: before}},
			State{Step: Ended, Outcome: Failed, Writes: testWrites, Sets: 1, Since: at, Answer: Accepted, Detail: "the device answered OK and did not apply it", Proven: true},
		},
		{
			"refused",
			[]Input{Checked{Writes: testWrites}, Answered{At: at, Answer: Rejected, Said: "no such leaf"}, Seen{At: at, Values: before}},
			State{Step: Ended, Outcome: Failed, Writes: testWrites, Sets: 1, Since: at, Answer: Rejected, Said: "no such leaf", Detail: "the device refused: no such leaf", Proven: true},
		},
		{
			"a stranger's change survives putting back",
			[]Input{
				Checked{Writes: testWrites},
				Answered{At: at, Answer: Accepted, Said: ""},
				Seen{At: later, Values: []schema.Value{"s2", stranger, ""}, Odd: []string{"/b: stranger instead of 2"}},
				Answered{At: later, Answer: Accepted, Said: ""},
				Seen{At: later, Values: []schema.Value{"s1", stranger, "s1"}},
			},
			State{
				Step: Ended, Outcome: Failed, Writes: testWrites, Sets: 1, Undos: 1, Since: later, Answer: Accepted,
				Detail: "read back 2 of 3 leaves as planned: /b: stranger instead of 2", Odd: []string{"/b: stranger instead of 2"},
				Proven: true, Undone: true, Left: []string{"/b"},
			},
		},
		{
			"what the device shows of the Set cannot be read",
			[]Input{
				Checked{Writes: testWrites},
				Answered{At: at, Answer: Accepted, Said: ""},
				Seen{At: later, Values: []schema.Value{"", "", "s1"}, Unread: []bool{true, true, false}, Odd: []string{"/a: no number", "/b: no number"}},
			},
			State{
				Step: Ended, Outcome: Failed, Writes: testWrites, Sets: 1, Since: at, Answer: Accepted,
				Detail: "read back 0 of 3 leaves as planned: /a: no number, /b: no number and 1 more", Odd: []string{"/a: no number", "/b: no number"},
				Left: []string{"/a", "/b"},
			},
		},
		{
			"lost after the Set",
			[]Input{Checked{Writes: testWrites}, Answered{At: at, Answer: Lost, Said: "deadline"}, Gone{later, "no route"}},
			State{
				Step: Ended, Outcome: Unreachable, Writes: testWrites, Sets: 1, Since: at, Answer: Lost, Said: "deadline", Sent: true, Away: true,
				Detail: "the Set was sent (lost); the device could not be read since: no route",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s State
			for _, in := range tt.inputs {
				s = l.Next(s, in)
			}
			if diff := cmp.Diff(tt.want, s, cmpopts.IgnoreFields(State{}, "Journal")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A device's words are bounded, whatever it answers, and cut between letters.
func TestWordsAreBounded(t *testing.T) {
	s := Limits{}.Next(State{}, Barred{Reason: strings.Repeat("é", 5000)})
	if len(s.Detail) > 1010 || !strings.HasSuffix(s.Detail, "é…") {
		t.Errorf("%d bytes that end with %q", len(s.Detail), s.Detail[len(s.Detail)-8:])
	}
}
