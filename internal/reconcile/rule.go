package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// A ruling is what was decided about one device's part of a plan.
type ruling struct {
	device intent.DeviceName
	policy.Decision
}

// rule decides about each device of a plan by what the store says of it; f is what they have in common.
func (e *Engine) rule(ctx context.Context, p plan.Plan, f policy.Facts) ([]ruling, error) {
	var all []ruling
	for _, name := range busyDevices(p) {
		row, err := e.o.Store.Device(ctx, name)
		if err != nil {
			return nil, err
		}
		f := e.about(row, f)
		if f.Deletes, err = e.deletion(ctx, p, name); err != nil {
			return nil, err
		}
		all = append(all, ruling{name, policy.Decide(f)})
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

// about adds to f what a device's row says. A person's request is not denied for what the device was at its last
// contact: the run asks it.
func (e *Engine) about(row view.Device, f policy.Facts) policy.Facts {
	f.Device, f.Now, f.Enrolled = row.Name, e.now(), !row.Enrolled.IsZero()
	f.HeldUntil, f.HeldReason = row.HeldUntil, row.HeldReason
	if !f.Requested {
		f.Mismatch = row.Mismatch
	}
	return f
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

// refused reports whether no device at all may be written to, even if somebody asks for it.
func refused(rulings []ruling) bool {
	return len(rulings) > 0 && !slices.ContainsFunc(rulings, func(r ruling) bool { return r.Verdict != policy.Refuse })
}

// mostReasons is how many devices a reason names before it counts the rest.
const mostReasons = 3

// reasons says why devices are not written to now.
func reasons(rulings []ruling) string {
	var parts []string
	for _, r := range rulings {
		if r.Verdict != policy.Run {
			parts = append(parts, fmt.Sprintf("%s: %s", r.device, r.Reason))
		}
	}
	if more := len(parts) - mostReasons; more > 0 {
		parts = append(parts[:mostReasons], fmt.Sprintf("and %d more devices", more))
	}
	return strings.Join(parts, "; ")
}

// joint returns the decision about a plan whose devices were all ruled alike: to run, or not to.
func joint(rulings []ruling) policy.Decision {
	for _, r := range rulings {
		if r.Verdict != policy.Run {
			return policy.Decision{Verdict: policy.Wait, Rule: r.Rule, Reason: reasons(rulings)}
		}
	}
	if len(rulings) == 0 {
		return policy.Decision{Verdict: policy.Wait, Reason: "nothing to do"}
	}
	return rulings[0].Decision
}

// proposeRuled stores a plan. If only some of its devices may be written to at once, it becomes two: one that is run, and
// one that waits, so that nobody waits for somebody else's device.
func (e *Engine) proposeRuled(ctx context.Context, rulings []ruling, p proposal) error {
	now := may(rulings)
	if len(now) == 0 || len(now) == len(rulings) {
		p.decision = joint(rulings)
		_, _, err := e.propose(ctx, p)
		return err
	}
	whole := p.plan
	for _, run := range []bool{true, false} {
		part := p
		var of []ruling
		for _, r := range rulings {
			if (r.Verdict == policy.Run) == run {
				of = append(of, r)
			}
		}
		part.decision = joint(of)
		part.plan = whole.Of(func(d plan.DevicePlan) bool { return run == (d.Idle() || slices.Contains(now, d.Device)) })
		if _, _, err := e.propose(ctx, part); err != nil {
			return err
		}
	}
	return nil
}
