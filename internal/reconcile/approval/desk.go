// Package approval keeps plans that wait until they may be run: it counts people's approvals by the policies in force, has
// validators vote before one is given, tells others when a plan waits too long, and lets plans expire.
//
// Approvals are counted again in the transaction that starts a run: the register that they are counted by is of the
// generation of the intents that is in force until that transaction ends.
package approval

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/view"
)

// Options are what a Desk needs. All but Person must be set.
type Options struct {
	Store      Store
	Intents    Intents
	Validators Validators
	Now        func() time.Time

	Person   func(author string) string                                  // who the author of a commit is among those who approve, empty for nobody; nobody by default
	Told     func(view.Plan) event.ID                                    // the event that told of a plan first
	Rejected func(ctx context.Context, tx event.Tx, row view.Plan) error // what else commits with a plan's rejection
}

// Store keeps plans and what was said of them.
type Store interface {
	Do(ctx context.Context, fn func(tx event.Tx) error) error
	CurrentGeneration(ctx context.Context) (view.Generation, error)
	CurrentGenerationIn(tx event.Tx) (string, error)
	plans
	words
}

type plans interface {
	Plan(ctx context.Context, id string) (view.Plan, error)
	PlanIn(tx event.Tx, id string) (view.Plan, error)
	Plans(ctx context.Context, q view.PlanQuery) ([]view.Plan, error)
}

type words interface {
	MovePlan(tx event.Tx, id string, from, to view.PlanStatus, reason string) (bool, error)
	SaveVotes(tx event.Tx, id string, votes []event.Vote) error
	SaveApprovals(tx event.Tx, p view.Plan) error
}

// Intents gives what generations of the intents come to.
type Intents interface {
	Fabric(ctx context.Context, generation string) (*fabric.Fabric, error)
}

// Validators vote on plans.
type Validators interface {
	Vote(ctx context.Context, p plan.Plan, a vote.Asking) (vote.Tally, error)
}

// A Desk is where plans wait. It is safe for concurrent use, also by several processes over one store.
type Desk struct {
	o Options

	mu         sync.Mutex
	registered Register // of the generation that was asked for last
}

// New returns a desk.
func New(o Options) *Desk { return &Desk{o: o} }

// A StaleError says that a plan can not be run any more, since things are not as they were when it was made.
type StaleError struct {
	Plan   string
	Reason string
}

// Error names the plan and what moved.
func (e *StaleError) Error() string { return fmt.Sprintf("plan %q: stale: %s", e.Plan, e.Reason) }

// A DeniedError says that a policy, a hold or an earlier decision stands against what was asked for.
type DeniedError struct {
	Plan   string
	Reason string
}

// Error names the plan and what stands against it.
func (e *DeniedError) Error() string { return fmt.Sprintf("plan %q: denied: %s", e.Plan, e.Reason) }
