package reconcile

import (
	"context"
	"fmt"

	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
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
	planned, _ := h.plan.Device(h.name)
	h.result = plan.Compute(h.picture.input)
	if h.result.Plan.Digest != planned.Digest {
		moved := plan.Moved(planned.Base, h.picture.input.Observed, h.picture.input.Secrets)
		if len(moved) == 0 {
			moved = []string{"what is wanted or owned of " + string(h.name)}
		}
		return run.Moved{Paths: moved}, nil
	}
	h.writes = h.result.Writes
	return run.Checked{Writes: stored(h.picture.input.Secrets, h.result.Writes)}, nil
}

// barred finds what forbids writing to the device: other intents by now, a hold, or another device at its address.
func (h *hand) barred(ctx context.Context) (run.Input, error) {
	g, err := h.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return nil, err
	}
	if h.plan.Cause.Part != plan.Remedy && g.ID != h.plan.Generation {
		return run.Moved{Paths: []string{fmt.Sprintf("the intents, to generation %.8s", g.ID)}}, nil
	}
	if wanted, err := h.wants(ctx, g.ID, h.name); err != nil {
		return nil, err
	} else if !wanted {
		return run.Barred{Reason: notWanted}, nil
	}
	row := h.picture.row
	d := policy.Decide(policy.Facts{Requested: true, Now: h.now(), HeldUntil: row.HeldUntil, HeldReason: row.HeldReason})
	if d.Verdict == policy.Refuse {
		return run.Barred{Reason: d.Reason}, nil
	}
	if row.Enrolled.IsZero() && h.body.Actor == "" {
		return run.Barred{Reason: "nobody has allowed writing to this device yet"}, nil
	}
	facts, err := h.session.Probe(ctx)
	if err != nil {
		return run.Gone{At: h.now(), Err: err.Error()}, nil
	}
	if why := impostor(h.picture, facts); why != "" {
		return run.Barred{Reason: why}, nil
	}
	h.known = known(facts)
	if row.Enrolled.IsZero() {
		h.enroll = identityOf(facts)
	}
	return nil, nil
}

// impostor says why a device is not the one that intents or enrolment name, empty if it is.
func impostor(p *picture, f profile.Facts) string {
	want := p.target.Model.Access.Identity
	switch {
	case want.CertificateSHA256 != "" && want.CertificateSHA256 != f.CertificateSHA256:
		return "its certificate is not the one that the intents name"
	case want.Serial != "" && want.Serial != f.Serial:
		return fmt.Sprintf("its serial number is %q, and the intents name %q", f.Serial, want.Serial)
	case p.row.Identity != "" && p.row.Identity != identityOf(f):
		return fmt.Sprintf("it is %s, and %s was enrolled", identityOf(f), p.row.Identity)
	}
	return ""
}

// identityOf is what a device is known by: its serial number, for that outlives certificates, else its certificate.
func identityOf(f profile.Facts) string {
	switch {
	case f.Serial != "":
		return "serial " + f.Serial
	case f.CertificateSHA256 != "":
		return "certificate " + f.CertificateSHA256
	}
	return "nameless" // it tells nothing about itself, and neither would another
}
