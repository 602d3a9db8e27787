package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
)

// set sends the one Set. A process that takes over computes it anew, and gives up if it comes out differently.
func (h *hand) set(ctx context.Context) (run.Input, error) {
	if err := h.connect(ctx); err != nil {
		return goneUnsent(h, err)
	}
	if h.s.Sets > 1 || h.result.Plan.Digest == "" {
		in, err := h.check(ctx)
		switch in := in.(type) {
		case run.Checked:
			if !slices.EqualFunc(in.Writes, h.s.Writes, run.Write.Same) {
				return run.Barred{At: h.now(), Reason: "what is wanted changed while the run was interrupted"}, nil
			}
		case run.Moved:
			return run.Barred{At: h.now(), Reason: "the device or the intents changed while the run was interrupted"}, nil
		case run.Gone:
			return run.Answered{At: h.now(), Answer: run.Unsent, Said: in.Err}, nil
		default:
			return in, err
		}
	}
	h.picture.expecting = false // what the device shows of secrets is another text with each Set
	h.picture.hold()
	a, barred, err := h.send(ctx, h.result.Edit, h.commit())
	switch {
	case err != nil:
		return nil, err
	case barred != "":
		return run.Barred{At: h.now(), Reason: barred}, nil
	}
	a.Leaves = len(h.writes)
	return a, nil
}

// send writes to the device, if it is the one that was enrolled, and while no other process can have its lease. Barred
// says what stood against it for good; after an error too nothing was sent.
func (h *hand) send(ctx context.Context, edit tree.Edit, opts profile.SetOptions) (a run.Answered, barred string, err error) {
	_, why, err := h.identified(ctx, h.picture.target, h.session)
	var away *unreachable
	switch {
	case errors.As(err, &away):
		return run.Answered{At: h.now(), Answer: run.Unsent, Said: away.Error()}, "", nil
	case err != nil:
		return a, "", err
	case why != "":
		return a, policy.NotThatDevice(h.name, why), nil
	}
	part, _ := h.plan.Device(h.name)
	takes := h.picture.target.Profile.Limits.Timeout * time.Duration(max(1, part.Phases))
	within, done, err := h.lease.Secure(ctx, takes)
	if err != nil {
		return a, "", fmt.Errorf("not sent: %w", err)
	}
	defer done()
	err = h.session.Set(within, edit, opts)
	if unsendable(err) {
		return a, err.Error(), nil
	}
	return h.answered(err), "", nil
}

// unsendable reports whether a Set did not go out and never will, as it is too large or the device is another one by
// its certificate: that is no device that is away for a while.
func unsendable(err error) bool {
	var unsent interface{ Unsent() bool }
	var lasting interface{ Permanent() bool }
	return errors.As(err, &unsent) && unsent.Unsent() && errors.As(err, &lasting) && lasting.Permanent()
}

// goneUnsent is gone for a Set, which then was not sent.
func goneUnsent(h *hand, err error) (run.Input, error) {
	var away *unreachable
	if errors.As(err, &away) {
		return run.Answered{At: h.now(), Answer: run.Unsent, Said: away.Error()}, nil
	}
	return nil, err
}

// answered is what came of a Set.
func (h *hand) answered(err error) run.Answered {
	a := run.Answered{At: h.now(), Answer: answerOf(err)}
	if err != nil {
		a.Said = err.Error()
	}
	return a
}

// answerOf reads what the error of a Set tells.
func answerOf(err error) run.Answer {
	var refused interface{ Refused() bool }
	var unsent interface{ Unsent() bool }
	switch {
	case err == nil:
		return run.Accepted
	case errors.As(err, &refused) && refused.Refused():
		return run.Rejected
	case errors.As(err, &unsent) && unsent.Unsent():
		return run.Unsent
	}
	return run.Lost
}

// undo puts back what the device still has as written.
func (h *hand) undo(ctx context.Context) (run.Input, error) {
	if h.s.Lapsed && h.session != nil {
		h.cancel(ctx)
	}
	if err := h.observe(ctx, true); err != nil {
		return goneUnsent(h, err)
	}
	if h.s.Kept && h.s.Back != "" {
		// It is a write like any other: what stands against those has come up since maybe.
		if why, err := h.barsUndo(ctx); err != nil || why != "" {
			return run.Barred{At: h.now(), Reason: why}, err
		}
	} else if h.takenBack(ctx) {
		return run.Answered{At: h.now(), Answer: run.Accepted, Leaves: len(h.writes)}, nil
	} else if err := h.confirm(ctx); err != nil {
		h.log.Warn("commit not confirmed", zap.String("device", string(h.name)), zap.Error(err)) // reading and the next Set tell what is to be done
	}
	edit := plan.Undo(h.picture.input, h.writes)
	if edit.Empty() {
		return run.Answered{At: h.now(), Answer: run.Accepted}, nil
	}
	a, barred, err := h.send(ctx, edit, h.options())
	a.Leaves = len(h.writes)
	if barred != "" {
		a = run.Answered{At: h.now(), Answer: run.Unsent, Said: barred}
	}
	return a, err
}
