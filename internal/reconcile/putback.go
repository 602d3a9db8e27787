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
	var was former
	stays := 0
	for i, w := range h.writes {
		if s := to.Writes[i]; !to.Proven && (to.Sent || slices.Contains(to.Left, s.Path)) {
			stays++
		} else {
			was.add(w.Path, s)
		}
	}
	if err := h.recall(tx, was); err != nil {
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

// A former is what the store said of leaves before the run that is taken back wrote them.
type former struct {
	applied        []tree.Leaf
	dropped, owned []path.Path
}

func (f *former) add(p path.Path, w run.Write) {
	if w.Had != "" {
		f.applied = append(f.applied, tree.Leaf{Path: p, Value: w.Had})
		return
	}
	f.dropped = append(f.dropped, p)
	if w.Owned {
		f.owned = append(f.owned, p)
	}
}

// recall has the store say of the device's leaves what it said then.
func (h *hand) recall(tx event.Tx, f former) error {
	if err := h.o.Store.DropOwned(tx, h.name, f.dropped); err != nil {
		return err
	}
	if err := h.o.Store.MarkOwned(tx, h.name, f.owned); err != nil {
		return err
	}
	return h.markApplied(tx, h.name, f.applied, nil)
}
