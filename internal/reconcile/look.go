package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// patience is how long drift that went round in circles, or could not be put back, is left alone before it is looked at
// again without an event that asks for it.
const patience = 10 * time.Minute

// A look is what planning an episode's drift depended on, besides the device. As long as it is the same, and the device
// says nothing new, nothing else would come of planning again, and so the device is not read for it.
type look struct {
	state    string
	observed bool      // nothing of it is to be put back
	until    time.Time // when to look again whatever is the same; zero for not at all
}

// lookAt sums up what store and intents say about an episode.
func (e *Engine) lookAt(ep view.Episode, p *picture) look {
	now, observed := e.now(), len(ep.Findings) > 0 && (ep.Total == len(ep.Findings) || ep.Mode == string(fabric.DriftObserve))
	for _, f := range ep.Findings {
		at, err := path.Parse(f.Path)
		if err != nil || policy.Remediates(p.modes.Mode(at, now)) {
			observed = false
		}
	}
	r := p.row
	return look{observed: observed, state: fmt.Sprint(
		now.Before(r.HeldUntil), r.Enrolled, r.Mismatch, r.Known, r.Applied, r.Looked, observed, ep.Total, ep.Mode, ep.Findings, p.policy,
	)}
}

// writtenAt is when each applied leaf got its value.
func writtenAt(owned []view.OwnedLeaf) map[string]time.Time {
	at := make(map[string]time.Time, len(owned))
	for _, l := range owned {
		if l.Applied {
			at[l.Path.String()] = l.Since
		}
	}
	return at
}

// look remembers how an episode was when it was planned.
func (e *Engine) look(episode string, l look) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.looks[episode] = l
}

// forget drops what is remembered of episodes that are not among the open ones.
func (e *Engine) forget(open []view.Episode) {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := make(map[string]look, len(open))
	for _, ep := range open {
		if l, ok := e.looks[ep.ID]; ok {
			kept[ep.ID] = l
		}
	}
	e.looks = kept
}

// driftDue reports whether an open episode is to be planned without an event that says so: this process did not yet, what
// it depended on is different, it is to be tried again, or nobody looked at its plan in time.
func (e *Engine) driftDue(ctx context.Context, ep view.Episode) (bool, error) {
	e.mu.Lock()
	last, known := e.looks[ep.ID]
	e.mu.Unlock()
	if !known || !last.until.IsZero() && !e.now().Before(last.until) {
		return true, nil
	}
	if ep.Plan != "" {
		row, err := e.o.Store.Plan(ctx, ep.Plan)
		if err != nil && !errors.Is(err, view.ErrNotFound) || row.Status == view.PlanExpired {
			return err == nil, err
		}
	}
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return false, err
	}
	if wanted, err := e.wants(ctx, g.ID, ep.Device); err != nil || !wanted {
		return false, err
	}
	p, err := e.picture(ctx, g.ID, ep.Device)
	if err != nil {
		return false, err
	}
	return e.lookAt(ep, p).state != last.state, nil
}

// attempts are the runs for an episode that came to nothing since the last that did.
type attempts struct {
	failures int
	how      string
	last     time.Time
	waits    bool // the last was answered by the device, and the same at once would come to the same
}

// next is when what was tried may be tried again, zero for at once.
func (a attempts) next() time.Time {
	if !a.waits || a.failures == 0 || a.failures >= policy.MostFailures {
		return time.Time{}
	}
	return a.last.Add(policy.RetryAfter(a.failures))
}

// tries returns what was tried for an episode within the time that the loop breaker looks at.
func (e *Engine) tries(ctx context.Context, ep view.Episode) (attempts, error) {
	var a attempts
	plans, err := e.o.Store.Plans(ctx, view.PlanQuery{Episode: ep.ID, Limit: latestPlans})
	if err != nil {
		return a, err
	}
	for _, p := range plans {
		if p.Cause != string(plan.ByDrift) {
			continue
		}
		end, err := e.endOf(ctx, p.ID, ep.Device)
		if err != nil {
			return a, err
		}
		outcome := run.Outcome(end.Outcome)
		if outcome == run.Done {
			break
		}
		if outcome == "" || e.now().Sub(end.Updated) > policy.LoopWindow {
			continue
		}
		if a.failures++; a.failures == 1 {
			a.how, a.last = end.Outcome, end.Updated
			if end.Detail != "" {
				a.how += ": " + end.Detail
			}
			a.waits = outcome == run.Failed || outcome == run.Refused || outcome == run.Skipped
		}
	}
	return a, nil
}
