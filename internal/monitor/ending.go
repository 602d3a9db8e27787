package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// work is what was done about an episode.
type work struct {
	busy      bool // a run for it, or over it, has not ended here
	plan, run string
}

// mostPlans is how many of the device's latest plans are looked through for the run that ended an episode.
const mostPlans = 20

// done looks up what was done about the open episode, if it is about to end: by a plan for it, or by any other run that
// wrote to the device meanwhile.
func (w *watcher) done(ctx context.Context, ending bool) (work, error) {
	if !ending || w.episode.ID == "" {
		return work{}, nil
	}
	plans, err := w.opts.Store.Plans(ctx, view.PlanQuery{
		Device: w.name, Status: []view.PlanStatus{view.PlanApproved, view.PlanRunning, view.PlanDone}, Limit: mostPlans,
	})
	if err != nil {
		return work{}, err
	}
	var done work
	for _, p := range plans {
		runs, err := w.opts.Store.Runs(ctx, view.RunQuery{Plan: p.ID})
		if err != nil {
			return work{}, err
		}
		for _, r := range runs {
			if !r.Ended.IsZero() && r.Ended.Before(w.episode.Opened) {
				continue
			}
			outcome, err := w.outcome(ctx, r.ID)
			if err != nil {
				return work{}, err
			}
			ours := p.Episode == w.episode.ID // what was done for it is to end before it does
			done.busy = done.busy || r.Status == view.RunRunning && (outcome == "" || ours)
			if done.run == "" && outcome == string(run.Done) {
				done.plan, done.run = p.ID, r.ID
			}
		}
	}
	return done, nil
}

// outcome is how a run ended on this device, empty while it has not.
func (w *watcher) outcome(ctx context.Context, id string) (string, error) {
	devices, err := w.opts.Store.RunDevices(ctx, id)
	if err != nil {
		return "", err
	}
	for _, d := range devices {
		if d.Device == w.name {
			return d.Outcome, nil
		}
	}
	return "", nil
}

// closedBy says who made drift be none any more: the intents by taking it over, or who put the device right: a run of ours, the device's own restart, or somebody else; what was only
// streamed, and is not so when it is read, may never have been.
func (w *watcher) closedBy(e view.Episode, done work) string {
	switch {
	case w.takenOver(e):
		return adopted
	case done.run != "":
		return "tenter"
	case w.booted.After(e.Opened):
		return "device"
	case w.corrected && !w.standing:
		return "reading"
	}
	return "stranger"
}

// dismiss lets go of the devices of this process that are not among the wanted ones any more: nothing is expected of them, so
// nobody else would end their drift or say what was left on them. What fails is tried again with the next look.
func (m *Monitor) dismiss(ctx context.Context, wanted []intent.DeviceName) {
	for _, name := range m.opts.Assigned.Watched() {
		if slices.Contains(wanted, name) || m.end(name) {
			continue
		}
		if err := m.dismissOne(ctx, name); err != nil && ctx.Err() == nil {
			m.log.Warn("a device that is in no intent any more is not let go of", zap.String("device", string(name)), zap.Error(err))
		}
	}
}

// end ends the watch of a device and reports whether there was one: then Run comes back when it has ended.
func (m *Monitor) end(name intent.DeviceName) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.devices[name]
	if ok {
		d.stop()
	}
	return ok
}

func (m *Monitor) dismissOne(ctx context.Context, name intent.DeviceName) error {
	row, err := m.opts.Store.Device(ctx, name)
	if err != nil || row.Health == view.Unmanaged || row.Updated.IsZero() { // it is told already, or forgotten
		return err
	}
	lease, _, done, ok := m.opts.Assigned.Watch(name)
	if !ok {
		return nil
	}
	defer done()
	d := newDevice(m.opts, m.log, name)
	d.lease = lease
	return d.dismissed(ctx)
}

// dismissed ends the episode of a device that the intents do not have any more, and says what Tenter left on it.
func (d *device) dismissed(ctx context.Context) error {
	owned, err := d.opts.Store.Owned(ctx, d.name)
	if err != nil {
		return err
	}
	reason := fmt.Sprintf("no longer in the intents, and nothing of Tenter's is left on it; next: tenter device forget %s", d.name)
	if len(owned) > 0 {
		reason = fmt.Sprintf("no longer in the intents; what Tenter wrote is left on it, in %d leaves; next: tenter device owned %s", len(owned), d.name)
	}
	return d.write(ctx, func(tx event.Tx) error {
		if row, err := d.opts.Store.DeviceIn(tx, d.name); err != nil || row.Updated.IsZero() { // somebody let go of it just now
			return err
		}
		if err := d.closeEpisode(ctx, tx); err != nil {
			return err
		}
		d.log.Info("no longer in the intents", zap.Int("owned", len(owned)))
		if _, err := d.save(tx, func(r *view.Device) {
			r.Sync, r.Health, r.Reason, r.Stage, r.Mismatch = view.Unknown, view.Unmanaged, reason, "", ""
		}); err != nil {
			return err
		}
		return d.say(ctx, tx, event.TypeDeviceDisconnected, event.Device{Device: d.name, Reason: reason})
	})
}

// closeEpisode ends the open episode of a device that the intents do not have any more, if there is one.
func (d *device) closeEpisode(ctx context.Context, tx event.Tx) error {
	e, err := d.opts.Store.OpenEpisodeIn(tx, d.name)
	if errors.Is(err, view.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	e.Closed, e.By = time.Now(), "intents"
	d.log.Info("drift ends with the device's intents", zap.String("episode", e.ID))
	told, err := d.end(tx, e)
	if err != nil {
		return err
	}
	return tx.Append(ctx, told...)
}
