package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
)

// A ruling is what was decided about one device's part of a plan.
type ruling struct {
	device  intent.DeviceName
	windows string // the names of those that concern the device
	fell    bool   // the last run that was to roll the intents out there did not work
	policy.Decision
}

// rule decides about each device of a plan by what the store says of it; f is what they have in common.
func (e *Engine) rule(ctx context.Context, p plan.Plan, f policy.Facts) ([]ruling, error) {
	var all []ruling
	var demands []policy.Demand
	if !f.Requested { // else they are counted where the run is committed
		r, err := e.approvals.Register(ctx)
		if err != nil {
			return nil, err
		}
		demands = r.Demands(p, "")
	}
	t, err := e.timing(ctx)
	if err != nil {
		return nil, err
	}
	var fell map[intent.DeviceName]string
	if f.Trigger == plan.ByIntent && !f.Requested {
		if fell, err = e.fellBack(ctx, p.Generation); err != nil {
			return nil, err
		}
	}
	for _, name := range p.Busy() {
		row, err := e.o.Store.Device(ctx, name)
		if err != nil {
			return nil, err
		}
		f := e.about(t, row, f)
		f.FellBack = fell[name]
		if f.AutoApply && f.Trigger == plan.ByIntent {
			back, err := e.wasReversed(ctx, name, p.Generation)
			if err != nil {
				return nil, err
			}
			f.AutoApply = !back
		}
		f.Approval = policy.StateFor(demands, name)
		if f.Deletes, err = e.deletion(ctx, p, name); err != nil {
			return nil, err
		}
		all = append(all, ruling{name, f.Windows.Names(), f.FellBack != "", policy.Decide(f)})
	}
	return all, nil
}

// deletion is what a plan deletes of a device, and what it may without anybody's word.
func (e *Engine) deletion(ctx context.Context, p plan.Plan, device intent.DeviceName) (policy.Deletion, error) {
	part, _ := p.Device(device)
	d := policy.Deletion{Leaves: part.Deleted()}
	if d.Leaves == 0 {
		return d, nil
	}
	target, err := e.o.Intents.Target(ctx, p.Generation, device)
	if err != nil {
		return d, err
	}
	owned, err := e.o.Store.Owned(ctx, device)
	if err != nil {
		return d, err
	}
	for _, l := range owned {
		if l.Applied {
			d.Of++
		}
	}
	d.Bounds = target.Model.Deletes
	return d, nil
}

// may returns the devices that were ruled to be written to now.
func may(rulings []ruling) []intent.DeviceName {
	var names []intent.DeviceName
	for _, r := range rulings {
		if r.Verdict == policy.Run {
			names = append(names, r.device)
		}
	}
	return names
}

// refused reports whether no device at all may be written to, even if somebody asks for it: now, or later too.
func refused(rulings []ruling, later bool) bool {
	return len(rulings) > 0 && !slices.ContainsFunc(rulings, func(r ruling) bool { return !r.Stopped() || later && r.Verdict == policy.Later })
}

// mostReasons is how many devices a reason names before it counts the rest.
const mostReasons = 3

// reasons says why devices are not written to now. What is the same for several of them is said once.
func reasons(rulings []ruling) string {
	var texts []string
	by := map[string][]string{}
	for _, r := range rulings {
		if r.Verdict == policy.Run {
			continue
		}
		if by[r.Reason] == nil {
			texts = append(texts, r.Reason)
		}
		by[r.Reason] = append(by[r.Reason], string(r.device))
	}
	var parts []string
	more := 0
	for i, text := range texts {
		names := by[text]
		if i >= mostReasons {
			more += len(names)
			continue
		}
		if n := len(names) - mostReasons; n > 0 {
			names = append(names[:mostReasons:mostReasons], fmt.Sprintf("%d more", n))
		}
		parts = append(parts, strings.Join(names, ", ")+": "+text)
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more devices", more))
	}
	return strings.Join(parts, "; ")
}

// joint returns the decision about a plan whose devices were all ruled alike: to run, or not to.
func joint(rulings []ruling) policy.Decision {
	for _, r := range rulings {
		if r.Verdict != policy.Run {
			return policy.Decision{Verdict: weakest(rulings), Rule: r.Rule, Reason: reasons(rulings)}
		}
	}
	if len(rulings) == 0 {
		return policy.Decision{Verdict: policy.Wait, Reason: "nothing to do"}
	}
	return rulings[0].Decision
}

// weakest is Later for rulings that all say so, else Wait.
func weakest(rulings []ruling) policy.Verdict {
	if slices.ContainsFunc(rulings, func(r ruling) bool { return r.Verdict != policy.Later }) {
		return policy.Wait
	}
	return policy.Later
}

// proposeRuled stores a plan. If only some of its devices may be written to at once, or have windows of their own, it becomes
// several: one that is run, and for each set of windows one that waits, so that nobody waits for somebody else's device.
func (e *Engine) proposeRuled(ctx context.Context, rulings []ruling, p proposal) error {
	groups := map[string][]ruling{}
	for _, r := range rulings {
		key := ""
		if r.Verdict != policy.Run {
			key = "waits " + r.windows
		}
		groups[key] = append(groups[key], r)
	}
	if len(groups) < 2 {
		p.decision = joint(rulings)
		_, _, err := e.propose(ctx, p)
		return err
	}
	whole := p.plan
	for i, key := range slices.Sorted(maps.Keys(groups)) {
		part, of := p, groups[key]
		part.decision = joint(of)
		part.plan = whole.Of(func(d plan.DevicePlan) bool {
			return d.Idle() && i == 0 || slices.ContainsFunc(of, func(r ruling) bool { return r.device == d.Device })
		})
		if _, _, err := e.propose(ctx, part); err != nil {
			return err
		}
	}
	return nil
}
