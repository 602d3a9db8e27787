package reconcile

import (
	"context"
	"errors"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// errApart says that another run works on a device that must not be worked on at the same time. Nothing was recorded.
var errApart = errors.New("another run works on a device that shares its redundancy")

// others are the devices that other runs work on, as far as redundancy needs to know.
func (d *driver) others(ctx context.Context) ([]intent.DeviceName, error) {
	if len(d.saga.Order.Groups) == 0 {
		return nil, nil
	}
	stands, err := d.o.Store.OpenStands(ctx)
	return d.busy(stands, d.checks()), err
}

// checks says which runs' devices count that are in Check only. Where this run has one there as well, since it was paused with it, those of
// earlier names do: of two that were, one waits for the other.
func (d *driver) checks() func(view.RunStand) bool {
	waited := false
	for _, s := range d.states {
		waited = waited || s.Step == run.Check
	}
	return func(s view.RunStand) bool { return s.Status != view.RunPaused && (!waited || s.Run < d.fixed.id) }
}

// busy are the devices that other runs work on. Of those that are in Check, it is the ones that check says.
func (d *driver) busy(stands []view.RunStand, check func(view.RunStand) bool) (busy []intent.DeviceName) {
	for _, s := range stands {
		switch step := run.Step(s.Step); {
		case s.Run == d.fixed.id || step == "" || step == run.Ended:
		case step != run.Check || check(s):
			busy = append(busy, s.Device)
		}
	}
	return busy
}

// apart fails with errApart where the step begins work on a device and another run, in whatever process, works on one that shares
// its redundancy. It is asked in the transaction that records the step: of two that begin in the same moment one sees the other.
// Whoever is in Check first may go on, so that two never wait for each other; only after a pause is it asked again.
func (h *hand) apart(tx event.Tx, from, to run.State) error {
	begins := from.Step == "" && to.Step == run.Check || from.Step == run.Ended && to.Step != run.Ended
	goesOn := from.Step == run.Check && to.Begun()
	if !begins && !goesOn {
		return nil
	}
	near := h.fixed.order.Near(h.name)
	if len(near) == 0 {
		return nil
	}
	stands, err := h.o.Store.OpenStandsIn(tx, append(slices.Clone(near), h.name))
	if err != nil {
		return err
	}
	check := func(s view.RunStand) bool { return begins && s.Status != view.RunPaused }
	if !h.fixed.order.Fits(h.name, h.busy(stands, check)) {
		return errApart
	}
	return nil
}
