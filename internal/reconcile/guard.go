package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/gate"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Fresh session is a connection of its own, made anew to see whether the device still lets anybody in, and read from for
// gates. State fails where it cannot look.
type Fresh interface {
	State(ctx context.Context, paths []path.Path) ([]profile.StateLeaf, error)
	Close() error
}

// guarded completes what a check found with what has to hold before the change is kept: the gates with what they see now,
// the soak, a person's word, and how long the device keeps all that if nobody confirms it.
func (h *hand) guarded(ctx context.Context, in run.Checked) (run.Input, error) {
	if len(in.Writes) == 0 {
		return in, nil
	}
	care, p := h.fixed.order.CareOf(h.name), h.picture.target.Profile
	gates := gate.Of(care.Gates)
	if len(gates) > 0 || care.Soak > 0 {
		in.Guard = gate.Guard(gates, gate.Change{Device: h.picture.target.Model, Profile: p, Writes: in.Writes}, care.Soak, h.o.Window)
	}
	in.Guard.Within = h.fixed.within
	if in.Guard.Gates {
		for _, g := range gates {
			if why := g.Lacks(p); why != "" {
				return run.Barred{At: h.now(), Reason: fmt.Sprintf("gate %s cannot be evaluated: %s", g.Kind, why)}, nil
			}
		}
		var err error
		in.Sights, err = h.sights(ctx, gates)
		var refused interface{ Refused() bool }
		switch {
		case errors.As(err, &refused) && refused.Refused():
			return run.Barred{At: h.now(), Reason: fmt.Sprintf("gates cannot be evaluated: %v", err)}, nil
		case err != nil:
			return gone(h, err)
		}
	}
	commits, err := h.commits(ctx)
	if err != nil {
		return gone(h, err)
	}
	in.At = h.now()
	if commits && h.result.Plan.Phases <= 1 { // phases are commits of their own, of which only one could wait
		in.Rollback = max(h.o.ConfirmWithin, 3*h.o.Window) + in.Guard.Takes()
	}
	return in, nil
}

// sights reads what works, over a new connection.
func (h *hand) sights(ctx context.Context, gates []gate.Gate) ([]run.Sight, error) {
	p := h.picture.target.Profile
	reads, err := gate.Reads(gates, p)
	if err != nil {
		return nil, err
	}
	s, err := h.o.Sessions.Fresh(ctx, h.name)
	if err != nil {
		return nil, &unreachable{h.name, err}
	}
	defer func() {
		if err := s.Close(); err != nil {
			h.log.Debug("connection for gates", zap.String("device", string(h.name)), zap.Error(err))
		}
	}()
	if len(reads) == 0 {
		return nil, nil
	}
	leaves, err := s.State(ctx, reads)
	if err != nil {
		return nil, &unreachable{h.name, err}
	}
	hideSecrets(leaves, h.picture.target.Secrets)
	return gate.Sights(gates, p, leaves), nil
}

// hideSecrets leaves the digests of secrets: an expression may look at a whole subtree, and what it looked at is kept with the
// run and told when it is not true. A change of a secret is still to be seen.
func hideSecrets(leaves []profile.StateLeaf, s *plan.Secrets) {
	for i, l := range leaves {
		as := path.Path{Origin: l.Path.Origin, Elems: slices.Clone(l.Path.Elems)}
		for j := range as.Elems { // what is configured is shown as state too
			if as.Elems[j].Name == "state" {
				as.Elems[j].Name = "config"
			}
		}
		for _, at := range []path.Path{l.Path, as} {
			if s.Is(at) {
				leaves[i].Value = s.Digest(at, schema.StringValue(l.Value)).Text()
			}
		}
	}
}

// gates reads the device and compares what works with what worked before.
func (h *hand) gates(ctx context.Context) (run.Input, error) {
	in, err := h.read(ctx)
	seen, ok := in.(run.Seen)
	if err != nil || !ok {
		return in, err
	}
	gates := gate.Of(h.fixed.order.CareOf(h.name).Gates)
	now, err := h.sights(ctx, gates)
	if err != nil {
		return gone(h, err)
	}
	c := gate.Change{Device: h.picture.target.Model, Profile: h.picture.target.Profile, Writes: h.s.Writes}
	if f, err := h.o.Intents.Fabric(ctx, h.plan.Generation); err == nil {
		c.Names = hostnames(f)
	}
	seen.At = h.now()
	return run.Gated{Seen: seen, Failing: gate.Compare(gates, c, h.s.Sights, now)}, nil
}

// hostnames are the names that devices have where the intents give them another than their own.
func hostnames(f *fabric.Fabric) map[intent.DeviceName]string {
	out := map[intent.DeviceName]string{}
	for _, d := range f.Devices {
		if name := d.System.Hostname.Value; name != "" {
			out[d.Name] = name
		}
	}
	return out
}

// wait passes time. What comes after needs a picture of the device, which another process has taken along.
func (h *hand) wait(ctx context.Context) (run.Input, error) {
	if h.picture == nil {
		err := h.observe(ctx, true)
		var away *unreachable
		if errors.As(err, &away) {
			h.picture = nil // and it waits on: a deadline ends that
		} else if err != nil {
			return nil, err
		}
	}
	return run.Elapsed{At: h.now()}, nil
}

// untouched reports whether nothing on the device but the run's own writes is as it was not before: then the device can take
// its commit back as a whole, and no stranger's change goes with it.
func (h *hand) untouched() bool {
	if h.before == nil || len(h.s.Odd) > 0 {
		return false
	}
	ours := map[string]bool{}
	for _, w := range h.writes {
		ours[w.Path.String()] = true
	}
	for c := range tree.Diff(h.before, h.picture.input.Observed) {
		if !ours[c.Path.String()] {
			return false
		}
	}
	return true
}
