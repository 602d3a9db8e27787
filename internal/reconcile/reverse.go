package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// A run that went well is taken back by a plan of its own: from what the run recorded of its writes, not from intents. It is
// computed, checked, sent and proven like every other plan.

// A reversal is what a run wrote on a device, as far as taking it back needs it.
type reversal struct {
	writes map[string]run.Write // by path
	from   string               // the generation that was applied before the run
}

// errNotRun says that there is nothing to take back.
var errNotRun = errors.New("nothing of it is on a device by a run that went well: there is nothing to take back; next: tenter run ls")

// reversible returns the devices on which the run of a plan went well and wrote something, in order.
func (e *Engine) reversible(ctx context.Context, id plan.ID) ([]intent.DeviceName, error) {
	if _, err := e.o.Store.Plan(ctx, string(id)); err != nil {
		return nil, err
	}
	rows, err := e.o.Store.RunDevices(ctx, runOf(string(id)))
	if err != nil {
		return nil, err
	}
	var names []intent.DeviceName
	for _, r := range rows {
		var s run.State
		if err := json.Unmarshal(r.State, &s); err != nil {
			return nil, fmt.Errorf("run %q: device %q: %w", runOf(string(id)), r.Device, err)
		}
		if s.Step == run.Ended && s.Outcome == run.Done && len(s.Writes) > 0 {
			names = append(names, r.Device)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("plan %q: %w", id, errNotRun)
	}
	slices.Sort(names)
	return names, nil
}

// reversibleOf returns which of the chosen devices a run can be taken back on, or an error that says that it is none.
func (e *Engine) reversibleOf(ctx context.Context, req Request, chosen []intent.DeviceName) ([]intent.DeviceName, error) {
	names, err := e.reversible(ctx, req.Back)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n intent.DeviceName) bool { return !slices.Contains(chosen, n) })
	if len(names) == 0 {
		return nil, fmt.Errorf("plan %q: on the devices asked for: %w", req.Back, errNotRun)
	}
	return names, nil
}

// aim limits a picture's plan to what a plan of the cause is for.
func (e *Engine) aim(ctx context.Context, p *picture, c plan.Cause) error {
	p.take(c.Part, e)
	if c.Part == plan.Restore {
		return e.bringBack(ctx, p, c.Ref)
	}
	if c.Part != plan.Reverse {
		return nil
	}
	rows, err := e.o.Store.RunDevices(ctx, runOf(c.Ref))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(r view.RunDevice) bool { return r.Device == p.input.Device })
	if i < 0 {
		return fmt.Errorf("plan %q: device %q: %w", c.Ref, p.input.Device, errNotRun)
	}
	var s run.State
	if err := json.Unmarshal(rows[i].State, &s); err != nil {
		return fmt.Errorf("run %q: device %q: %w", runOf(c.Ref), p.input.Device, err)
	}
	if p.input.Back, err = restored(s.Writes); err != nil {
		return err
	}
	p.back = &reversal{writes: map[string]run.Write{}, from: s.Output(run.Check).From}
	for _, w := range s.Writes {
		p.back.writes[w.Path] = w
	}
	return nil
}

// reversed records what was taken back: owned and applied are as they were before the run that wrote it. What that run
// found different from what was applied is different again, and so drift.
func (h *hand) reversed(tx event.Tx, writes []tree.Change) error {
	var was former
	for _, w := range writes {
		was.add(w.Path, h.picture.back.writes[w.Path.String()])
	}
	if err := h.recall(tx, was); err != nil {
		return err
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) {
		d.Run, d.WriteSet, d.Generation = "", nil, h.picture.back.from
	})
}

// wasReversed reports whether the last run that ended well on the device took something back under the intents of a
// generation: then those are not rolled out there again without somebody's word.
func (e *Engine) wasReversed(ctx context.Context, device intent.DeviceName, generation string) (bool, error) {
	plans, err := e.o.Store.Plans(ctx, view.PlanQuery{Device: device, Status: []view.PlanStatus{view.PlanDone}, Limit: 1, Bodies: true})
	if err != nil || len(plans) == 0 || plans[0].Generation != generation {
		return false, err
	}
	p, err := plan.Parse(plans[0].Body)
	return p.Cause.Part == plan.Reverse || p.Cause.Part == plan.Restore, err
}
