package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
)

// An Order is how a run goes over its devices. It is made when the run begins and recorded with it, so that whoever resumes
// the run does the same, whatever the intents say by then.
type Order struct {
	Stages      []Stage `json:"stages"`
	MaxFailures int     `json:"max_failures,omitempty"` // how many devices may fail before no further one is begun
	OnFailure   Mode    `json:"on_failure,omitempty"`   // as the Rollouts say, empty if none does
	Groups      []Group `json:"groups,omitempty"`
	Care        []Care  `json:"care,omitempty"`
}

// A Stage are devices that are begun only when every device of the stages before it is through.
type Stage struct {
	Devices  []intent.DeviceName `json:"devices"`
	Canary   bool                `json:"canary,omitempty"` // a failure ends the run, however many are allowed
	Parallel int                 `json:"parallel"`         // devices at once, at least 1
	Pause    time.Duration       `json:"pause,omitempty"`  // from its end until the next stage begins
	Why      string              `json:"why"`              // why these, for people
}

// A Group is a set of devices of which only some may be worked on at once: the spines, or the members of a multihomed LAG.
// A device whose soak or gates are not through is worked on still, and so is one of which nobody knows what it has.
type Group struct {
	Devices  []intent.DeviceName `json:"devices"`
	Together int                 `json:"together"` // at least 1
	Why      string              `json:"why,omitempty"`
}

// Care is what is done around the change of each of the devices, by the Rollout that chooses them.
type Care struct {
	Rollout string              `json:"rollout"`
	Devices []intent.DeviceName `json:"devices"`
	Drain   *fabric.Drain       `json:"drain,omitempty"`
	Gates   []fabric.Gate       `json:"gates,omitempty"`
	Soak    time.Duration       `json:"soak,omitempty"`
}

// CareOf returns what the device's Rollout says about it, the zero Care without one.
func (o *Order) CareOf(name intent.DeviceName) Care {
	if o != nil {
		for _, c := range o.Care {
			if slices.Contains(c.Devices, name) {
				return c
			}
		}
	}
	return Care{}
}

// Usual is what holds where no Rollout says anything.
type Usual struct {
	Parallel    int
	MaxFailures int
}

// Arrange returns the order in which a run goes over the devices, which are sorted: the canaries of all Rollouts, then the
// batches of each, then what no Rollout chooses. Of what holds for the run as a whole the most careful word counts.
func Arrange(f *fabric.Fabric, devices []intent.DeviceName, usual Usual) Order {
	a := arrangement{usual: usual, most: -1}
	left := slices.Clone(devices)
	var batches []Stage
	var free []intent.DeviceName // these may be worked on together with whatever else
	for _, r := range f.Rollouts {
		mine := both(left, r.Devices)
		if len(mine) == 0 {
			continue
		}
		left = without(left, mine)
		if r.Together {
			free = append(free, mine...)
		}
		a.heed(r, mine)
		batches = append(batches, a.rollout(r, mine)...)
	}
	a.order.Stages = append(a.order.Stages, batches...)
	if len(left) > 0 || len(a.order.Stages) == 0 {
		why := "no Rollout chooses them"
		if len(f.Rollouts) == 0 {
			why = "there is no Rollout"
		}
		a.order.Stages = append(a.order.Stages, Stage{Devices: left, Parallel: max(1, usual.Parallel), Why: why})
	}
	a.order.MaxFailures = a.most
	if a.most < 0 {
		a.order.MaxFailures = usual.MaxFailures
	}
	a.order.Groups = groups(f, without(devices, free))
	return a.order
}

// An arrangement is an Order in the making.
type arrangement struct {
	order Order
	usual Usual
	most  int // failures, negative while no Rollout says how many
}

// heed takes in what a Rollout says about the run as a whole, and about its devices one by one.
func (a *arrangement) heed(r fabric.Rollout, mine []intent.DeviceName) {
	if m := r.MaxFailures; m != nil && (a.most < 0 || *m < a.most) {
		a.most = *m
	}
	if slices.Index(Modes(), r.OnFailure) > slices.Index(Modes(), string(a.order.OnFailure)) {
		a.order.OnFailure = Mode(r.OnFailure)
	}
	a.order.Care = append(a.order.Care, Care{Rollout: r.Name, Devices: mine, Drain: r.Drain, Gates: r.Gates, Soak: r.Soak})
}

