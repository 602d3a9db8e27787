package run

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// A rolloutWatch looks at the order in which a run goes over its devices, and at what is under way at once.
type rolloutWatch struct {
	through  map[int]time.Time // when the last device of a stage was seen to be through
	hurried  map[int]bool      // somebody ended the pause before this stage
	allowed  int               // devices that may have failed in the end, 0 while not too many have
	canaries bool              // a canary went wrong
	most     int               // devices under way at once
}

// all are the devices of all stages, sorted.
func (o *Order) all() []intent.DeviceName {
	var all []intent.DeviceName
	for _, s := range o.Stages {
		all = append(all, s.Devices...)
	}
	slices.Sort(all)
	return all
}

// between does what a turn between two stages says: it records it; a pause ends in time, or by somebody's word.
func (w *sagaWorld) between(t Turn) {
	switch {
	case t.Stage > 0:
		if t.Stage != w.saga.Stage+1 {
			w.broken = fmt.Sprintf("stage %d after %d", t.Stage, w.saga.Stage)
		}
		w.saga.Stage = t.Stage
	case t.Rest != nil:
		w.saga.Rest = t.Rest
	case w.words > 0 && w.pick(2) == 1:
		w.words--
		w.saga.Rest = &Rest{Before: w.saga.Rest.Before, Until: w.now}
		w.rollout.hurried[w.saga.Rest.Before-1] = true
	default:
		w.now = t.Until
	}
}

func (r *rolloutWatch) prepare() {
	if r.through == nil {
		r.through, r.hurried = map[int]time.Time{}, map[int]bool{}
	}
}

func (w *sagaWorld) failures() (failed int) {
	for _, n := range w.names {
		if s := w.states[n]; s.Step == Ended && s.Outcome == Failed {
			failed++
		}
	}
	return failed
}

// starts looks at what is to be begun: that it is time for it, and that nothing stands against it.
func (r *rolloutWatch) starts(w *sagaWorld, t Turn) {
	r.prepare()
	for _, n := range t.Start {
		if w.states[n].Begun() {
			continue
		}
		stage := slices.IndexFunc(w.saga.Order.Stages, func(s Stage) bool { return slices.Contains(s.Devices, n) })
		switch {
		case w.saga.Aborted != nil || w.saga.Back != "" || w.saga.Paused != nil:
			w.broken = fmt.Sprintf("%s: begun although the run was stopped", n)
		case w.failures() > w.saga.Order.MaxFailures:
			w.broken = fmt.Sprintf("%s: begun after %d failures", n, w.failures())
		case stage+1 != w.saga.Stage:
			w.broken = fmt.Sprintf("%s: begun in stage %d, recorded is %d", n, stage+1, w.saga.Stage)
		}
		for i, s := range w.saga.Order.Stages[:stage] {
			done := 0
			for _, before := range s.Devices {
				st := w.states[before]
				switch {
				case st.Step != Ended:
					w.broken = fmt.Sprintf("%s: begun while %s of an earlier stage is at %q", n, before, st.Step)
				case st.Outcome == Done:
					done++
				case st.Outcome == Failed && s.Canary:
					w.broken = fmt.Sprintf("%s: begun after the canary %s failed", n, before)
				}
			}
			if s.Canary && done == 0 {
				w.broken = fmt.Sprintf("%s: begun after a canary of which nobody knows anything", n)
			}
			if early := r.through[i].Add(s.Pause); i == stage-1 && w.now.Before(early) && !r.hurried[stage] {
				w.broken = fmt.Sprintf("%s: begun %s too early", n, early.Sub(w.now))
			}
		}
	}
}

// look looks at what is under way, whether or not a process works on it, and at devices of which nobody knows what they have.
func (r *rolloutWatch) look(w *sagaWorld) {
	r.prepare()
	busy := func(n intent.DeviceName) bool { return w.states[n].Begun() || slices.Contains(w.running, n) }
	var under []intent.DeviceName
	for _, n := range w.names {
		if busy(n) {
			under = append(under, n)
		}
	}
	r.most = max(r.most, len(under))
	for _, g := range w.saga.Order.Groups {
		away := 0
		for _, n := range g.Devices {
			s := w.states[n]
			if busy(n) || s.Step == Ended && w.device[n] == "s2" && s.Outcome != Done {
				away++
			}
		}
		if away > g.Together && len(w.undone) == 0 {
			w.broken = fmt.Sprintf("%d of %v at once: %v", away, g.Devices, under)
		}
	}
	if r.allowed == 0 && w.failures() > w.saga.Order.MaxFailures {
		r.allowed = w.failures() + len(under)
	}
}

// ended looks at which stages are through, and at canaries that went wrong.
func (r *rolloutWatch) ended(w *sagaWorld) {
	r.prepare()
	for i, s := range w.saga.Order.Stages {
		open := slices.ContainsFunc(s.Devices, func(n intent.DeviceName) bool { return w.states[n].Step != Ended })
		if _, seen := r.through[i]; !seen && !open {
			r.through[i] = w.now
		}
		for _, n := range s.Devices {
			r.canaries = r.canaries || s.Canary && w.states[n].Outcome == Failed
		}
	}
}

