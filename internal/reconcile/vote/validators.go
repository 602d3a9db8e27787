package vote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
)

// The validators, by the names that they vote under.
const (
	validSchema = "schema" // the plan is of the intents in force, and each change is one of a leaf that the device has
	validPolicy = "policy" // holds, enrolment, scope and what is protected let at least one device be written to
	validDevice = "device" // at least one device can be asked, and is the one that was enrolled
)

var validators = []string{validSchema, validPolicy, validDevice}

// mostReads is how many devices are asked at the same time.
const mostReads = 16

// mostReasons is how many devices a reason names before it counts the rest.
const mostReasons = 3

// schema checks that the plan is of the intents in force and that devices have what it changes.
func (p *Panel) schema(ctx context.Context, b ballot) (vote, error) {
	g, err := p.o.Intents.Current(ctx)
	if err != nil {
		return vote{}, err
	}
	if moved, err := p.o.Judge.Unbound(ctx, b.plan); err != nil || moved != "" {
		v := no(moved)
		v.stale = true
		return v, err
	}
	for _, d := range b.plan.Devices {
		if len(d.Changes) == 0 {
			continue
		}
		if wanted, err := p.o.Intents.Wants(ctx, g, d.Device); err != nil || !wanted {
			if err != nil {
				return vote{}, err
			}
			continue // the run refuses it, and says so
		}
		t, err := p.o.Intents.Device(ctx, g, d.Device)
		if err != nil {
			return vote{}, err
		}
		for _, ch := range d.Changes {
			at, err := path.Parse(ch.Path)
			if err == nil {
				_, err = t.Table.Roots().Normalize(at)
			}
			if err != nil {
				return no(fmt.Sprintf("%s: %s: %v", d.Device, ch.Path, err)), nil
			}
		}
	}
	return yes(""), nil
}

// policy walks the table of what can stop a write, and checks that nothing outside of scope is written nor anything
// protected deleted. What stands against some of the devices only is left by the run.
func (p *Panel) policy(ctx context.Context, b ballot) (vote, error) {
	ruled, err := p.o.Judge.Rule(ctx, b.plan, b.Asking)
	if err != nil {
		return vote{}, err
	}
	if ruled.Refused {
		return no(ruled.Reasons), nil
	}
	g, err := p.o.Intents.Current(ctx)
	if err != nil {
		return vote{}, err
	}
	for _, d := range b.plan.Devices {
		if wanted, err := p.o.Intents.Wants(ctx, g, d.Device); err != nil || !wanted || d.Idle() {
			if err != nil {
				return vote{}, err
			}
			continue
		}
		t, err := p.o.Intents.Device(ctx, g, d.Device)
		if err != nil {
			return vote{}, err
		}
		if why, err := outside(t, d); err != nil || why != "" {
			return no(fmt.Sprintf("%s: %s", d.Device, why)), err
		}
	}
	return yes(ruled.Reasons), nil
}

// outside says what a plan does to a device that it must not, empty for nothing.
func outside(t Device, d plan.DevicePlan) (string, error) {
	scope, err := plan.NewScope(t.Model.Scope)
	if err != nil {
		return "", err
	}
	protected, err := plan.NewProtection(t.Profile, t.Model)
	if err != nil {
		return "", err
	}
	for _, text := range slices.Concat(d.Deletes, d.Replaces) {
		p, err := path.Parse(text)
		switch {
		case err != nil:
			return "", err
		case protected.Covers(p):
			return text + " is protected and not to be deleted", nil
		case !scope.Writes(p):
			return text + " is out of scope", nil
		}
	}
	return "", nil
}

// device asks every device of the plan what it is. Each has half of the time, so that one that does not answer does not
// keep the validator from saying so.
func (p *Panel) device(ctx context.Context, b ballot) (vote, error) {
	names := b.plan.Busy()
	against := make([]string, len(names))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	free := make(chan struct{}, mostReads)
	ctx, cancel := context.WithTimeout(ctx, b.within/2)
	defer cancel()
	for i, name := range names {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			against[i], errs[i] = p.against(ctx, name)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return vote{}, err
	}
	said := slices.DeleteFunc(slices.Clone(against), func(s string) bool { return s == "" })
	text := strings.Join(said[:min(len(said), mostReasons)], "; ")
	if more := len(said) - mostReasons; more > 0 {
		text += fmt.Sprintf("; and %d more devices", more)
	}
	if len(names) > 0 && len(said) == len(names) {
		return no(text), nil
	}
	return yes(text), nil
}

// against says why a device could not be written to now.
func (p *Panel) against(ctx context.Context, name intent.DeviceName) (string, error) {
	g, err := p.o.Intents.Current(ctx)
	if err != nil {
		return "", err
	}
	if wanted, err := p.o.Intents.Wants(ctx, g, name); err != nil || !wanted {
		return policy.NotWanted, err
	}
	saw, err := p.o.Judge.See(ctx, g, name)
	switch {
	case saw.Away != nil:
		return fmt.Sprintf("%s cannot be asked: %v", name, saw.Away), nil
	case ctx.Err() != nil:
		return fmt.Sprintf("%s does not answer", name), nil
	case err != nil:
		return "", err
	case saw.Mismatch != "":
		return fmt.Sprintf("%s: %s", name, policy.NotThatDevice(name, saw.Mismatch)), nil
	}
	return "", nil
}
