package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// move takes the run to the next state and records it with all that follows from it, in one transaction under the
// device's lease. A state that only goes on waiting is not recorded again. It fails with errApart where the device has to wait for
// another run.
func (h *hand) move(ctx context.Context, in run.Input) error {
	from, to := h.s, h.limits().Next(h.s, h.discreet(in))
	_, resumed := in.(run.Resumed)
	if from.Same(to) && !resumed {
		h.s = to
		return nil
	}
	if to.Step == run.Save && to.Place == 0 {
		to.Place = int(h.places.Add(1))
	}
	if to.Step == run.Ended {
		h.Engine.ended(h.name)
	}
	err := h.o.Store.Do(ctx, func(tx event.Tx) error {
		if err := h.lease.guard(tx); err != nil {
			return err
		}
		if err := h.apart(tx, from, to); err != nil {
			return err
		}
		if err := h.save(tx, h.name, to); err != nil {
			return err
		}
		if from.Step == to.Step {
			return nil
		}
		if err := h.effects(tx, from, to); err != nil {
			return err
		}
		return tx.Append(ctx, h.told(from, to)...)
	})
	if err == nil {
		h.s = to
	}
	return err
}

// effect changes what is owned and applied as a step begins or ends.
func (h *hand) effect(tx event.Tx, from, to run.State) error {
	over := to.Step == run.Ended
	switch {
	case to.Step == run.Set && from.Step != run.Verify:
		return h.own(tx, to)
	case to.Step == run.Check && from.Step == run.Set:
		return h.withheld(tx, from)
	case to.Step == run.Save:
		return h.applied(tx, h.writes)
	case over && to.Outcome == run.Done && from.Step != run.Save: // there was nothing to write
		return h.applied(tx, nil)
	case from.Step == run.Ended, from.Step == run.Save && !over:
		return h.reopen(tx, to)
	case to.Step == run.Resave, over && to.Kept && from.Step != run.Save && from.Step != run.Resave:
		return h.unapplied(tx, to)
	case over && from.Step != run.Save && from.Step != run.Resave:
		return h.given(tx, from, to)
	}
	return nil
}

// own records, before the Set, what is Tenter's from now on and what is in flight.
func (h *hand) own(tx event.Tx, to run.State) error {
	var owned []path.Path
	var writes []view.Write
	for i, w := range h.writes {
		if w.After != "" {
			owned = append(owned, w.Path)
		}
		writes = append(writes, view.Write{Path: w.Path, Before: to.Writes[i].Before, After: to.Writes[i].After})
	}
	if err := h.o.Store.MarkOwned(tx, h.name, owned); err != nil {
		return err
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) {
		d.Run, d.WriteSet = h.fixed.id, writes
	})
}

// applied records what was read back: writes are on the device, or gone from it.
func (h *hand) applied(tx event.Tx, writes []tree.Change) error {
	in := h.picture.input
	switch h.plan.Cause.Part {
	case plan.Reverse:
		return h.reversed(tx, writes)
	case plan.Restore:
		return h.broughtBack(tx, writes)
	case plan.Whole, plan.Pending, plan.Remedy, plan.Heeding:
	}
	if h.result.Plan.Digest == "" { // another process checked: what was to be claimed and released, the reading tells again
		h.result = plan.Compute(in)
	}
	var leaves, shown []tree.Leaf
	dropped := slices.Clone(h.result.Releases)
	for _, w := range writes {
		if w.After == "" {
			dropped = append(dropped, w.Path)
			continue
		}
		v := w.After
		if v.Kind() == schema.KindKeys {
			v = h.wanted(w) // what the device has may hold entries that are not Tenter's
		}
		leaves = append(leaves, tree.Leaf{Path: w.Path, Value: in.Secrets.Digest(w.Path, v)})
		shown = append(shown, shownAs(in, w.Path)...)
	}
	for _, c := range h.picture.held {
		shown = append(shown, shownAs(in, c.Path)...)
	}
	for _, c := range h.result.Claims {
		leaves = append(leaves, tree.Leaf{Path: c.Path, Value: in.Secrets.Digest(c.Path, c.Value)})
	}
	if err := h.markApplied(tx, h.name, leaves, shown); err != nil {
		return err
	}
	if err := h.o.Store.DropOwned(tx, h.name, dropped); err != nil {
		return err
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) {
		d.Run, d.WriteSet = "", nil
		if h.plan.Cause.Part != plan.Remedy {
			d.Generation = h.plan.Generation
		}
		// A device that changed is not in order by a run that leaves its drift as it is.
		if h.known != (view.Known{}) && (h.plan.Cause.Part != plan.Pending || d.Known.Differs(h.known) == "") {
			d.Known = h.known
		}
	})
}

