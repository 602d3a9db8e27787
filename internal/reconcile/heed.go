package reconcile

import (
	"context"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
)

// requester is the person who made the proposal by hand, empty for nobody.
func (p *proposal) requester() string {
	if p.actor == "" && p.plan.Cause.Trigger == plan.ByManual && p.cause.ActorType == event.ActorUser {
		return p.cause.Actor
	}
	return p.actor
}

// heed adds to a proposal what the approval policies in force ask of it: one that lacks approvals waits, whatever else was
// decided about it.
func (e *Engine) heed(ctx context.Context, p *proposal) error {
	var err error
	if p.register, err = e.approvals.Register(ctx); err != nil {
		return err
	}
	p.needs = policy.Needs(p.register.Demands(p.plan, p.requester()))
	d := policy.Decision{Verdict: policy.Wait, Rule: policy.ApprovalPolicy}
	switch denied := policy.Denying(p.needs); {
	case denied != nil:
		d.Reason = policy.Denial(*denied)
	case len(p.needs) > 0:
		d.Reason = policy.MissingApprovals(policy.CountApprovals(p.needs, policy.Given{}))
	default:
		return nil
	}
	if later := p.decision.Verdict == policy.Later; later || p.decision.Verdict == policy.Run || p.actor != "" {
		if later {
			d.Reason += "; then it waits: " + p.decision.Reason
		}
		p.decision = d
	}
	return nil
}

// asks reports whether somebody is asked for an approval. Whoever made a plan by hand is not, for it is with them already,
// unless others have to approve it; nor is anybody for a plan that no approval helps.
func (p *proposal) asks() bool {
	if p.decision.Verdict == policy.Run || p.decision.Verdict == policy.Later || policy.Denying(p.needs) != nil {
		return false
	}
	return p.actor == "" || len(p.needs) > 0
}

// unasked reports whether new intent may run without anybody's word, be it only for some plans.
func (e *Engine) unasked(ctx context.Context) (bool, error) {
	if e.o.AutoApply {
		return true, nil
	}
	r, err := e.approvals.Register(ctx)
	return r.LetRun(), err
}
