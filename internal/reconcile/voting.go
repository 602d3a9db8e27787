package reconcile

import (
	"context"
	"errors"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
)

// inForce is the intents, as validators look at them.
type inForce struct{ e *Engine }

func (i inForce) Current(ctx context.Context) (string, error) {
	g, err := i.e.o.Store.CurrentGeneration(ctx)
	return g.ID, err
}

func (i inForce) Wants(ctx context.Context, generation string, device intent.DeviceName) (bool, error) {
	return i.e.wants(ctx, generation, device)
}

func (i inForce) Device(ctx context.Context, generation string, device intent.DeviceName) (vote.Device, error) {
	t, err := i.e.o.Intents.Target(ctx, generation, device)
	return vote.Device{Model: t.Model, Profile: t.Profile, Table: t.Table}, err
}

// judge is what else validators go by.
type judge struct{ e *Engine }

func (j judge) Unbound(ctx context.Context, p plan.Plan) (string, error) { return j.e.unbound(ctx, p) }

func (j judge) Rule(ctx context.Context, p plan.Plan, a vote.Asking) (vote.Ruling, error) {
	rulings, err := j.e.rule(ctx, p, policy.Facts{Trigger: p.Cause.Trigger, Requested: true, ByHand: a.ByHand, BreakGlass: a.BreakGlass})
	return vote.Ruling{Refused: refused(rulings, a.Actor != "" && !a.ByHand), Reasons: reasons(rulings)}, err
}

func (j judge) See(ctx context.Context, generation string, device intent.DeviceName) (vote.Sight, error) {
	saw, err := j.e.seenAs(ctx, generation, device)
	var away *unreachable
	if errors.As(err, &away) {
		return vote.Sight{Away: away}, nil
	}
	return vote.Sight{Mismatch: saw.Mismatch}, err
}
