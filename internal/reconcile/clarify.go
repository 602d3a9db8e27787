package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// clarify reads a device that went away during a run, and records of the write-set that the run left what is there: that
// was applied. What is not there stays owned, for the next plan to write or to let go of.
func (e *Engine) clarify(ctx context.Context, device intent.DeviceName) error {
	row, err := e.o.Store.Device(ctx, device)
	if err != nil || row.Run != "" || len(row.WriteSet) == 0 {
		return err
	}
	work, lease, err := e.hold(ctx, deviceLease(device), false)
	var other *view.HeldError
	if errors.As(err, &other) {
		return nil // who has it finds out
	}
	if err != nil || lease == nil {
		return err // a run has begun meanwhile and finds out by itself
	}
	defer lease.Release()
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return err
	}
	p, _, err := e.survey(work, g.ID, device, plan.Cause{Part: plan.Whole})
	if err != nil {
		return err
	}
	if p.row.Run != "" {
		return nil
	}
	applied, shown, dropped := p.landed()
	err = e.o.Store.Do(ctx, func(tx event.Tx) error {
		if err := lease.guard(tx); err != nil {
			return err
		}
		if err := e.markApplied(tx, device, applied, shown); err != nil {
			return err
		}
		if err := e.o.Store.DropOwned(tx, device, dropped); err != nil {
			return err
		}
		return e.o.Store.UpdateDevice(tx, device, func(d *view.Device) { d.WriteSet = nil })
	})
	if err != nil {
		return fmt.Errorf("device %q: clarify: %w", device, err)
	}
	return nil
}

// landed sorts the write-set by what the device has of it now.
func (p *picture) landed() (applied, shown []tree.Leaf, dropped []path.Path) {
	writes := make([]tree.Change, len(p.row.WriteSet))
	for i, w := range p.row.WriteSet {
		writes[i] = tree.Change{Path: w.Path, Before: w.Before, After: w.After}
	}
	p.recognise(writes)
	for i, v := range plan.Values(p.input, writes) {
		w := writes[i]
		switch {
		case !p.input.Secrets.Same(w.Path, v, w.After):
		case w.After == "":
			dropped = append(dropped, w.Path)
		default:
			applied = append(applied, tree.Leaf{Path: w.Path, Value: w.After})
			shown = append(shown, shownAs(p.input, w.Path)...)
		}
	}
	return applied, shown, dropped
}
