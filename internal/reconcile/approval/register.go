package approval

import (
	"context"
	"errors"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// A Register is what approvals are counted by: the approval policies of one generation of the intents.
type Register struct {
	generation string
	author     string // of its commit
	fabric     *fabric.Fabric
	policies   policy.Approvals
	person     func(author string) string
}

// Register returns that of the current generation. Conditions are compiled once for each.
func (d *Desk) Register(ctx context.Context) (Register, error) {
	g, err := d.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return Register{}, err
	}
	d.mu.Lock()
	r := d.registered
	d.mu.Unlock()
	if r.generation == g.ID && r.author == g.Author {
		return r, nil
	}
	f, err := d.o.Intents.Fabric(ctx, g.ID)
	if err != nil {
		return Register{}, err
	}
	r = Register{generation: g.ID, author: g.Author, fabric: f, person: d.o.Person}
	if r.policies, err = policy.NewApprovals(f); err != nil {
		return Register{}, err
	}
	d.mu.Lock()
	d.registered = r
	d.mu.Unlock()
	return r, nil
}

// ErrMoved says that other intents came into force while something was counted by the ones before.
var ErrMoved = errors.New("other intents are in force by now")

// InForce fails with ErrMoved unless the register is of the generation that is the current one until the transaction ends.
func (d *Desk) InForce(tx event.Tx, r Register) error {
	id, err := d.o.Store.CurrentGenerationIn(tx)
	if err == nil && id != r.generation {
		return ErrMoved
	}
	return err
}

// Counted runs a transaction that counts approvals, again if other intents came into force meanwhile.
func (d *Desk) Counted(ctx context.Context, do func(tx event.Tx, r Register) error) error {
	var err error
	for range 5 {
		var r Register
		if r, err = d.Register(ctx); err != nil {
			return err
		}
		err = d.o.Store.Do(ctx, func(tx event.Tx) error {
			if err := d.InForce(tx, r); err != nil {
				return err
			}
			return do(tx, r)
		})
		if !errors.Is(err, ErrMoved) {
			return err
		}
	}
	return err
}

// LetRun reports whether some policy lets plans run without anybody's word.
func (r Register) LetRun() bool { return r.policies.LetRun() }

// Demands returns what the policies say of a plan that requester made by hand, empty for nobody.
func (r Register) Demands(p plan.Plan, requester string) []policy.Demand {
	s := policy.Subject{Plan: p, Fabric: r.fabric, Requester: requester}
	if p.Cause.Trigger != plan.ByDrift { // what was applied does not depend on who wrote the last commit
		s.Author = r.author
	}
	return r.policies.Demands(s)
}

// Barred are those whose approval of a plan never counts: who made it by hand, and who wrote the commit that it is of.
func (r Register) Barred(row view.Plan) policy.Barred {
	out := policy.Barred{Requester: row.Requester}
	if row.Cause != string(plan.ByDrift) && r.author != "" && r.person != nil {
		out.Author = r.person(r.author)
	}
	return out
}

// given is what is known of a plan's approvals.
func (r Register) given(row view.Plan, now time.Time) policy.Given {
	return policy.Given{By: row.Given, Barred: r.Barred(row), Escalated: !row.Escalated.IsZero(), Now: now}
}

// A Standing is how far a plan's approvals are.
type Standing struct {
	Needs   []event.ApprovalNeed
	Denied  string // by a policy: no approval helps
	Missing string // empty for none
}

// Stand returns how far a plan is by now.
func (r Register) Stand(row view.Plan, p plan.Plan, now time.Time) Standing {
	s := Standing{Needs: policy.Needs(r.Demands(p, row.Requester))}
	if d := policy.Denying(s.Needs); d != nil {
		s.Denied = policy.Denial(*d)
		return s
	}
	s.Missing = policy.MissingApprovals(policy.CountApprovals(s.Needs, r.given(row, now)))
	return s
}

// Against says what stands against running the plan now, empty for nothing.
func (s Standing) Against() string {
	if s.Denied != "" {
		return s.Denied
	}
	return s.Missing
}
