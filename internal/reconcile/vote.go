package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// Before a plan is approved, by a person or by a policy, validators vote on it, all at the same time and before a deadline.
// One that says no, or nothing, keeps the plan from being approved.
const (
	validSchema = "schema" // the plan is of the intents in force, and each change is one of a leaf that the device has
	validPolicy = "policy" // holds, enrolment, scope and what is protected let at least one device be written to
	validDevice = "device" // at least one device can be asked, and is the one that was enrolled
)

var validators = []string{validSchema, validPolicy, validDevice}

// A ballot is what validators are asked.
type ballot struct {
	plan   plan.Plan
	within time.Duration
	asking
}

// An asking is who wants a plan, and how.
type asking struct {
	actor      string
	byHand     bool // to be run now, instead of only approved
	breakGlass bool // without approvals, in spite of a freeze and outside of windows
}

// A vote is one validator's answer.
type vote struct {
	event.Vote
	stale bool // things are not as they were when the plan was made
}

// respond lets this engine's validators take part.
func (e *Engine) respond(b *local.Bus) {
	for name, judge := range map[string]func(context.Context, ballot) (vote, error){
		validSchema: e.voteSchema, validPolicy: e.votePolicy, validDevice: e.voteDevice,
	} {
		local.Respond(b, name, func(ctx context.Context, q ballot) (vote, error) {
			begun := e.now()
			v, err := judge(ctx, q)
			v.Validator, v.Took = name, e.now().Sub(begun)
			return v, err
		})
	}
}

// A tally is what the validators came to. Denied says why the plan is not to be approved, empty if it may be.
type tally struct {
	votes  []event.Vote
	denied string
	stale  bool
}

// ballot has the validators vote on a plan. The error is that of a context that has ended.
func (e *Engine) ballot(ctx context.Context, p plan.Plan, a asking) (tally, error) {
	got, err := local.Request[ballot, vote](ctx, e.o.Local, ballot{p, e.o.VoteWithin, a}, local.Ask{Names: validators, Within: e.o.VoteWithin})
	if ctx.Err() != nil {
		return tally{}, ctx.Err()
	}
	if err != nil && !errors.Is(err, local.ErrTooFew) {
		return tally{}, err
	}
	var t tally
	var against []string
	for _, a := range got.Answers {
		v := a.Value
		if a.Err != nil {
			v.Validator, v.Verdict, v.Reason = a.From, event.VoteNone, a.Err.Error()
			against = append(against, fmt.Sprintf("%s could not say: %v", a.From, a.Err))
		}
		if v.Verdict == event.VoteNo {
			against = append(against, v.Validator+": "+v.Reason)
			t.stale = t.stale || v.stale
		}
		t.votes = append(t.votes, v.Vote)
	}
	for _, name := range got.Missing {
		against = append(against, fmt.Sprintf("%s did not answer within %s", name, e.o.VoteWithin))
		t.votes = append(t.votes, event.Vote{Validator: name, Verdict: event.VoteNone, Reason: "no answer", Took: e.o.VoteWithin})
	}
	t.denied = strings.Join(against, "; ")
	return t, nil
}

func no(reason string) vote { return vote{Vote: event.Vote{Verdict: event.VoteNo, Reason: reason}} }

func yes(reason string) vote { return vote{Vote: event.Vote{Verdict: event.VoteYes, Reason: reason}} }

// voteSchema checks that the plan is of the intents in force and that devices have what it changes.
func (e *Engine) voteSchema(ctx context.Context, b ballot) (vote, error) {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return vote{}, err
	}
	if moved, err := e.unbound(ctx, b.plan); err != nil || moved != "" {
		v := no(moved)
		v.stale = true
		return v, err
	}
	for _, d := range b.plan.Devices {
		if len(d.Changes) == 0 {
			continue
		}
		if wanted, err := e.wants(ctx, g.ID, d.Device); err != nil || !wanted {
			if err != nil {
				return vote{}, err
			}
			continue // the run refuses it, and says so
		}
		t, err := e.o.Intents.Target(ctx, g.ID, d.Device)
		if err != nil {
			return vote{}, err
		}
		for _, ch := range d.Changes {
			p, err := path.Parse(ch.Path)
			if err == nil {
				_, err = t.Table.Roots().Normalize(p)
			}
			if err != nil {
				return no(fmt.Sprintf("%s: %s: %v", d.Device, ch.Path, err)), nil
			}
		}
	}
	return yes(""), nil
}

