package reconcile

import (
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// withheld lets go of a device whose Set was not sent. What may have come of an earlier one stays owned.
func (h *hand) withheld(tx event.Tx, from run.State) error {
	if from.Sets == 1 {
		if err := h.o.Store.DropOwned(tx, h.name, h.brought(from)); err != nil {
			return err
		}
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) { d.Run, d.WriteSet = "", nil })
}

// brought are the leaves that became Tenter's with this run.
func (h *hand) brought(s run.State) []path.Path {
	var all []path.Path
	for i, w := range h.writes {
		if w.After != "" && !s.Writes[i].Owned { // an earlier run, of which nobody knows the end, may have written it
			all = append(all, w.Path)
		}
	}
	return all
}

// reopen records, before what was applied is put back, that it is in flight again, and that what is written for it is Tenter's.
func (h *hand) reopen(tx event.Tx, to run.State) error {
	var owned []path.Path
	var writes []view.Write
	for i, w := range h.writes {
		if to.Writes[i].Owned {
			owned = append(owned, w.Path)
		}
		writes = append(writes, view.Write{Path: w.Path, Before: to.Writes[i].Before, After: to.Writes[i].After})
	}
	if err := h.o.Store.MarkOwned(tx, h.name, owned); err != nil {
		return err
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) { d.Run, d.WriteSet = h.fixed.id, writes })
}

// unapplied records what was put back: owned and applied are as they were before the run, except for what is still as
// planned or of which nobody knows.
func (h *hand) unapplied(tx event.Tx, to run.State) error {
	var applied []tree.Leaf
	var dropped, owned []path.Path
	stays := 0
	for i, w := range h.writes {
		s := to.Writes[i]
		switch {
		case !to.Proven && (to.Sent || slices.Contains(to.Left, s.Path)):
			stays++
		case s.Had != "":
			applied = append(applied, tree.Leaf{Path: w.Path, Value: s.Had})
		default:
			dropped = append(dropped, w.Path)
			if s.Owned {
				owned = append(owned, w.Path)
			}
		}
	}
	if err := h.o.Store.DropOwned(tx, h.name, dropped); err != nil {
		return err
	}
	if err := h.o.Store.MarkOwned(tx, h.name, owned); err != nil {
		return err
	}
	if err := h.markApplied(tx, h.name, applied, nil); err != nil {
		return err
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) {
		d.Run = ""
		if !to.Sent { // else it is for clarify to find out
			d.WriteSet = nil
		}
		if stays == 0 && h.plan.Cause.Part != plan.Remedy {
			d.Generation = to.Output(run.Check).From
		}
	})
}
