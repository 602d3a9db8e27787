package intent

import (
	"github.com/tenter-net/tenter/internal/condition"
	"github.com/tenter-net/tenter/internal/path"
)

// RolloutSpec is the spec of a Rollout: in which order a run goes over the devices that it changes, and how carefully. A
// device has at most one; what no Rollout chooses comes last, as the settings say.
type RolloutSpec struct {
	// All devices if absent.
	Devices *Selector `json:"devices,omitempty"`
	// Devices that go first, and alone: if one of them fails, no other is begun.
	Canary *CanarySpec `json:"canary,omitempty"`
	// The batches after the canary, in this order; what they leave is the last one.
	Batches []BatchSpec `json:"batches,omitempty"`
	// Devices at once.
	Parallel int `json:"parallel,omitempty" jsonschema:"minimum=1,maximum=1000"`
	// Devices that may fail before no further one is begun.
	MaxFailures *int `json:"maxFailures,omitempty" jsonschema:"minimum=0,maximum=1000"`
	// How long to wait after a batch before the next one begins.
	PauseBetween Duration `json:"pauseBetween,omitempty"`
	// stop: leave what failed as it is; rollback-device: put it back; rollback-all: put everything back, the last first.
	OnFailure string `json:"onFailure,omitempty" jsonschema:"enum=stop,enum=rollback-device,enum=rollback-all"`
	// keep, the default: never all members of a multihomed LAG, all spines or all route reflectors at once; ignore: they may be.
	Redundancy string `json:"redundancy,omitempty" jsonschema:"enum=keep,enum=ignore"`
	// Steer traffic away from a device before it is changed, and back after.
	Drain *DrainSpec `json:"drain,omitempty"`
	// What has to be well on a device after its change, before the run goes on.
	Gates []GateSpec `json:"gates,omitempty"`
	// How long a device is watched after its change; at least the longest time in which a failure of what was changed is noticed.
	Soak Duration `json:"soak,omitempty"`
}

// CanarySpec says which devices go first: those that are named or carry the labels, or as many as Count of these or of all.
type CanarySpec struct {
	// Devices by name.
	Names []DeviceName `json:"names,omitempty"`
	// Devices that carry all of these labels.
	Labels map[string]string `json:"labels,omitempty"`
	// No more than so many of them.
	Count int `json:"count,omitempty" jsonschema:"minimum=1,maximum=1000"`
}

// BatchSpec takes devices out of what the entries before it have left: those that are named or carry the labels, else all.
type BatchSpec struct {
	// Devices by name.
	Names []DeviceName `json:"names,omitempty"`
	// Devices that carry all of these labels.
	Labels map[string]string `json:"labels,omitempty"`
	// As many batches as it takes for no more than so many devices in one.
	Size int `json:"size,omitempty" jsonschema:"minimum=1,maximum=1000"`
}

// DrainSpec says how traffic is steered away from a device. It is for devices that others can go around: spines.
type DrainSpec struct {
	// How often the device puts its own AS number before the routes that it announces; 3 if absent.
	Prepend int `json:"prepend,omitempty" jsonschema:"minimum=1,maximum=10"`
	// How long the others have to find other ways before the device is changed.
	Wait Duration `json:"wait,omitempty"`
}

// GateSpec is one thing that has to be well; a gate has one of bgp, interfaces, lldp and expr.
type GateSpec struct {
	// BGP sessions that were up before the change are up after it, except those that the plan removes.
	BGP bool `json:"bgp,omitempty"`
	// Interfaces that were up before the change are up after it, except those that the plan shuts or removes.
	Interfaces bool `json:"interfaces,omitempty"`
	// Neighbours that LLDP saw before the change are seen after it.
	LLDP bool `json:"lldp,omitempty"`
	// CEL expression over the leaves under paths; true is well.
	Expr string `json:"expr,omitempty"`
	// Subtrees that expr reads.
	Paths []string `json:"paths,omitempty"`
	// How long the device has until the gate is to be well.
	Within Duration `json:"within,omitempty"`
}

// Selector is what the canary is chosen from by name and label, nil for every device.
func (c *CanarySpec) Selector() *Selector { return selectorOf(c.Names, c.Labels) }

// Selector is what the batch is chosen from, nil for every device.
func (b *BatchSpec) Selector() *Selector { return selectorOf(b.Names, b.Labels) }

// says reports whether a mapping in the spec has a key, even one whose value could not be read.
func (d *Document) says(at At, key string) bool {
	_, v := lookup(d.node(append(At{"spec"}, at...)), key)
	return v != nil
}

