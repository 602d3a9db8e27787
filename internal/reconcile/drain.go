package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// drained completes what a check found with what steers traffic away before the change, where the device's Rollout wants
// that: how the model would be rendered if the device made its own way longer, beside how it is. A device that does not
// have yet what would be changed carries nothing, and needs no drain.
func (h *hand) drained(ctx context.Context, in run.Checked) (run.Input, error) {
	care := h.fixed.order.CareOf(h.name)
	if care.Drain == nil || len(in.Writes) == 0 || h.o.Drained == nil {
		return in, nil
	}
	longer, err := h.o.Drained(ctx, h.plan.Generation, h.name, care.Drain.Prepend)
	if err != nil {
		return nil, err
	}
	p := h.picture.input
	var writes []tree.Change
	for c := range tree.Diff(p.Desired, longer) {
		if there := p.Observed.Has(entry(c.Path)); !there {
			return in, nil
		}
		have, _ := p.Observed.Get(c.Path)
		if have.Value == c.After { // as an earlier run has left it, and this one takes it back with the rest
			continue
		}
		if slices.ContainsFunc(h.writes, func(w tree.Change) bool { return path.Equal(w.Path, c.Path) }) {
			return run.Barred{At: h.now(), Reason: fmt.Sprintf("the plan changes %s, by which the device would be drained; next: run it under a Rollout without drain", c.Path)}, nil
		}
		writes = append(writes, tree.Change{Path: c.Path, Before: have.Value, After: c.After})
	}
	if len(writes) == 0 {
		return in, nil
	}
	in.Drain, in.Wait = h.picture.stored(writes), care.Drain.Wait
	return in, nil
}

// entry is the first list entry on the way to a leaf, or the leaf.
func entry(p path.Path) path.Path {
	for i, e := range p.Elems {
		if len(e.Keys) > 0 {
			return path.Path{Origin: p.Origin, Elems: p.Elems[:i+1]}
		}
	}
	return p
}

// around does what the state asks for that sets or takes back the device's drain.
func (h *hand) around(ctx context.Context) (run.Input, error) {
	action := h.s.Action()
	if action == run.DoWait {
		return run.Elapsed{At: h.now()}, nil
	}
	if action == run.DoSave && h.s.Step == run.Draining { // the device is not to come up drained one day
		return run.Stored{At: h.now()}, nil
	}
	writes, err := restored(h.s.Drain.State.Writes)
	if err != nil {
		return nil, err
	}
	err = h.connect(ctx)
	if err == nil && action != run.DoSave {
		if err = h.picture.readAt(ctx, h.session, tops(writes)); err != nil {
			err = &unreachable{h.name, err}
		}
	}
	var away *unreachable
	switch {
	case errors.As(err, &away) && action == run.DoSave:
		return run.Stored{At: h.now(), Err: away.Error()}, nil
	case errors.As(err, &away) && action == run.DoRead:
		return run.Gone{At: h.now(), Err: away.Error()}, nil
	case err != nil:
		return goneUnsent(h, err)
	}
	switch action {
	case run.DoSave:
		if err := h.session.Save(ctx); err != nil {
			return run.Stored{At: h.now(), Err: err.Error()}, nil
		}
		return run.Stored{At: h.now()}, nil
	case run.DoRead:
		in := seen(h.picture.input, writes)
		in.At = h.now()
		return in, nil
	case run.DoSet:
		return h.steer(ctx, reversed(writes))
	case run.DoUndo:
		return h.steer(ctx, writes)
	}
	return nil, fmt.Errorf("step %q asks for nothing", h.s.Step)
}

// steer takes back writes, as far as the device has them.
func (h *hand) steer(ctx context.Context, writes []tree.Change) (run.Input, error) {
	edit := plan.Undo(h.picture.input, writes)
	if edit.Empty() {
		return run.Answered{At: h.now(), Answer: run.Accepted}, nil
	}
	a, barred, err := h.send(ctx, edit, h.options())
	switch {
	case err != nil:
		return nil, err
	case barred != "":
		return run.Barred{At: h.now(), Reason: barred}, nil
	}
	a.Leaves = len(writes)
	return a, nil
}

