package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// A hand is one run at work on one device: the only one, as long as its lease is held.
type hand struct {
	*driver
	name  intent.DeviceName
	lease *held
	s     run.State

	// What this process knows besides the recorded state. After a crash it is found out anew.
	session Session
	picture *picture
	result  plan.Result
	writes  []tree.Change // those of the state, with secrets as themselves where this process knows them
	known   view.Known    // what the device was when it was checked; zero if another process did that
	before  *tree.Tree    // what the device had when it was checked; nil if another process did that
	opened  bool          // this process has opened a commit that waits to be confirmed, as far as it knows
}

// readFirst and readMost bound the waits between two readings of a device that is not yet as planned.
const (
	readFirst = 50 * time.Millisecond
	readMost  = time.Second
)

// device takes one device from a recorded state to the end of its run there; or, of a device that is done, back, if that says
// why. It returns before the end when the run is paused and nothing was sent, and with errApart when the device's turn has to come again.
func (d *driver) device(ctx context.Context, name intent.DeviceName, at run.State, back string) (run.State, error) {
	ctx, lease, at, err := d.take(ctx, name, at, back)
	if err != nil || lease == nil {
		return at, err
	}
	defer lease.Release()
	if at.Step != run.Ended { // it is on its way back, if it was to go there
		back = ""
	}
	h := &hand{driver: d, name: name, lease: lease, s: at}
	if h.writes = d.remembered(name); h.writes == nil {
		if h.writes, err = restored(h.s.Writes); err != nil {
			return h.s, err
		}
	}
	switch {
	case back != "":
		err = h.move(ctx, run.Compensated{At: d.now(), Why: back})
	case at.Begun():
		err = h.move(ctx, run.Resumed{At: d.now()})
	case at.Step == "":
		err = h.move(ctx, run.Began{At: d.now()})
	}
	if err != nil {
		return h.s, err
	}
	wait := time.Duration(0)
	for h.s.Step != run.Ended {
		before := h.s.Step
		in, rest := h.heed()
		if rest {
			return h.s, nil
		}
		var err error
		if in == nil {
			in, err = h.act(ctx)
		}
		if ctx.Err() != nil {
			return h.s, cmp.Or(context.Cause(ctx), ctx.Err())
		}
		if err != nil {
			return h.s, err
		}
		if err := h.move(ctx, in); err != nil {
			return h.s, err
		}
		if h.s.Step != before {
			wait = 0
			continue
		}
		wait = min(max(readFirst, wait*2), readMost)
		if err := pause(ctx, wait); err != nil {
			return h.s, err
		}
	}
	h.cancel(ctx)
	if h.s.Outcome == run.Done {
		d.remember(name, h.writes)
	}
	return h.s, nil
}

// heed returns what the run as a whole has to say to the device's state.
func (h *hand) heed() (in run.Input, rest bool) {
	w := h.heard()
	if in := w.manual.Attend(h.name, h.s, h.now()); in != nil && h.picture != nil {
		return in, false
	}
	return run.Heed(h.s, w.paused, w.giveUp, h.now())
}

// act does what the state asks for. An error means that nothing is known, not even that it was tried.
func (h *hand) act(ctx context.Context) (run.Input, error) {
	if h.s.Step == run.Draining || h.s.Step == run.Undraining {
		return h.around(ctx)
	}
	switch h.s.Action() {
	case run.DoCheck:
		return h.check(ctx)
	case run.DoSet:
		return h.set(ctx)
	case run.DoRead:
		return h.read(ctx)
	case run.DoSave:
		return h.store(ctx)
	case run.DoUndo:
		return h.undo(ctx)
	case run.DoGates:
		return h.gates(ctx)
	case run.DoWait:
		return h.wait(ctx)
	case run.DoNothing:
	}
	return nil, fmt.Errorf("step %q asks for nothing", h.s.Step)
}

// connect makes sure that there is a picture and a session; unreachable says which one is missing.
func (h *hand) connect(ctx context.Context) error {
	if h.picture == nil {
		generation, err := h.generation(ctx)
		if err != nil {
			return err
		}
		p, err := h.Engine.picture(ctx, generation, h.name)
		if err != nil {
			return err
		}
		if err := h.aim(ctx, p, h.plan.Cause); err != nil {
			return err
		}
		h.picture = p
	}
	s, err := h.o.Sessions.Session(ctx, h.name)
	if err != nil {
		return &unreachable{h.name, err}
	}
	h.session = s
	return nil
}

// generation is that of the plan, but for a remedy the current one, if the device is in it: what was applied does not
// depend on intents, and its positions and secrets are best taken from the newest.
func (h *hand) generation(ctx context.Context) (string, error) {
	if h.plan.Cause.Part != plan.Remedy {
		return h.plan.Generation, nil
	}
	g, err := h.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return "", err
	}
	wanted, err := h.wants(ctx, g.ID, h.name)
	if err != nil || wanted {
		return g.ID, err
	}
	return h.plan.Generation, nil
}

// wants reports whether a generation has the device.
func (e *Engine) wants(ctx context.Context, generation string, device intent.DeviceName) (bool, error) {
	f, err := e.o.Intents.Fabric(ctx, generation)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(f.Devices, func(d *fabric.Device) bool { return d.Name == device }), nil
}

func gone(h *hand, err error) (run.Input, error) {
	var away *unreachable
	if errors.As(err, &away) {
		return run.Gone{At: h.now(), Err: away.Error()}, nil
	}
	return nil, err
}

// read reads the device and returns what it has of the writes.
func (h *hand) read(ctx context.Context) (run.Input, error) {
	// The containers of the writes are enough, unless what was planned has to be found out from the reading too.
	if err := h.observe(ctx, h.result.Plan.Digest == ""); err != nil {
		return gone(h, err)
	}
	in := seen(h.picture.input, h.writes)
	in.At = h.now()
	return in, nil
}

func (h *hand) observe(ctx context.Context, everything bool) error {
	if err := h.connect(ctx); err != nil {
		return err
	}
	at := h.picture.input.Reads()
	if !everything {
		at = tops(slices.Concat(h.writes, h.picture.held))
	}
	if err := h.picture.readAt(ctx, h.session, at); err != nil {
		return &unreachable{h.name, err}
	}
	h.picture.recognise(h.writes)
	return nil
}

// store makes the device keep what it has, and saves the running configuration as the one to start with.
func (h *hand) store(ctx context.Context) (run.Input, error) {
	if err := h.connect(ctx); err != nil {
		in, err := gone(h, err)
		away, ok := in.(run.Gone)
		switch {
		case ok && h.s.Step == run.Save && !h.s.Until.IsZero() && !h.s.Lapsed:
			return run.Unconfirmed{At: away.At, Err: away.Err, Unsure: !h.opened}, nil
		case ok:
			return run.Stored(away), nil
		}
		return in, err
	}
	if h.s.Step == run.Save {
		if err := h.confirm(ctx); err != nil {
			return h.unconfirmed(err), nil
		}
	}
	if err := h.session.Save(ctx); err != nil {
		return run.Stored{At: h.now(), Err: err.Error()}, nil
	}
	if by := h.picture.target.Profile; h.s.Step == run.Save && by.Save.Method == profile.SaveNone { // it is not to be called saved
		return run.Stored{At: h.now(), Err: fmt.Sprintf("profile %s knows no way to; a reboot loses it unless it is saved on the device itself", by.Name)}, nil
	}
	return run.Stored{At: h.now()}, nil
}
