package reconcile

import (
	"context"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// check computes the device's part of the plan again, and lets it pass only if it is the same.
func (h *hand) check(ctx context.Context) (run.Input, error) {
	h.picture = nil // the recorded state may be old
	if err := h.connect(ctx); err != nil {
		return gone(h, err)
	}
	if in, err := h.barred(ctx); in != nil || err != nil {
		return in, err
	}
	if err := h.picture.read(ctx, h.session); err != nil {
		return run.Gone{At: h.now(), Err: err.Error()}, nil
	}
	if h.s.Drained() {
		if err := h.picture.hide(h.s.Drain); err != nil {
			return nil, err
		}
	}
	planned, _ := h.plan.Device(h.name)
	h.result = plan.Compute(h.picture.input)
	if h.result.Plan.Digest != planned.Digest {
		return run.Moved{At: h.now(), Paths: few(moves(planned, h.result.Plan, h.picture.input))}, nil
	}
	h.writes = h.result.Writes
	in := run.Checked{At: h.now(), Writes: h.picture.stored(h.result.Writes), Base: planned.Digest, From: h.picture.row.Generation}
	h.before = h.picture.input.Observed
	found, err := h.guarded(ctx, in)
	if checked, ok := found.(run.Checked); ok && err == nil {
		return h.drained(ctx, checked)
	}
	return found, err
}

// barred finds what forbids writing to the device: other intents by now, a hold, nobody's word that Tenter may, or another
// device at its address.
func (h *hand) barred(ctx context.Context) (run.Input, error) {
	g, err := h.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return nil, err
	}
	if moved, err := h.unbound(ctx, h.plan); err != nil {
		return nil, err
	} else if moved != "" {
		return run.Moved{At: h.now(), Paths: []string{moved}}, nil
	}
	if wanted, err := h.wants(ctx, g.ID, h.name); err != nil {
		return nil, err
	} else if !wanted {
		return run.Barred{At: h.now(), Reason: policy.NotWanted}, nil
	}
	if why, err := h.stopped(ctx); err != nil {
		return nil, err
	} else if why != "" {
		return run.Barred{At: h.now(), Reason: why}, nil
	}
	facts, why, err := h.identified(ctx, h.picture.target, h.session)
	if err != nil {
		return gone(h, err)
	}
	if why != "" {
		return run.Barred{At: h.now(), Reason: policy.NotThatDevice(h.name, why)}, nil
	}
	h.known = known(facts)
	return nil, nil
}

// identified asks a device what it is, and says why it is not the one that intents or enrolment name, empty if it is. What
// changes about that is recorded, and told of when it is not.
func (e *Engine) identified(ctx context.Context, t Target, s Session) (f profile.Facts, why string, err error) {
	name := t.Model.Name
	if f, err = s.Probe(ctx); err != nil {
		return f, "", &unreachable{name, err}
	}
	row, err := e.o.Store.Device(ctx, name)
	if err != nil {
		return f, "", err
	}
	if why = policy.Impostor(t.Model.Access.Identity, row, policy.IdentityOf(f)); why == row.Mismatch {
		return f, why, nil
	}
	return f, why, e.o.Store.Do(ctx, func(tx event.Tx) error {
		told := false
		err := e.o.Store.UpdateDevice(tx, name, func(d *view.Device) { told, d.Mismatch = d.Mismatch == why, why })
		if err != nil || told || why == "" {
			return err
		}
		return tx.Append(ctx, event.Draft{
			Type: event.TypeDeviceHeld, Subject: string(name),
			Data: event.Device{Device: name, Address: t.Model.Access.Address, Reason: policy.NotThatDevice(name, why)},
		})
	})
}