// promises are what holds of the order of every run that is over.
func (r *rolloutWatch) promises(w *sagaWorld) error {
	if r.allowed > 0 && w.failures() > r.allowed && len(w.undone) == 0 {
		return fmt.Errorf("%d devices failed, %d may have", w.failures(), r.allowed)
	}
	for i, s := range w.saga.Order.Stages {
		for _, n := range s.Devices {
			if st := w.states[n]; i >= w.saga.Stage && (st.Sets > 0 || st.Outcome != Skipped) {
				return fmt.Errorf("%s: %s with %d Sets, and its stage was never begun", n, st.Outcome, st.Sets)
			}
			if st := w.states[n]; r.canaries && !s.Canary && (st.Sets > 0 || w.device[n] != "s1") {
				return fmt.Errorf("%s: touched, and the canary failed", n)
			}
		}
	}
	return nil
}

// TestEveryRollout walks every way in which runs with a canary, batches, pauses and redundant devices may go, with the process killed
// at every step, faults, strangers and words from people, and checks that the canary comes before the others, batches and pauses are kept,
// never both of a pair are away, no more fail than may, and nothing begins after a stop.
func TestEveryRollout(t *testing.T) {
	a, b, c, d := sagaNames[0], sagaNames[1], sagaNames[2], sagaNames[3]
	type devices = []intent.DeviceName
	pair := []Group{{Devices: devices{a, b}, Together: 1}}
	canary := []Stage{{Devices: devices{a}, Canary: true, Parallel: 1, Pause: 10 * time.Second}, {Devices: devices{b, c}, Parallel: 2}}
	batches := []Stage{{Devices: devices{b}, Parallel: 1, Pause: 5 * time.Second}, {Devices: devices{a}, Parallel: 1, Pause: 5 * time.Second}, {Devices: devices{c}, Parallel: 1}}
	together := []Stage{{Devices: devices{a, b, c}, Parallel: 3}}
	two := []Stage{{Devices: devices{a, b}, Parallel: 2}, {Devices: devices{c}, Parallel: 2}}
	four := []Stage{{Devices: devices{a}, Parallel: 1}, {Devices: devices{b}, Parallel: 1}, {Devices: devices{c}, Parallel: 1}, {Devices: devices{d}, Parallel: 1}}
	for _, tt := range []struct {
		name          string
		order         Order
		mode          Mode
		faults, words int
		most          int // devices under way at once
	}{
		{"canary", Order{Stages: canary}, RollbackDevice, 1, 0, 2},
		{"canary and words", Order{Stages: []Stage{canary[0], {Devices: devices{b}, Parallel: 1}}}, RollbackDevice, 1, 1, 1},
		{"canary that fails for good", Order{Stages: canary[:1:1]}, RollbackDevice, 3, 0, 1},
		{"canary, all or nothing", Order{Stages: canary}, RollbackAll, 1, 0, 2},
		{"canary, left as it is", Order{Stages: canary}, StopThere, 1, 0, 2},
		{"batches with pauses and words", Order{Stages: batches}, RollbackDevice, 0, 2, 1},
		{"batches, all or nothing", Order{Stages: batches}, RollbackAll, 2, 0, 1},
		{"a pair", Order{Stages: together, Groups: pair, MaxFailures: 3}, RollbackDevice, 1, 0, 2},
		{"a pair in one batch", Order{Stages: []Stage{{Devices: devices{a, b}, Parallel: 2}}, Groups: pair, MaxFailures: 2}, StopThere, 3, 0, 1},
		{"a pair and words", Order{Stages: []Stage{{Devices: devices{a, b}, Parallel: 2}}, Groups: pair, MaxFailures: 2}, RollbackAll, 1, 1, 1},
		{"a pair over two batches", Order{Stages: []Stage{{Devices: devices{a}, Parallel: 1}, {Devices: devices{b}, Parallel: 1}}, Groups: pair, MaxFailures: 2}, StopThere, 3, 0, 1},
		{"two at once, of which both may fail", Order{Stages: two}, RollbackDevice, 1, 0, 2},
		{"failures that are allowed", Order{Stages: four, MaxFailures: 1}, RollbackDevice, 2, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ch := &chooser{}
			seen, walks, most := map[Result]int{}, 0, 0
			for more := true; more; more = ch.next() {
				w := newSagaWorld(ch, tt.mode, &tt.order, tt.faults, tt.words)
				steps := 0
				for ; steps < 300 && !w.step(); steps++ {
				}
				if err := w.promises(); err != nil || steps == 300 {
					t.Fatalf("%d steps, choices %v: %v\n%s", steps, ch.picks, err, w)
				}
				seen[w.saga.Result(w.stands())]++
				walks++
				most = max(most, w.rollout.most)
			}
			t.Logf("%d walks: %v", walks, seen)
			if seen[ResultDone] == 0 || tt.faults > 0 && len(seen) == 1 || most != tt.most {
				t.Errorf("no walk ended well, or all did, or %d at once: %v", most, seen)
			}
		})
	}
}