// votePolicy walks the table of what can stop a write, and checks that nothing outside of scope is written nor anything
// protected deleted. What stands against some of the devices only is left by the run.
func (e *Engine) votePolicy(ctx context.Context, b ballot) (vote, error) {
	rulings, err := e.rule(ctx, b.plan, policy.Facts{Trigger: b.plan.Cause.Trigger, Requested: true, ByHand: b.byHand, BreakGlass: b.breakGlass})
	if err != nil {
		return vote{}, err
	}
	if refused(rulings, b.actor != "" && !b.byHand) {
		return no(reasons(rulings)), nil
	}
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return vote{}, err
	}
	for _, d := range b.plan.Devices {
		if wanted, err := e.wants(ctx, g.ID, d.Device); err != nil || !wanted || d.Idle() {
			if err != nil {
				return vote{}, err
			}
			continue
		}
		t, err := e.o.Intents.Target(ctx, g.ID, d.Device)
		if err != nil {
			return vote{}, err
		}
		if why, err := outside(t, d); err != nil || why != "" {
			return no(fmt.Sprintf("%s: %s", d.Device, why)), err
		}
	}
	return yes(reasons(rulings)), nil
}

// outside says what a plan does to a device that it must not, empty for nothing.
func outside(t Target, d plan.DevicePlan) (string, error) {
	scope, err := plan.NewScope(t.Model.Scope)
	if err != nil {
		return "", err
	}
	protected, err := plan.NewProtection(t.Profile, t.Model)
	if err != nil {
		return "", err
	}
	for _, text := range slices.Concat(d.Deletes, d.Replaces) {
		p, err := path.Parse(text)
		switch {
		case err != nil:
			return "", err
		case protected.Covers(p):
			return text + " is protected and not to be deleted", nil
		case !scope.Writes(p):
			return text + " is out of scope", nil
		}
	}
	return "", nil
}

// voteDevice asks every device of the plan what it is. Each has half of the time, so that one that does not answer does not
// keep the validator from saying so.
func (e *Engine) voteDevice(ctx context.Context, b ballot) (vote, error) {
	names := busyDevices(b.plan)
	against := make([]string, len(names))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	free := make(chan struct{}, mostReads)
	ctx, cancel := context.WithTimeout(ctx, b.within/2)
	defer cancel()
	for i, name := range names {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			against[i], errs[i] = e.againstDevice(ctx, b.plan, name)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return vote{}, err
	}
	said := slices.DeleteFunc(slices.Clone(against), func(s string) bool { return s == "" })
	text := strings.Join(said[:min(len(said), mostReasons)], "; ")
	if more := len(said) - mostReasons; more > 0 {
		text += fmt.Sprintf("; and %d more devices", more)
	}
	if len(names) > 0 && len(said) == len(names) {
		return no(text), nil
	}
	return yes(text), nil
}

// againstDevice says why a device could not be written to now.
func (e *Engine) againstDevice(ctx context.Context, p plan.Plan, name intent.DeviceName) (string, error) {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return "", err
	}
	if wanted, err := e.wants(ctx, g.ID, name); err != nil || !wanted {
		return notWanted, err
	}
	saw, err := e.seenAs(ctx, g.ID, name)
	var away *unreachable
	switch {
	case errors.As(err, &away):
		return fmt.Sprintf("%s cannot be asked: %v", name, away), nil
	case ctx.Err() != nil:
		return fmt.Sprintf("%s does not answer", name), nil
	case err != nil:
		return "", err
	case saw.Mismatch != "":
		return fmt.Sprintf("%s: %s", name, policy.NotThatDevice(name, saw.Mismatch)), nil
	}
	return "", nil
}

// judge has the validators vote on a plan that a person wants, and records what came of it when they are against it: then
// the error says so.
func (e *Engine) judge(ctx context.Context, row view.Plan, p plan.Plan, a asking) ([]event.Vote, error) {
	t, err := e.ballot(ctx, p, a)
	if err != nil || t.denied == "" {
		return t.votes, err
	}
	err = e.o.Store.Do(ctx, func(tx event.Tx) error {
		moved, err := e.o.Store.MovePlan(tx, row.ID, row.Status, row.Status, "not approved: "+t.denied)
		if err != nil || !moved {
			return err
		}
		if err := e.o.Store.SaveVotes(tx, row.ID, t.votes); err != nil {
			return err
		}
		d := event.Draft{
			Type: event.TypeApprovalDenied, Correlation: row.Correlation, Causation: toldPlan(row), Actor: a.actor, ActorType: event.ActorUser,
			Data: event.Approval{
				Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: "not approved: " + t.denied, Episode: row.Episode, Votes: t.votes, Waits: true,
			},
		}
		if len(row.Devices) == 1 {
			d.Subject = string(row.Devices[0])
		}
		return tx.Append(ctx, d)
	})
	switch {
	case err != nil:
		return nil, err
	case t.stale:
		return nil, &StaleError{row.ID, t.denied}
	}
	return nil, &DeniedError{row.ID, t.denied}
}
