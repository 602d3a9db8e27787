package monitor

import (
	"context"

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
		Device: w.name, Status: []string{view.PlanApproved, view.PlanRunning, view.PlanDone}, Limit: mostPlans,
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

// closedBy says who put the device right: a run of ours, the device's own restart, or somebody else.
func (w *watcher) closedBy(e view.Episode, done work) string {
	switch {
	case done.run != "":
		return "tenter"
	case w.facts.BootTime.After(e.Opened):
		return "device"
	}
	return "stranger"
}
