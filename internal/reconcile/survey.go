package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/view"
)

// What is asked of those who serve a device, besides its part of a run.
const (
	verbSurvey  = "survey"  // read it, and compute its part of a plan
	verbCompare = "compare" // say whether it is what it was
	verbProbe   = "probe"   // say what it is, in full
)

// A remote is what another process found; a device that cannot be reached is an answer too.
type remote[T any] struct {
	Found       T      `json:"found"`
	Unreachable string `json:"unreachable,omitempty"`
}

// anywhere does something with a device: here, or in the process that serves it. One of several that serve does not
// connect to a device that nobody serves yet, for another may begin to meanwhile: it waits, for a lease at most.
func anywhere[T any](ctx context.Context, e *Engine, device intent.DeviceName, verb string, body any, here func() (T, error)) (T, error) {
	for since := e.now(); ; {
		elses, err := e.Elsewhere(ctx, device)
		if err != nil {
			var none T
			return none, err
		}
		if !elses && e.serving.Load() && !e.o.Holds.Serves(device) && e.now().Sub(since) < e.o.Lease {
			if err := pause(ctx, firstAsk); err != nil {
				var none T
				return none, err
			}
			continue
		}
		if !elses {
			return here()
		}
		var got remote[T]
		err = e.Ask(ctx, device, verb, body, &got)
		switch {
		case errors.Is(err, errGone):
			continue
		case err == nil && got.Unreachable != "":
			return got.Found, &unreachable{device, errors.New(got.Unreachable)}
		}
		return got.Found, err
	}
}

// found makes an answer of what was found.
func found[T any](v T, err error) (any, error) {
	var u *unreachable
	if errors.As(err, &u) {
		return remote[T]{Found: v, Unreachable: u.Error()}, nil
	}
	return remote[T]{Found: v}, err
}

type surveyAsk struct {
	Generation string     `json:"generation"`
	Cause      plan.Cause `json:"cause"`
}

// surveyed is survey, done by whoever serves the device. Of a device of another process only the plan is known.
func (e *Engine) surveyed(ctx context.Context, generation string, device intent.DeviceName, c plan.Cause) (*picture, plan.Result, error) {
	var p *picture
	result := plan.Result{}
	there, err := anywhere(ctx, e, device, verbSurvey, surveyAsk{generation, c}, func() (plan.DevicePlan, error) {
		var err error
		p, result, err = e.survey(ctx, generation, device, c)
		return result.Plan, err
	})
	if err != nil || p != nil {
		return p, result, err
	}
	p, err = e.picture(ctx, generation, device)
	return p, plan.Result{Plan: there}, err
}

func (e *Engine) answerSurvey(ctx context.Context, device intent.DeviceName, body json.RawMessage) (any, error) {
	var a surveyAsk
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	_, result, err := e.survey(ctx, a.Generation, device, a.Cause)
	return found(result.Plan, err)
}

// seen is what a device is, as it says.
type seenAs struct {
	Known    view.Known `json:"known"`
	Mismatch string     `json:"mismatch,omitempty"` // why it is not the one that was enrolled
}

// seenAs asks a device what it is.
func (e *Engine) seenAs(ctx context.Context, generation string, device intent.DeviceName) (seenAs, error) {
	return anywhere(ctx, e, device, verbCompare, generation, func() (seenAs, error) { return e.seeAs(ctx, generation, device) })
}

func (e *Engine) seeAs(ctx context.Context, generation string, device intent.DeviceName) (seenAs, error) {
	target, err := e.o.Intents.Target(ctx, generation, device)
	if err != nil {
		return seenAs{}, err
	}
	s, err := e.o.Sessions.Session(ctx, device)
	if err != nil {
		return seenAs{}, &unreachable{device, err}
	}
	facts, why, err := e.identified(ctx, target, s)
	return seenAs{known(facts), why}, err
}

func (e *Engine) answerCompare(ctx context.Context, device intent.DeviceName, body json.RawMessage) (any, error) {
	var generation string
	if err := json.Unmarshal(body, &generation); err != nil {
		return nil, err
	}
	return found(e.seeAs(ctx, generation, device))
}

// probed lets the device say what it is, wherever it is served.
func (e *Engine) probed(ctx context.Context, device intent.DeviceName) (profile.Facts, error) {
	return anywhere(ctx, e, device, verbProbe, nil, func() (profile.Facts, error) { return e.probe(ctx, device) })
}

func (e *Engine) answerProbe(ctx context.Context, device intent.DeviceName, _ json.RawMessage) (any, error) {
	facts, err := e.probe(ctx, device)
	if err != nil {
		err = &unreachable{device, err}
	}
	return found(facts, err)
}

// attendAsks looks for asks whenever somebody tells of one, when a device has come, and on an interval.
func (e *Engine) attendAsks(ctx context.Context) {
	changed := e.o.Holds.Changed()
	tick := time.NewTicker(e.o.Lease / 3)
	defer tick.Stop()
	failures := 0
	for {
		if err := e.resyncAsks(ctx); err == nil {
			failures = 0
		} else if failures++; ctx.Err() == nil && (failures == 1 || failures%100 == 0) {
			e.log.Warn("cannot look for what others ask", zap.Int("failures", failures), zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-e.askedAbout:
		case <-tick.C:
		}
	}
}

// asked makes attendAsks look.
func (e *Engine) asked() {
	select {
	case e.askedAbout <- struct{}{}:
	default:
	}
}
