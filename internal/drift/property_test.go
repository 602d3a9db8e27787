package drift_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

// A world is a device, a store and a run, of which the State under test hears late and in any order that the
// protocol allows: the device's notifications in their own order, and the store's truth whenever somebody looks.
type world struct {
	t       *testing.T
	rng     *rand.Rand
	table   *tree.Table
	desired map[string]string
	device  map[string]string
	owned   map[string]string
	flight  []drift.Write
	queue   []tree.Update // streamed, not folded yet
	step    int           // of the run: 0 none, 1 recorded, 2 sent
	target  map[string]string
}

var worldPaths = []string{eth1Desc, eth2Desc, login, vlan40, vlan99}

func (w *world) tree(of map[string]string) *tree.Tree {
	var leaves []tree.Leaf
	for _, p := range worldPaths {
		if v, ok := of[p]; ok {
			leaves = append(leaves, leaf(w.t, p, v))
		}
	}
	return build(w.t, w.table, leaves...)
}

// truth is what the store says now.
func (w *world) truth(desired *tree.Tree) drift.Expected {
	e := drift.Expected{Desired: desired, InFlight: w.flight, Scope: scoped(w.t, "/network-instances/**", "own")}
	for _, p := range worldPaths {
		if v, ok := w.owned[p]; ok {
			e.Owned = append(e.Owned, drift.Owned{Path: parse(w.t, p), Value: leaf(w.t, p, v).Value, Applied: true})
		}
	}
	return e
}

// act lets one thing happen that is none of a stranger's doing.
func (w *world) act() {
	switch w.rng.IntN(4) {
	case 0: // new intent
		next := map[string]string{}
		for _, p := range worldPaths {
			if w.rng.IntN(3) > 0 {
				next[p] = fmt.Sprint(w.rng.IntN(3))
			}
		}
		w.desired = next
	default: // a run goes on, however far it is
		w.run()
	}
}

func (w *world) run() {
	switch w.step {
	case 0:
		w.target = w.desired
		for _, p := range worldPaths {
			before, was := w.device[p]
			after, is := w.target[p]
			if was == is && before == after {
				continue
			}
			wr := drift.Write{Path: parse(w.t, p)}
			if was {
				wr.Before = leaf(w.t, p, before).Value
			}
			if is {
				wr.After = leaf(w.t, p, after).Value
			}
			w.flight = append(w.flight, wr)
		}
		w.step = 1
	case 1:
		for _, wr := range w.flight {
			u := tree.Update{Time: time.Unix(1, 0)}
			if wr.After == "" {
				delete(w.device, wr.Path.String())
				u.Deletes = []path.Path{wr.Path}
			} else {
				w.device[wr.Path.String()] = wr.After.Text()
				u.Leaves = []tree.Leaf{{Path: wr.Path, Value: wr.After}}
			}
			w.queue = append(w.queue, u)
		}
		w.step = 2
	case 2:
		w.owned = map[string]string{}
		for p, v := range w.target {
			w.owned[p] = v
		}
		w.flight, w.step = nil, 0
	}
}

// judge is what the monitor does before it says anything: load what the store has, read what is stale, and look.
func (w *world) judge(s *drift.State) []string {
	s.Expect(w.truth(w.tree(w.desired)))
	for range 3 {
		var stale []path.Path
		for _, f := range s.Findings() {
			stale = append(stale, f.Path)
		}
		if len(stale) == 0 {
			return nil
		}
		s.Mark()
		b := tree.NewBuilder(w.table)
		for l := range w.tree(w.device).All() {
			for _, p := range stale {
				if l.Path.HasPrefix(p) {
					_ = b.Set(l)
				}
			}
		}
		s.Observe(stale, b.Build(), nil)
	}
	return text(s.Findings())
}

func TestOwnWorkIsNeverDrift(t *testing.T) {
	for seed := range uint64(300) {
		w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), table: tree.NewTable(roots), device: map[string]string{}, owned: map[string]string{}}
		s := drift.New(w.table)
		snapshot(s)
		for range 60 {
			switch w.rng.IntN(4) {
			case 0, 1:
				w.act()
			case 2:
				if len(w.queue) > 0 {
					for _, f := range s.Fold(w.queue[0]).Changed {
						if len(f.Path.Elems) == 0 {
							t.Fatalf("seed %d: a change of no leaf", seed)
						}
					}
					w.queue = w.queue[1:]
				}
			case 3:
				if found := w.judge(s); len(found) > 0 {
					t.Fatalf("seed %d: drift though nobody else was there: %q", seed, found)
				}
			}
		}
		// And a stranger is still found.
		for len(w.queue) > 0 {
			s.Fold(w.queue[0])
			w.queue = w.queue[1:]
		}
		w.device[vlan99] = "stranger"
		s.Fold(tree.Update{Leaves: []tree.Leaf{leaf(t, vlan99, "stranger")}})
		if found := w.judge(s); len(found) != 1 && w.desired[vlan99] == w.owned[vlan99] {
			t.Fatalf("seed %d: a stranger's change: %q", seed, found)
		}
	}
}

// TestIncrementalEqualsAnew folds random updates and swaps, and compares with a State that sees the result at once.
func TestIncrementalEqualsAnew(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		w := &world{t: t, rng: rng, table: tree.NewTable(roots), device: map[string]string{}, owned: map[string]string{}}
		s := drift.New(w.table)
		snapshot(s)
		for range 40 {
			p := worldPaths[rng.IntN(len(worldPaths))]
			v := fmt.Sprint(rng.IntN(3))
			switch rng.IntN(6) {
			case 0:
				w.act()
				s.Expect(w.truth(w.tree(w.desired)))
			case 1:
				w.device[p] = v
				s.Fold(tree.Update{Leaves: []tree.Leaf{leaf(t, p, v)}})
			case 2:
				cut := parse(t, p).Parent().Parent()
				for _, q := range worldPaths {
					if parse(t, q).HasPrefix(cut) {
						delete(w.device, q)
					}
				}
				w.device[p] = v
				s.Fold(tree.Update{Deletes: []path.Path{cut}, Leaves: []tree.Leaf{leaf(t, p, v)}})
			case 3:
				delete(w.device, p)
				s.Fold(tree.Update{Deletes: []path.Path{parse(t, p)}})
			case 4:
				var all []tree.Leaf
				for l := range w.tree(w.device).All() {
					all = append(all, l)
				}
				snapshot(s, all...)
			case 5:
				s.Mark()
				s.Observe([]path.Path{{Origin: path.OpenConfig}}, w.tree(w.device), nil)
			}
			for ; len(w.queue) > 0; w.queue = w.queue[1:] {
				s.Fold(w.queue[0])
			}
		}
		s.Expect(w.truth(w.tree(w.desired)))
		other := *w
		other.table = tree.NewTable(roots)
		fresh := drift.New(other.table)
		fresh.Expect(other.truth(other.tree(other.desired)))
		var all []tree.Leaf
		for l := range other.tree(other.device).All() {
			all = append(all, l)
		}
		snapshot(fresh, all...)
		if diff := cmp.Diff(bare(fresh), bare(s)); diff != "" || fresh.Pending() != s.Pending() {
			t.Fatalf("seed %d: pending %d anew, %d incremental (-anew +incremental):\n%s", seed, fresh.Pending(), s.Pending(), diff)
		}
	}
}

func bare(s *drift.State) []string {
	found := s.Findings()
	for i := range found {
		found[i].Stale = false
	}
	return text(found)
}
