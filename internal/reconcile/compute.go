package reconcile

import (
	"context"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// A picture is all that is known of one device at one moment.
type picture struct {
	target Target
	row    view.Device
	owned  []view.OwnedLeaf
	modes  policy.Modes
	policy string     // hash of the policy documents
	input  plan.Input // without Observed and Problems until the device was read
	// expecting says that input.Secrets knows of the writes that the device may show.
	expecting bool
	forms     []plan.Form   // in which the device shows what was written
	held      []tree.Change // secrets that were as applied before the Set: the device may show them in another form after it
	back      *reversal     // of a plan that takes a run back
}

// picture gathers what intents and store say of a device.
func (e *Engine) picture(ctx context.Context, generation string, device intent.DeviceName) (*picture, error) {
	p := &picture{}
	var err error
	if p.target, err = e.o.Intents.Target(ctx, generation, device); err != nil {
		return nil, err
	}
	f, err := e.o.Intents.Fabric(ctx, generation)
	if err != nil {
		return nil, err
	}
	p.policy = plan.PolicyHash(f.Policies())
	if p.row, err = e.o.Store.Device(ctx, device); err != nil {
		return nil, err
	}
	if p.owned, err = e.o.Store.Owned(ctx, device); err != nil {
		return nil, err
	}
	if p.modes, err = policy.NewModes(p.target.Model.Drift); err != nil {
		return nil, fmt.Errorf("device %q: %w", device, err)
	}
	in := plan.Input{
		Device: device, Desired: p.target.Desired, Roots: p.target.Table.Roots(), Sources: p.target.Sources, Secrets: p.target.Secrets,
	}
	if in.Scope, err = plan.NewScope(p.target.Model.Scope); err != nil {
		return nil, fmt.Errorf("device %q: %w", device, err)
	}
	if in.Protected, err = plan.NewProtection(p.target.Profile, p.target.Model); err != nil {
		return nil, fmt.Errorf("device %q: %w", device, err)
	}
	in.Scope, in.Together = in.Scope.Sparing(in.Protected), plan.NewTogether(p.target.Profile)
	if p.modes.Graceful() {
		p.modes = p.modes.Since(writtenAt(p.owned))
	}
	b := tree.NewBuilder(p.target.Table)
	var forms []plan.Form
	for _, o := range p.owned {
		if !o.Applied {
			in.Unproven = append(in.Unproven, o.Path)
			continue
		}
		if err := b.Set(tree.Leaf{Path: o.Path, Value: o.Value}); err != nil {
			return nil, fmt.Errorf("device %q: applied leaves: %w", device, err)
		}
		if o.Shown != "" {
			forms = append(forms, plan.Form{Path: o.Path, Written: o.Value, Shown: o.Shown})
		}
	}
	in.Applied, in.Secrets, p.forms = b.Build(), in.Secrets.Knowing(forms), forms
	p.input = in
	return p, nil
}

// read fills in what the device has.
func (p *picture) read(ctx context.Context, s Session) error {
	return p.readAt(ctx, s, p.input.Reads())
}

// tops are the top-level containers that writes are in: what says how they went, and nothing that a plan could be computed from.
func tops(writes []tree.Change) []path.Path {
	var tops []path.Path
	for _, w := range writes {
		top := path.Path{Origin: w.Path.Origin, Elems: w.Path.Elems[:min(1, len(w.Path.Elems))]}
		if !slices.ContainsFunc(tops, func(q path.Path) bool { return path.Equal(top, q) }) {
			tops = append(tops, top)
		}
	}
	return tops
}

func (p *picture) readAt(ctx context.Context, s Session, at []path.Path) error {
	observed, problems, err := s.Read(ctx, at)
	if err != nil {
		return err // names the device, as a session's errors do
	}
	p.input.Observed, p.input.Problems = observed, problems
	return nil
}

// take limits the picture's plan to a part, and of drift to what the drift policy wants to be put right.
func (p *picture) take(part plan.Part, e *Engine) {
	p.input.Part = part
	if part != plan.Remedy && part != plan.Heeding {
		return
	}
	now := e.now()
	p.input.Only = func(at path.Path) bool { return policy.Remediates(p.modes.Mode(at, now)) }
}

// mode returns the weakest mode of all changes.
func (p *picture) mode(e *Engine, writes []tree.Change) fabric.DriftMode {
	now, mode := e.now(), fabric.DriftEnforce
	for _, w := range writes {
		mode = policy.Weakest(mode, p.modes.Mode(w.Path, now))
	}
	return mode
}

// survey reads the device, connecting if there is no connection, and computes its part of a plan.
func (e *Engine) survey(ctx context.Context, generation string, device intent.DeviceName, c plan.Cause) (*picture, plan.Result, error) {
	p, err := e.picture(ctx, generation, device)
	if err != nil {
		return nil, plan.Result{}, err
	}
	if err := e.aim(ctx, p, c); err != nil {
		return nil, plan.Result{}, err
	}
	if err := e.reread(ctx, p, c.Part); err != nil {
		return p, plan.Result{}, err
	}
	result, err := e.fit(ctx, p, plan.Compute(p.input))
	return p, result, err
}

// fit asks the session whether what is to be sent fits. What does not is refused here, where a person reads it, and not
// when it is applied: the device's part of the plan holds the reason and nothing else.
func (e *Engine) fit(ctx context.Context, p *picture, r plan.Result) (plan.Result, error) {
	device := p.input.Device
	s, err := e.o.Sessions.Session(ctx, device)
	if err != nil {
		return plan.Result{}, &unreachable{device, err}
	}
	if r.Edit.Empty() {
		return r, nil
	}
	n, err := s.Phases(ctx, r.Edit)
	switch {
	case err == nil && n > 1:
		r.Plan.Phases = n
		return r, nil
	case err == nil:
		return r, nil
	case unsendable(err):
		e.log.Info("what is to change does not fit the device", zap.String("device", string(device)), zap.Error(err))
		return plan.Result{Plan: plan.DevicePlan{Device: device, Refused: err.Error()}}, nil
	}
	return plan.Result{}, &unreachable{device, err}
}

// reread fills in what the device has now, connecting if there is no connection, for a part of a plan.
func (e *Engine) reread(ctx context.Context, p *picture, part plan.Part) error {
	device := p.input.Device
	s, err := e.o.Sessions.Session(ctx, device)
	if err != nil {
		return &unreachable{device, err}
	}
	if err := p.read(ctx, s); err != nil {
		return &unreachable{device, err}
	}
	p.take(part, e)
	return nil
}

// unreachable says that a device could not be asked, which stops nobody else's plan.
type unreachable struct {
	device intent.DeviceName
	err    error
}

func (u *unreachable) Error() string { return u.err.Error() }
func (u *unreachable) Unwrap() error { return u.err }

// stored returns writes as they may be recorded: secrets as digests, and with what was Tenter's before.
func (p *picture) stored(writes []tree.Change) []run.Write {
	owned := make(map[string]view.OwnedLeaf, len(p.owned))
	for _, o := range p.owned {
		owned[o.Path.String()] = o
	}
	s, out := p.input.Secrets, make([]run.Write, len(writes))
	for i, w := range writes {
		at := w.Path.String()
		o, ours := owned[at]
		out[i] = run.Write{Path: at, Before: s.Digest(w.Path, w.Before), After: s.Digest(w.Path, w.After), Owned: ours}
		if o.Applied {
			out[i].Had = o.Value
		}
	}
	return out
}

// restored reads recorded writes back.
func restored(writes []run.Write) ([]tree.Change, error) {
	out := make([]tree.Change, len(writes))
	for i, w := range writes {
		p, err := path.Parse(w.Path)
		if err != nil {
			return nil, err
		}
		out[i] = tree.Change{Path: p, Before: w.Before, After: w.After}
	}
	return out, nil
}
