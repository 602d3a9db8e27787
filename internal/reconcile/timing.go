package reconcile

import (
	"context"
	"errors"
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// A timing is what says when anything may be written at all.
type timing struct {
	frozen  policy.Freeze
	windows policy.Windows
}

// timing reads the freeze and the windows of the intents in force.
func (e *Engine) timing(ctx context.Context) (t timing, err error) {
	if t.frozen, err = e.o.Store.Freeze(ctx); err != nil {
		return t, err
	}
	g, err := e.o.Store.CurrentGeneration(ctx)
	if errors.Is(err, view.ErrNotFound) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	f, err := e.o.Intents.Fabric(ctx, g.ID)
	if err != nil {
		return t, err
	}
	t.windows, err = policy.NewWindows(f.Windows)
	return t, err
}

// A timingStore keeps when nothing is to be written to the fabric.
type timingStore interface {
	Freeze(ctx context.Context) (view.Freeze, error)
}

// about adds to f what the store says of a device, and when it may be written to. A person's request is not denied for what
// the device was at its last contact: the run asks it.
func (e *Engine) about(t timing, row view.Device, f policy.Facts) policy.Facts {
	f.Device, f.Now, f.Enrolled = row.Name, e.now(), !row.Enrolled.IsZero()
	f.HeldUntil, f.HeldReason = row.HeldUntil, row.HeldReason
	f.Frozen, f.Windows = t.frozen, t.windows.Of(row.Name)
	if !f.Requested {
		f.Mismatch = row.Mismatch
	}
	return f
}

// stopped says what is against writing to the device now that the run is under way, empty for nothing.
func (h *hand) stopped(ctx context.Context) (string, error) {
	t, err := h.Engine.timing(ctx)
	if err != nil {
		return "", err
	}
	if d := policy.Decide(h.about(t, h.picture.row, h.fixed.facts(h.name))); d.Stopped() {
		return d.Reason, nil
	}
	return "", nil
}

// facts are what a run that is under way has to say for itself about a device.
func (f fixed) facts(device intent.DeviceName) policy.Facts {
	return policy.Facts{Requested: true, Begun: true, Late: slices.Contains(f.timing.Late, device), ByHand: f.timing.ByHand, BreakGlass: f.timing.BreakGlass}
}

// barsUndo says what is against putting back what a run did on a device, empty for nothing. A window that has closed since is
// not: it is better to end what was begun than to leave it half done.
func (h *hand) barsUndo(ctx context.Context) (string, error) {
	t, err := h.Engine.timing(ctx)
	if err != nil {
		return "", err
	}
	t.windows = nil
	if d := policy.Decide(h.about(t, h.picture.row, h.fixed.facts(h.name))); d.Stopped() {
		return d.Reason, nil
	}
	return "", nil
}

// untimely says why an approved plan does not begin yet, empty when it may: a freeze, or windows of its devices. What is
// against a device for good is for the run to find.
func (e *Engine) untimely(ctx context.Context, p plan.Plan) (string, error) {
	rulings, err := e.rule(ctx, p, policy.Facts{Trigger: p.Cause.Trigger, Requested: true})
	if err != nil {
		return "", err
	}
	wait := slices.DeleteFunc(rulings, func(r ruling) bool { return r.Verdict != policy.Later })
	return reasons(wait), nil
}