// reversed are the writes that lead back from where writes lead.
func reversed(writes []tree.Change) []tree.Change {
	back := make([]tree.Change, len(writes))
	for i, w := range writes {
		back[i] = tree.Change{Path: w.Path, Before: w.After, After: w.Before}
	}
	return back
}

// hide takes a drain that is on the device out of a reading: the plan was computed without it.
func (p *picture) hide(d *run.Drain) error {
	writes, err := restored(d.State.Writes)
	if err != nil {
		return err
	}
	ours := map[string]tree.Change{}
	for _, w := range writes {
		ours[w.Path.String()] = w
	}
	b := tree.NewBuilder(p.input.Observed.Table())
	for l := range p.input.Observed.All() {
		if w, ok := ours[l.Path.String()]; ok && l.Value == w.After {
			if l.Value = w.Before; l.Value == "" {
				continue
			}
		}
		if err := b.Set(l); err != nil {
			return err
		}
	}
	p.input.Observed = b.Build()
	p.input.Unproven = slices.DeleteFunc(slices.Clone(p.input.Unproven), func(at path.Path) bool { _, ok := ours[at.String()]; return ok })
	return nil
}

// effects changes what is owned and applied as a step begins or ends. While the device is drained, or may be, that is in flight
// and Tenter's besides what else is.
func (h *hand) effects(tx event.Tx, from, to run.State) error {
	var err error
	switch {
	case to.Drain == nil:
		return h.effect(tx, from, to)
	case from.Step == run.Undraining:
		return h.dropDrain(tx, to)
	case to.Step == run.Draining:
		err = h.own(tx, to)
	case to.Step == run.Undraining:
		ended := to
		ended.Step, ended.Outcome = run.Ended, to.Drain.Due
		err = h.effect(tx, from, ended)
	default:
		err = h.effect(tx, from, to)
	}
	switch {
	case err != nil:
		return err
	case to.Drained():
		return h.holdDrain(tx, to)
	case from.Step == run.Draining:
		return h.dropDrain(tx, to)
	}
	return nil
}

// holdDrain records, while a device is drained or may be, that the drain is in flight and Tenter's, besides what else is.
func (h *hand) holdDrain(tx event.Tx, to run.State) error {
	writes, err := restored(to.Drain.State.Writes)
	if err != nil {
		return err
	}
	var owned []path.Path
	var flight []view.Write
	for i, w := range writes {
		if w.After != "" {
			owned = append(owned, w.Path)
		}
		flight = append(flight, view.Write{Path: w.Path, Before: to.Drain.State.Writes[i].Before, After: to.Drain.State.Writes[i].After})
	}
	if err := h.o.Store.MarkOwned(tx, h.name, owned); err != nil {
		return err
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) {
		rest := slices.DeleteFunc(d.WriteSet, func(w view.Write) bool {
			return slices.ContainsFunc(flight, func(f view.Write) bool { return path.Equal(f.Path, w.Path) })
		})
		d.Run, d.WriteSet = h.fixed.id, append(rest, flight...)
	})
}

// dropDrain lets go of a drain that is proven to be gone. One that may be there stays Tenter's, so that the next plan deletes it.
func (h *hand) dropDrain(tx event.Tx, to run.State) error {
	if s := to.Drain.State; s.Proven {
		var brought []path.Path
		for _, w := range s.Writes {
			p, err := path.Parse(w.Path)
			if err != nil {
				return err
			}
			if w.After != "" && !w.Owned {
				brought = append(brought, p)
			}
		}
		if err := h.o.Store.DropOwned(tx, h.name, brought); err != nil {
			return err
		}
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) {
		d.Run = ""
		if !to.Sent { // else it is for clarify to find out
			d.WriteSet = nil
		}
	})
}
