package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
)

// A Stale is a device that is not as it was when its part of a plan was computed.
type Stale struct {
	Device intent.DeviceName `json:"device"`
	Moved  []plan.Movement   `json:"moved"`
}

// String names the device and the first of what moved there.
func (s Stale) String() string {
	const most = 5
	var texts []string
	for _, m := range s.Moved[:min(len(s.Moved), most)] {
		texts = append(texts, m.String())
	}
	if more := len(s.Moved) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return string(s.Device) + ": " + strings.Join(texts, "; ")
}

// Recheck reads the devices of a stored plan and returns those that are not as they were when it was made, in order. It
// fails with a *approval.StaleError if the plan cannot be started at all, or if the intents or policies moved. A device that cannot be
// read is not known to have moved: the run finds out. Nothing is written anywhere.
func (e *Engine) Recheck(ctx context.Context, id plan.ID) ([]Stale, error) {
	row, p, err := e.approvals.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := e.approvals.Startable(row); err != nil {
		return nil, err
	}
	if moved, err := e.unbound(ctx, p); err != nil || moved != "" {
		if err == nil {
			err = &approval.StaleError{Plan: row.ID, Reason: moved}
		}
		return nil, err
	}
	names := p.Busy()
	moved := make([][]plan.Movement, len(names))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	free := make(chan struct{}, mostReads)
	for i, name := range names {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			if wanted, err := e.wants(ctx, p.Generation, name); err != nil || !wanted {
				errs[i] = err
				return
			}
			part, _ := p.Device(name)
			moved[i], errs[i] = e.movedSince(ctx, recheckAsk{p.Generation, p.Cause, part})
			var away *unreachable
			if errors.As(errs[i], &away) {
				errs[i] = nil
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var all []Stale
	for i, name := range names {
		if len(moved[i]) > 0 {
			all = append(all, Stale{name, moved[i]})
		}
	}
	return all, nil
}

// StaleOn is the error for a plan that is refused since devices moved: it names each with what moved.
func StaleOn(id plan.ID, all []Stale) error {
	var texts []string
	for _, s := range all[:min(len(all), mostReasons)] {
		texts = append(texts, s.String())
	}
	if more := len(all) - mostReasons; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more devices", more))
	}
	return &approval.StaleError{Plan: string(id), Reason: strings.Join(texts, "; ")}
}

// verbRecheck asks whoever serves a device whether it is as it was.
const verbRecheck = "recheck"

type recheckAsk struct {
	Generation string          `json:"generation"`
	Cause      plan.Cause      `json:"cause"`
	Part       plan.DevicePlan `json:"part"`
}

func (e *Engine) movedSince(ctx context.Context, a recheckAsk) ([]plan.Movement, error) {
	return anywhere(ctx, e, a.Part.Device, verbRecheck, a, func() ([]plan.Movement, error) {
		p, result, err := e.survey(ctx, a.Generation, a.Part.Device, a.Cause)
		if err != nil || result.Plan.Digest == a.Part.Digest {
			return nil, err
		}
		return movements(a.Part, result.Plan, p.input), nil
	})
}

// movements says what is not as it was when part was computed, where now is what comes of computing it once more: not the
// same. It never says nothing.
func movements(part, now plan.DevicePlan, in plan.Input) []plan.Movement {
	moved := part.Moved(in.Observed, in.Secrets)
	if len(moved) == 0 {
		moved = part.Besides(now)
	}
	switch {
	case len(moved) > 0:
	case now.Refused != "":
		moved = []plan.Movement{{Text: now.Refused}}
	default:
		moved = []plan.Movement{{Text: "what is wanted or owned of " + string(in.Device)}}
	}
	return moved
}

func (e *Engine) answerRecheck(ctx context.Context, _ intent.DeviceName, body json.RawMessage) (any, error) {
	var a recheckAsk
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	return found(e.movedSince(ctx, a))
}