// rollout appends the canary of a Rollout to the order, and returns its batches.
func (a *arrangement) rollout(r fabric.Rollout, mine []intent.DeviceName) (batches []Stage) {
	stage := func(devices []intent.DeviceName, format string, args ...any) Stage {
		s := Stage{Devices: devices, Parallel: max(1, a.usual.Parallel), Pause: r.Pause, Why: fmt.Sprintf(format, args...)}
		if r.Parallel > 0 {
			s.Parallel = r.Parallel
		}
		return s
	}
	if c := r.Canary; c != nil {
		chosen, why := both(mine, c.Devices), fmt.Sprintf("canary of Rollout %s, %s:%d", r.Name, c.Source.File, c.Source.Line)
		if len(chosen) == 0 {
			chosen, why = mine[:1], why+"; nothing changes on those that it names, so the first of the others goes alone"
		}
		if c.Size > 0 && len(chosen) > c.Size {
			chosen = chosen[:c.Size]
		}
		s := stage(chosen, "%s", why)
		s.Canary = true
		a.order.Stages = append(a.order.Stages, s)
		mine = without(mine, chosen)
	}
	for i, b := range r.Batches {
		chosen := both(mine, b.Devices)
		mine = without(mine, chosen)
		size := b.Size
		if size == 0 {
			size = len(chosen)
		}
		for len(chosen) > 0 {
			n := min(size, len(chosen))
			batches = append(batches, stage(chosen[:n], "batch %d of Rollout %s, %s:%d", i+1, r.Name, b.Source.File, b.Source.Line))
			chosen = chosen[n:]
		}
	}
	switch {
	case len(mine) > 0 && len(r.Batches) > 0:
		batches = append(batches, stage(mine, "what the batches of Rollout %s leave", r.Name))
	case len(mine) > 0:
		batches = append(batches, stage(mine, "chosen by Rollout %s, %s:%d", r.Name, r.Source.File, r.Source.Line))
	}
	return batches
}

// groups are the devices whose work must not take a service away at once: the spines and the route reflectors, of which one
// must stay, and the members of each multihomed LAG, one after the other. Members that the run does not change are among them: another run
// may.
func groups(f *fabric.Fabric, devices []intent.DeviceName) []Group {
	var all []Group
	add := func(members []intent.DeviceName, together int, why string) {
		slices.Sort(members)
		g := Group{Devices: members, Together: max(1, together), Why: why}
		same := func(o Group) bool { return slices.Equal(o.Devices, g.Devices) && o.Together <= g.Together }
		if len(g.Devices) > g.Together && len(both(members, devices)) > 0 && !slices.ContainsFunc(all, same) {
			all = append(all, g)
		}
	}
	var spines, reflectors []intent.DeviceName
	for _, d := range f.Devices {
		if d.Role == intent.RoleSpine {
			spines = append(spines, d.Name)
		}
		if reflects(d) {
			reflectors = append(reflectors, d.Name)
		}
		if len(d.Multihomed) > 0 {
			add(append([]intent.DeviceName{d.Name}, d.Multihomed...), 1, "they share multihomed LAGs")
		}
	}
	add(spines, len(spines)-1, "one spine has to stay")
	add(reflectors, len(reflectors)-1, "one route reflector has to stay")
	return all
}

func reflects(d *fabric.Device) bool {
	for _, b := range d.BGP {
		if slices.ContainsFunc(b.Groups, func(g fabric.PeerGroup) bool { return g.ReflectTo }) {
			return true
		}
	}
	return false
}

// both are those of a that are in b too, in the order of a.
func both(a, b []intent.DeviceName) []intent.DeviceName {
	return slices.DeleteFunc(slices.Clone(a), func(n intent.DeviceName) bool { return !slices.Contains(b, n) })
}

func without(a, b []intent.DeviceName) []intent.DeviceName {
	return slices.DeleteFunc(slices.Clone(a), func(n intent.DeviceName) bool { return slices.Contains(b, n) })
}

// at is the first stage of which a device is not through; the last one if all are.
func (o *Order) at(all Stands) int {
	for i, stage := range o.Stages {
		for _, s := range all {
			if s.State.Step != Ended && slices.Contains(stage.Devices, s.Device) {
				return i
			}
		}
	}
	return len(o.Stages) - 1
}

func (o *Order) parallel(stage int) int {
	if stage < 0 {
		return 1
	}
	return o.Stages[stage].Parallel
}

func names(devices []intent.DeviceName) string {
	all := make([]string, 0, len(devices))
	for _, d := range devices {
		all = append(all, string(d))
	}
	return strings.Join(all, ", ")
}
