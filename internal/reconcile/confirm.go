package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
)

// options are those of every Set of the run: the lease's number is what a device with arbitration knows the newest
// process by.
func (h *hand) options() profile.SetOptions {
	return profile.SetOptions{Election: uint64(h.lease.token())}
}

// commit are the options of the planned Set: where the state says so, a commit to be confirmed. So a change that cuts the
// device off from Tenter is taken back by the device itself.
func (h *hand) commit() profile.SetOptions {
	o := h.options()
	if !h.s.Until.IsZero() {
		o.Commit, o.CommitID, o.Rollback = profile.CommitOpen, h.fixed.id, h.s.Until.Sub(h.s.Asked)
		h.opened = true
	}
	return o
}

// confirm makes the device keep the run's commit, if one waits: before it is saved, and before it is undone by hand, which
// spares what others changed meanwhile. A process that took the run over cannot know whether one waits: if the device does
// not take the word, only its own deadline tells. Once the device's time is over, nothing is confirmed any more: the
// time is counted from before the Set, so the device's own ends later.
func (h *hand) confirm(ctx context.Context) error {
	if h.s.Until.IsZero() || h.s.Lapsed {
		return nil
	}
	if !h.now().Before(h.s.Until) {
		return fmt.Errorf("%w at %s", errLate, h.s.Until.UTC().Format(time.RFC3339))
	}
	within, stop := context.WithDeadline(ctx, h.s.Until)
	defer stop()
	if err := h.conclude(within, profile.CommitConfirm); err != nil {
		return err
	}
	h.opened = false
	return nil
}

// errLate says that it is too late to make the device keep a commit.
var errLate = errors.New("the device's time for that was over")

// unconfirmed is what came of confirm.
func (h *hand) unconfirmed(err error) run.Unconfirmed {
	return run.Unconfirmed{At: h.now(), Err: err.Error(), Unsure: !h.opened}
}

// cancel ends the run's commit if one still waits at the end of the run: nothing was read back of it. A device that cannot be
// reached does that by itself, later.
func (h *hand) cancel(ctx context.Context) {
	if !h.opened {
		return
	}
	h.opened = false
	if !h.now().Before(h.s.Until) {
		return // by now the device has done so
	}
	if err := h.conclude(ctx, profile.CommitCancel); err != nil {
		h.log.Warn("commit not canceled: the device will take it back by itself", zap.String("device", string(h.name)),
			zap.Time("by", h.s.Until), zap.Error(err))
	}
}

// takenBack lets the device take the run's commit back as a whole, and reports whether it did: where all of it was as planned
// and still is all that changed on the device. That needs no Set to go through, and should it fail the device still does so by
// itself.
func (h *hand) takenBack(ctx context.Context) bool {
	if !h.opened || h.s.Lapsed || !h.untouched() {
		return false
	}
	within, stop := context.WithDeadline(ctx, h.s.Until)
	defer stop()
	if err := h.conclude(within, profile.CommitCancel); err != nil {
		h.log.Warn("commit not canceled", zap.String("device", string(h.name)), zap.Error(err))
		return false
	}
	h.opened = false
	return true
}

// conclude sends what is to become of the run's commit.
func (h *hand) conclude(ctx context.Context, a profile.CommitAction) error {
	within, done, err := h.lease.Secure(ctx, h.picture.target.Profile.Limits.Timeout)
	if err != nil {
		return err
	}
	defer done()
	o := h.options()
	o.Commit, o.CommitID = a, h.fixed.id
	return h.session.Set(within, tree.Edit{}, o)
}
