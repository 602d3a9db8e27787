// Package vote has validators vote on a plan before it is approved, by a person or by a policy: all at the same time and before
// a deadline. One that says no, or nothing, keeps the plan from being approved.
//
// A vote changes nothing. Whoever asks for one records what came of it.
package vote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/plan"
)

// Options are what a Panel needs. All must be set.
type Options struct {
	Bus     *local.Bus // on which the validators are asked
	Within  time.Duration
	Now     func() time.Time
	Intents Intents
	Judge   Judge
}

// A Panel is the validators, and whoever asks them.
type Panel struct{ o Options }

// New returns a panel whose validators take part in every vote on the bus from now on.
func New(o Options) *Panel {
	p := &Panel{o}
	for name, judge := range map[string]func(context.Context, ballot) (vote, error){
		validSchema: p.schema, validPolicy: p.policy, validDevice: p.device,
	} {
		local.Respond(o.Bus, name, func(ctx context.Context, q ballot) (vote, error) {
			begun := o.Now()
			v, err := judge(ctx, q)
			v.Validator, v.Took = name, o.Now().Sub(begun)
			return v, err
		})
	}
	return p
}

// An Asking is who wants a plan, and how. The zero value is a policy that wants it to be run without asking.
type Asking struct {
	Actor      string
	ByHand     bool // to be run now, instead of only approved
	BreakGlass bool // without approvals, in spite of a freeze and outside of windows
}

// A Tally is what the validators came to. Denied says why the plan is not to be approved, empty if it may be; Stale says that
// this is since things are not as they were when the plan was made.
type Tally struct {
	Votes  []event.Vote
	Denied string
	Stale  bool
}

// A ballot is what validators are asked.
type ballot struct {
	plan   plan.Plan
	within time.Duration
	Asking
}

// A vote is one validator's answer.
type vote struct {
	event.Vote
	stale bool // things are not as they were when the plan was made
}

// Vote has the validators vote on a plan. The error is that of a context that has ended.
func (p *Panel) Vote(ctx context.Context, pl plan.Plan, a Asking) (Tally, error) {
	within := p.o.Within
	got, err := local.Request[ballot, vote](ctx, p.o.Bus, ballot{pl, within, a}, local.Ask{Names: validators, Within: within})
	if ctx.Err() != nil {
		return Tally{}, ctx.Err()
	}
	if err != nil && !errors.Is(err, local.ErrTooFew) {
		return Tally{}, err
	}
	var t Tally
	var against []string
	for _, a := range got.Answers {
		v := a.Value
		if a.Err != nil {
			v.Validator, v.Verdict, v.Reason = a.From, event.VoteNone, a.Err.Error()
			against = append(against, fmt.Sprintf("%s could not say: %v", a.From, a.Err))
		}
		if v.Verdict == event.VoteNo {
			against = append(against, v.Validator+": "+v.Reason)
			t.Stale = t.Stale || v.stale
		}
		t.Votes = append(t.Votes, v.Vote)
	}
	for _, name := range got.Missing {
		against = append(against, fmt.Sprintf("%s did not answer within %s", name, within))
		t.Votes = append(t.Votes, event.Vote{Validator: name, Verdict: event.VoteNone, Reason: "no answer", Took: within})
	}
	t.Denied = strings.Join(against, "; ")
	return t, nil
}

func no(reason string) vote { return vote{Vote: event.Vote{Verdict: event.VoteNo, Reason: reason}} }

func yes(reason string) vote { return vote{Vote: event.Vote{Verdict: event.VoteYes, Reason: reason}} }
