package fabric

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Rollout is in which order a run goes over devices that it changes, and how carefully. A device has at most one. Zero
// leaves a thing to the settings.
type Rollout struct {
	Name    string
	Source  tree.Source
	Devices []intent.DeviceName // sorted, never empty

	Canary      *RolloutPart // those that go first, nil for none
	Batches     []RolloutPart
	Parallel    int
	MaxFailures *int
	Pause       time.Duration // between batches
	OnFailure   string
	Together    bool // the members of a LAG, the spines and the route reflectors may all be worked on at once

	Drain *Drain // nil for none
	Gates []Gate
	Soak  time.Duration
}

// A RolloutPart are devices of a Rollout that go together.
type RolloutPart struct {
	Devices []intent.DeviceName // sorted
	Size    int                 // of a canary, how many of them; else how many at most in one batch; 0 for all
	Source  tree.Source
}

// A Drain is how traffic is steered away from a device before it is changed.
type Drain struct {
	Prepend int           // how often the device's own AS number stands before what it announces
	Wait    time.Duration // before the change
	Source  tree.Source
}

// A Gate is one thing that has to be well on a device after its change: the one that is set.
type Gate struct {
	BGP        bool
	Interfaces bool
	LLDP       bool
	Expr       string        // over the leaves under Paths
	Paths      []string      // in the grammar of path.Parse
	Within     time.Duration // until it is to be well, 0 for the readback window
	Source     tree.Source
}

// defaultPrepend makes a way longer than any that a leaf-spine fabric has.
const defaultPrepend = 3

// rollouts resolves the devices of each Rollout.
func (c *compiler) rollouts() []Rollout {
	var out []Rollout
	for _, doc := range c.set.Rollouts {
		s := &doc.Spec
		r := Rollout{
			Name: doc.Name, Source: doc.Source(), Devices: c.named(s.Devices), Parallel: s.Parallel, MaxFailures: s.MaxFailures,
			Pause: durationOf(s.PauseBetween), OnFailure: s.OnFailure, Together: s.Redundancy == "ignore", Soak: durationOf(s.Soak),
		}
		if n := s.Canary; n != nil {
			r.Canary = &RolloutPart{Devices: c.named(n.Selector()), Size: n.Count, Source: doc.Source("canary")}
		}
		for i, b := range s.Batches {
			r.Batches = append(r.Batches, RolloutPart{Devices: c.named(b.Selector()), Size: b.Size, Source: doc.Source("batches", i)})
		}
		if n := s.Drain; n != nil {
			r.Drain = &Drain{Prepend: n.Prepend, Wait: durationOf(n.Wait), Source: doc.Source("drain")}
			if r.Drain.Prepend == 0 {
				r.Drain.Prepend = defaultPrepend
			}
		}
		for i, g := range s.Gates {
			r.Gates = append(r.Gates, Gate{
				BGP: g.BGP, Interfaces: g.Interfaces, LLDP: g.LLDP, Expr: g.Expr, Paths: g.Paths, Within: durationOf(g.Within), Source: doc.Source("gates", i),
			})
		}
		out = append(out, r)
	}
	return out
}

func (c *compiler) named(sel *intent.Selector) []intent.DeviceName {
	var names []intent.DeviceName
	for _, d := range c.set.Select(sel) {
		names = append(names, intent.DeviceName(d.Name))
	}
	return names
}
