package faults

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A fault is one way to break something. Its run breaks it, mends it, and puts what that has cost into the row.
type fault struct {
	name  string // as people call it
	done  string // what is done, in a few words
	dead  int    // dead letters that it makes, because it is to
	short bool   // part of the short form
	alone bool   // not beside others, for it measures how fast
	run   func(t *testing.T, r *row)
}

// all are the faults in the order of the table.
func all() []fault {
	return slices.Concat(handlerFaults, entryFaults, redisFaults, processFaults, storeFaults, postgresFaults, severalFaults, fabricFaults, stormFaults)
}

// inWorld is a fault in a world with one Redis, and the store in SQLite; finish judges what is left.
func inWorld(run func(w *world)) func(*testing.T, *row) {
	return func(t *testing.T, r *row) {
		w := newWorld(t, r)
		run(w)
		w.finish()
	}
}

// pick is one of two values by how much is asked for: all that the fault names, or the short form.
func pick[T any](long, short T) T {
	if *full {
		return long
	}
	return short
}

func TestFaults(t *testing.T) {
	begun := time.Now()
	for _, alone := range []bool{true, false} {
		name := "together"
		if alone {
			name = "alone"
		}
		t.Run(name, func(t *testing.T) {
			for i, f := range all() {
				if f.alone == alone && (*full || f.short) {
					t.Run(f.name, func(t *testing.T) {
						if !alone {
							t.Parallel()
						}
						f.test(t, i)
					})
				}
			}
		})
	}
	if err := printTable(); err != nil {
		t.Error(err)
	}
	if *output != "" {
		if err := writeTable(*output, time.Since(begun)); err != nil {
			t.Error(err)
		}
	}
}

func (f fault) test(t *testing.T, place int) {
	r := &row{name: f.name, done: f.done, intended: f.dead, place: place}
	begun := time.Now()
	t.Cleanup(func() { // last, when its processes have ended
		r.failed, r.took = t.Failed(), time.Since(begun)
		r.report()
	})
	f.run(t, r)
}

// Every fault that a reader of the list looks for is there once, and the short form has some of each kind.
func TestListOfFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, list := range [][]fault{handlerFaults, entryFaults, redisFaults, processFaults, storeFaults, postgresFaults, severalFaults, fabricFaults, stormFaults} {
		short := 0
		for _, f := range list {
			if seen[f.name] || f.name == "" || f.done == "" || strings.ContainsAny(f.name, "/\n") {
				t.Errorf("fault %q: its name is to be its own, and what is done said", f.name)
			}
			if seen[f.name] = true; f.short {
				short++
			}
		}
		if len(list) == 0 || short == 0 {
			t.Error("a kind of fault has none in the short form")
		}
	}
}