// markApplied records leaves that were read back, and in which form where it is another than was written.
func (e *Engine) markApplied(tx event.Tx, device intent.DeviceName, leaves, shown []tree.Leaf) error {
	if err := e.o.Store.MarkApplied(tx, device, leaves); err != nil || len(shown) == 0 {
		return err
	}
	return e.o.Store.MarkShown(tx, device, shown)
}

// shownAs returns what the device shows at p, of a secret its digest, if it has another form than what was written there.
func shownAs(in plan.Input, p path.Path) []tree.Leaf {
	have, _ := in.Observed.Get(p)
	if form := in.Secrets.Shown(p, have.Value); form != "" {
		return []tree.Leaf{{Path: p, Value: form}}
	}
	return nil
}

// wanted returns the key sequence that the plan was after.
func (h *hand) wanted(w tree.Change) schema.Value {
	target := h.picture.input.Desired
	switch h.picture.input.Part {
	case plan.Remedy:
		target = h.picture.input.Applied
	case plan.Restore:
		target = h.picture.input.Kept
	case plan.Whole, plan.Pending, plan.Heeding, plan.Reverse:
	}
	if l, ok := target.Get(w.Path); ok {
		return l.Value
	}
	return w.After
}

// given lets go of the device after a run that changed nothing in the end. What was set out to be written and is shown
// to be neither there nor ours before is not owned any more; while a Set may still be on the device, all of it is, and
// the write-set stays for clarify.
func (h *hand) given(tx event.Tx, from, to run.State) error {
	if to.Sent {
		return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) { d.Run = "" })
	}
	if to.Proven && h.picture != nil {
		if err := h.o.Store.DropOwned(tx, h.name, h.brought(to)); err != nil {
			return err
		}
	}
	if !from.InFlight() {
		return nil
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) { d.Run, d.WriteSet = "", nil })
}

// told returns the events of a step that is over.
func (h *hand) told(from, to run.State) []event.Draft {
	if from.Step == "" && to.Step == run.Check {
		return nil // its turn has come, and that is all
	}
	all := []event.Draft{h.step(h.name, from, to)}
	if to.Step == run.Ended && to.Undos > 0 && from.Step != run.Ended {
		back := h.draft(h.name)
		back.Type = event.TypeRolledBack
		back.Data = event.RolledBack{Run: h.fixed.id, Device: h.name, Proven: to.Proven, Left: few(to.Left)}
		all = append(all, back)
	}
	return all
}

// step is the event of a step that is over on a device.
func (d *driver) step(name intent.DeviceName, from, to run.State) event.Draft {
	outcome := string(to.Step)
	if to.Step == run.Ended {
		outcome = string(to.Outcome)
	}
	detail := to.Detail
	if from.Step == run.Set && to.Step == run.Verify && to.Answer != run.Accepted {
		detail = cmp.Or(detail, to.Said)
	}
	out := d.draft(name)
	out.Type = event.TypeStepCompleted
	out.Data = event.StepCompleted{
		Run: d.fixed.id, Device: name, Step: string(cmp.Or(from.Step, run.Check)), Outcome: outcome, Detail: detail, Next: string(to.Step),
	}
	return out
}

// few are the first of many paths, and how many more there are: all of them are in the run's row.
func few(paths []string) []string {
	const most = 100
	if len(paths) <= most {
		return paths
	}
	return append(slices.Clone(paths[:most]), fmt.Sprintf("and %d more", len(paths)-most))
}
