package reconcile

import (
	"context"
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/view"
)

// origin is what plans of a generation are made from.
func (e *Engine) origin(ctx context.Context, g view.Generation) (plan.Origin, error) {
	f, err := e.o.Intents.Fabric(ctx, g.ID)
	if err != nil {
		return plan.Origin{}, err
	}
	return plan.Origin{
		Generation: g.ID, Commit: g.Commit, Author: g.Author, Subject: g.Subject, Policy: plan.PolicyHash(f.Policies()), Devices: len(f.Devices),
	}, nil
}

// unbound says what of the intents and policies that a plan was made from is not in force any more, empty for nothing. What was
// applied does not depend on the intents, so a remedy is bound to the policies alone.
func (e *Engine) unbound(ctx context.Context, p plan.Plan) (string, error) {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return "", err
	}
	if g.ID == p.Generation {
		return "", nil
	}
	now, err := e.o.Intents.Fabric(ctx, g.ID)
	if err != nil {
		return "", err
	}
	policies := ""
	if plan.PolicyHash(now.Policies()) != p.Policy {
		policies = "the policies moved"
		if before, err := e.o.Intents.Fabric(ctx, p.Generation); err == nil { // else nobody knows any more which
			if moves := plan.PolicyMoves(before.Policies(), now.Policies()); len(moves) > 0 {
				policies += ": " + strings.Join(moves, ", ")
			}
		}
	}
	if p.Cause.Part == plan.Remedy {
		return policies, nil
	}
	intents := fmt.Sprintf("the intents moved from generation %.8s to %.8s", p.Generation, g.ID)
	if policies != "" {
		intents += ", and " + policies
	}
	return intents, nil
}

// moves says what of a device is not as it was when its part of a plan was computed; now is that computed once more.
func moves(part, now plan.DevicePlan, in plan.Input) []string {
	var all []string
	for _, m := range movements(part, now, in) {
		all = append(all, m.String())
	}
	return all
}