func selectorOf(names []DeviceName, labels map[string]string) *Selector {
	if len(names) == 0 && len(labels) == 0 {
		return nil
	}
	return &Selector{Names: names, Labels: labels}
}

// rollouts checks that each device has one Rollout at most, and that all that one names is there.
func (c *checker) rollouts() {
	first := map[string]*Rollout{}
	for _, r := range c.Rollouts {
		c.selector(r.Document, r.Spec.Devices)
		for _, d := range c.Select(r.Spec.Devices) {
			if o := first[d.Name]; o != nil {
				c.add(r.Errorf(CodeRolloutTwice, At{"devices"}, "Rollouts %q and %q both choose %s", o.Name, r.Name, d.Name).WithRelated(o.Source("devices"), o.Name))
				break // one is enough to see what is wrong
			}
			first[d.Name] = r
		}
		if n := r.Spec.Canary; n != nil {
			c.part(r, At{"canary"}, n.Selector())
			if n.Selector() == nil && n.Count == 0 && !r.says(At{"canary"}, "count") {
				c.add(r.Errorf(CodeCombination, At{"canary"}, "a canary has names, labels or a count"))
			}
		}
		for i, b := range r.Spec.Batches {
			c.part(r, At{"batches", i}, b.Selector())
			if b.Selector() == nil && i < len(r.Spec.Batches)-1 {
				c.add(r.Errorf(CodeUnreachable, At{"batches", i}, "this batch takes every device that is left, and leaves none to the next").
					WithHint("names or labels; without them it is the last one"))
			}
		}
		for i, g := range r.Spec.Gates {
			c.gate(r, At{"gates", i}, g)
		}
		if r.Spec.Drain != nil {
			c.drain(r)
		}
	}
}

// drain checks that routes can lead around the devices: traffic of hosts enters a leaf by its ports, whatever it announces.
func (c *checker) drain(r *Rollout) {
	spines := 0
	for _, d := range c.Devices {
		if Role(d) == RoleSpine {
			spines++
		}
	}
	for _, d := range c.Select(r.Spec.Devices) {
		switch {
		case Role(d) == RoleLeaf:
			c.add(r.Errorf(CodeDrain, At{"drain"}, "%s cannot be drained: hosts are on its ports, and no route leads them around it", d.Name).
				WithHint("devices: {labels: {role: spine}}, and a Rollout without drain for the leaves"))
			return
		case spines == 1 && !c.lost:
			c.add(r.Errorf(CodeDrain, At{"drain"}, "%s cannot be drained: it is the only spine", d.Name))
		}
	}
}

// gate checks that a gate asks for one thing.
func (c *checker) gate(r *Rollout, at At, g GateSpec) {
	kinds := 0
	for _, k := range []bool{g.BGP, g.Interfaces, g.LLDP, r.says(at, "expr")} {
		if k {
			kinds++
		}
	}
	if kinds != 1 {
		c.add(r.Errorf(CodeCombination, at, "a gate has one of bgp, interfaces, lldp and expr"))
	}
	if (len(g.Paths) > 0) != (g.Expr != "") && kinds == 1 {
		c.add(r.Errorf(CodeCombination, at, "expr reads the leaves under paths, and paths belong to expr"))
	}
	c.condition(r.Document, append(at, "expr"), g.Expr, GateVars())
	for i, p := range g.Paths {
		if _, err := path.Parse(p); err != nil {
			c.path(r.Document, append(at, "paths", i), err)
		}
	}
}

// GateVars are what the expression of a gate may use.
func GateVars() []condition.Var {
	return []condition.Var{
		{Name: "leaves", Type: condition.Leaves, Doc: "the leaves under paths, by their path, after the change"},
		{Name: "before", Type: condition.Leaves, Doc: "the same leaves before the change"},
	}
}

// part reports a part of a Rollout that chooses none of its devices, or names some that are not its own.
func (c *checker) part(r *Rollout, at At, sel *Selector) {
	if sel == nil || c.lost {
		return
	}
	ok := true
	for i, n := range sel.Names {
		d := c.device(r.Document, append(at, "names", i), n)
		switch {
		case d == nil:
			ok = false
		case r.Spec.Devices != nil && !r.Spec.Devices.matches(d):
			ok = false
			c.add(r.Errorf(CodeNothing, append(at, "names", i), "%s is not among the devices of this Rollout", n))
		}
	}
	for _, d := range c.Select(sel) {
		if r.Spec.Devices == nil || r.Spec.Devices.matches(d) {
			return
		}
	}
	if ok {
		c.add(r.Errorf(CodeNothing, at, "this chooses none of the devices of this Rollout"))
	}
}
