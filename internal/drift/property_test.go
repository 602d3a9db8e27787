package drift_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
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
		incremental(t, 40, rand.New(rand.NewPCG(seed, 2)))
	}
}

// FuzzIncremental lets the fuzzer choose what happens.
func FuzzIncremental(f *testing.F) {
	f.Add([]byte("a stranger changes a leaf"))
	f.Add([]byte{0, 1, 2, 3, 4, 5, 0xff, 0xfe, 0x80, 0x41, 9, 9, 9, 9, 9, 9})
	f.Fuzz(func(t *testing.T, data []byte) {
		incremental(t, min(len(data), 60), rand.New(&bytesSource{data: data}))
	})
}

// bytesSource is a rand.Source that repeats the fuzzer's bytes.
type bytesSource struct {
	data []byte
	n    int
}

func (b *bytesSource) Uint64() uint64 {
	var v uint64
	for i := range 8 {
		c := byte(b.n)
		if len(b.data) > 0 {
			c ^= b.data[(b.n+i)%len(b.data)]
		}
		v = v<<8 | uint64(c)
	}
	b.n++
	return v
}

func incremental(t *testing.T, steps int, rng *rand.Rand) {
	w := &world{t: t, rng: rng, table: tree.NewTable(roots), device: map[string]string{}, owned: map[string]string{}}
	s := drift.New(w.table)
	snapshot(s)
	for range steps {
		w.happen(s)
		for ; len(w.queue) > 0; w.queue = w.queue[1:] {
			s.Fold(w.queue[0])
		}
	}
	s.Expect(w.truth(w.tree(w.desired)))
	anew := *w
	anew.table = tree.NewTable(roots)
	fresh := drift.New(anew.table)
	fresh.Expect(anew.truth(anew.tree(anew.desired)))
	snapshot(fresh, anew.leaves()...)
	if diff := cmp.Diff(bare(fresh), bare(s)); diff != "" || fresh.Pending() != s.Pending() {
		t.Fatalf("pending %d anew, %d incremental (-anew +incremental):\n%s", fresh.Pending(), s.Pending(), diff)
	}
}

// leaves are all of the device's.
func (w *world) leaves() []tree.Leaf { return slices.Collect(w.tree(w.device).All()) }

// happen lets anything happen, a stranger's doing too, and the state hear of it.
func (w *world) happen(s *drift.State) {
	p := worldPaths[w.rng.IntN(len(worldPaths))]
	at, v := parse(w.t, p), fmt.Sprint(w.rng.IntN(3))
	switch w.rng.IntN(6) {
	case 0:
		w.act()
		s.Expect(w.truth(w.tree(w.desired)))
	case 1:
		w.device[p] = v
		s.Fold(tree.Update{Leaves: []tree.Leaf{leaf(w.t, p, v)}})
	case 2:
		cut := at.Parent().Parent()
		for _, q := range worldPaths {
			if parse(w.t, q).HasPrefix(cut) {
				delete(w.device, q)
			}
		}
		w.device[p] = v
		s.Fold(tree.Update{Deletes: []path.Path{cut}, Leaves: []tree.Leaf{leaf(w.t, p, v)}})
	case 3:
		delete(w.device, p)
		s.Fold(tree.Update{Deletes: []path.Path{at}})
	case 4:
		snapshot(s, w.leaves()...)
	case 5:
		s.Mark()
		s.Observe([]path.Path{{Origin: path.OpenConfig}}, w.tree(w.device), nil)
	}
}

func bare(s *drift.State) []string {
	found := s.Findings()
	for i := range found {
		found[i].Stale = false
	}
	return text(found)
}
