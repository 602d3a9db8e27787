package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// mostFindings is how many findings an event carries; a device that lost its configuration has thousands.
const mostFindings = 100

// errMoved says that the store knows more than what was judged by.
var errMoved = errors.New("what Tenter wrote changed meanwhile")

// relevant returns the findings that policy wants to hear of.
func (d *device) relevant() []drift.Finding {
	now := time.Now()
	return slices.DeleteFunc(d.state.Findings(), func(f drift.Finding) bool {
		return d.modes.Mode(f.Path, now) == fabric.DriftIgnore
	})
}

// judge says how things stand, once everything that speaks against the device was confirmed.
func (w *watcher) judge(ctx context.Context) error {
	for range 5 {
		if !w.state.Synced() {
			return nil
		}
		if paths := w.doubtful(); len(paths) > mostPaths {
			w.read(ctx, nil)
			return nil
		} else if len(paths) > 0 {
			w.read(ctx, paths)
			return nil
		}
		err := w.report(ctx, w.relevant())
		if !errors.Is(err, errMoved) {
			if err != nil {
				return w.unwritten(err)
			}
			return nil
		}
		if err := w.reload(ctx); err != nil {
			return err
		}
	}
	w.untold = true // a run is busy right now: the next hint or tick finds it quieter
	return nil
}

// status is all that is told of a device's drift. It is told when it is not what was told last.
type status struct {
	findings []event.Finding // all of them
	mode     fabric.DriftMode
	sync     string
	health   string
	reason   string
}

// report brings episode, events and row up to date with the findings, if nothing was written to the device since they
// were judged.
func (w *watcher) report(ctx context.Context, findings []drift.Finding) error {
	done, err := w.done(ctx, len(findings) == 0)
	if err != nil {
		return err
	}
	var saved view.Episode
	err = w.write(ctx, func(tx event.Tx) error {
		row, err := w.opts.Store.DeviceIn(tx, w.name)
		if err != nil {
			return err
		}
		if moved(w.row, row) {
			return errMoved
		}
		open, err := w.opts.Store.OpenEpisodeIn(tx, w.name)
		if err != nil && !errors.Is(err, view.ErrNotFound) {
			return err
		}
		st := w.status(row, open, findings)
		var told *event.Draft
		if saved, told, err = w.episodeIn(tx, open, st, done); err != nil {
			return err
		}
		if saved.ID != "" && saved.Closed.IsZero() && st.sync != view.Conflict {
			st.sync = view.Drifted
		}
		news, err := w.save(tx, func(r *view.Device) {
			r.Sync, r.Health, r.Reason, r.Stage = st.sync, st.health, st.reason, string(w.stage)
			if len(st.findings) == 0 && r.Mismatch == "" {
				r.Known = view.Known{Software: w.facts.SoftwareVersion, Serial: w.facts.Serial, Booted: w.facts.BootTime.UTC()}
			}
		})
		switch {
		case err != nil:
			return err
		case told != nil:
			return tx.Append(ctx, *told)
		case news:
			return w.say(ctx, tx, event.TypeDeviceChanged, event.Device{Device: w.name, Reason: st.reason})
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.episode = saved
	if !saved.Closed.IsZero() {
		w.episode = view.Episode{}
	}
	w.untold, w.refused = false, 0
	w.told.held, w.told.pending, w.told.mismatch = w.row.HeldUntil.After(time.Now()), w.state.Pending() > 0, w.row.Mismatch
	if len(findings) == 0 {
		w.firstSeen, w.standing = time.Time{}, false
	}
	return nil
}

// status sums up. While a run is under way, what it is putting right still counts as it was found.
func (w *watcher) status(row view.Device, open view.Episode, findings []drift.Finding) status {
	st := status{mode: fabric.DriftEnforce, sync: view.InSync, health: view.Healthy}
	now, remediable := time.Now(), false
	for _, f := range findings {
		st.findings = append(st.findings, w.show(f))
		// What is only observed is in no plan, and so in nobody's way.
		if mode := w.modes.Mode(f.Path, now); !f.Report && policy.Remediates(mode) {
			remediable = true
			st.mode = policy.Weakest(st.mode, mode)
		}
	}
	if !remediable {
		st.mode = fabric.DriftObserve
	}
	st.findings = w.underway(row, open, st.findings)
	if len(findings) == 0 && open.ID != "" {
		st.mode = fabric.DriftMode(open.Mode)
	}
	busy := row.Run != "" || len(row.WriteSet) > 0
	switch {
	case slices.ContainsFunc(findings, func(f drift.Finding) bool { return f.Class == drift.Conflict }):
		st.sync = view.Conflict
	case len(st.findings) > 0:
		st.sync = view.Drifted
	case busy || w.state.Pending() > 0:
		st.sync = view.Pending
	}
	switch {
	case row.HeldUntil.After(now):
		st.health, st.reason = view.Held, row.HeldReason
	case row.Mismatch != "":
		st.health, st.reason = view.Held, policy.NotThatDevice(w.name, row.Mismatch)
	case open.Reason != "" && len(st.findings) > 0:
		st.health, st.reason = view.Held, open.Reason
	case w.stage != w.target.Profile.Watch.First:
		st.health, st.reason = view.Degraded, fmt.Sprintf("watched by %s: %s", w.stage, w.stageWhy)
	}
	return st
}

// underway adds the episode's findings that the run in flight writes: they are neither there nor gone.
func (w *watcher) underway(row view.Device, open view.Episode, found []event.Finding) []event.Finding {
	writing := make(map[string]bool, len(row.WriteSet))
	for _, wr := range row.WriteSet {
		writing[wr.Path.String()] = true
	}
	for _, f := range open.Findings {
		known := slices.ContainsFunc(found, func(g event.Finding) bool { return g.Path == f.Path })
		if writing[f.Path] && !known {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b event.Finding) int { return comparePaths(a.Path, b.Path) })
	return found
}

func comparePaths(a, b string) int {
	p, errP := path.Parse(a)
	q, errQ := path.Parse(b)
	if errP != nil || errQ != nil {
		return strings.Compare(a, b)
	}
	return path.Compare(p, q)
}

// episodeIn opens, updates or closes the device's episode. It returns the episode as it is then, and what is to be said of it, if
// anything.
func (w *watcher) episodeIn(tx event.Tx, open view.Episode, st status, done work) (view.Episode, *event.Draft, error) {
	now := time.Now()
	few := st.findings[:min(len(st.findings), mostFindings)]
	reason := ""
	if w.told.held && !w.row.HeldUntil.After(now) {
		reason = "the hold is over"
	}
	switch {
	case len(st.findings) == 0 && open.ID == "":
		return view.Episode{}, nil, nil
	case len(st.findings) == 0:
		if open.ID != w.episode.ID || done.busy || w.row.Run != "" || len(w.row.WriteSet) > 0 {
			return open, nil, nil // not known how it ended yet: judged again with the next hint or tick
		}
		open.Closed, open.Plan, open.Run, open.By = now, done.plan, done.run, w.closedBy(open, done)
		w.log.Info("in sync again", zap.String("episode", open.ID), zap.String("by", open.By))
		told, err := w.end(tx, open)
		return open, told, err
	case open.ID != "" && reason == "" && open.Total == len(st.findings) && open.Mode == string(st.mode) && slices.Equal(open.Findings, few):
		return open, nil, nil
	}
	t := event.TypeDriftUpdated
	if open.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return view.Episode{}, nil, err
		}
		t = event.TypeDriftDetected
		open = view.Episode{ID: id.String(), Device: w.name, Opened: w.firstSeen, Correlation: id.String()}
		if open.Opened.IsZero() {
			open.Opened = now
		}
	}
	news := 0
	for _, f := range few {
		known := slices.ContainsFunc(open.Findings, func(g event.Finding) bool { return g.Path == f.Path })
		if t == event.TypeDriftUpdated && !known {
			news++
		}
	}
	open.Findings, open.Total, open.Mode = slices.Clone(few), len(st.findings), string(st.mode)
	w.log.Info("drift", zap.String("episode", open.ID), zap.Int("findings", open.Total), zap.String("path", few[0].Path))
	told := w.about(open, t, event.Drift{
		Episode: open.ID, Device: w.name, Findings: open.Findings, Total: open.Total, News: news, Mode: open.Mode, Reason: reason,
		FirstSeen: open.Opened, Held: open.Reason, Plan: open.Plan, Run: open.Run,
	})
	return open, told, w.opts.Store.SaveEpisode(tx, open)
}

// end saves an episode that is closed, and returns what is to be said of it.
func (d *device) end(tx event.Tx, e view.Episode) (*event.Draft, error) {
	told := d.about(e, event.TypeDriftRemediated, event.DriftRemediated{
		Episode: e.ID, Device: d.name, Plan: e.Plan, Run: e.Run, By: e.By, Findings: e.Findings, Duration: e.Closed.Sub(e.Opened),
	})
	told.Time = e.Closed
	return told, d.opts.Store.SaveEpisode(tx, e)
}

// about is an event of an episode. The first of them has the episode's name, and the others follow from it.
func (d *device) about(e view.Episode, t event.Type, data any) *event.Draft {
	told := event.Draft{
		Type: t, Subject: string(d.name), Data: data, Correlation: e.Correlation, Causation: event.ID(e.ID), ActorType: event.ActorSystem, Actor: "monitor",
	}
	if t == event.TypeDriftDetected {
		told.ID, told.Causation = event.ID(e.ID), ""
	}
	return &told
}

// show makes a finding fit to be stored and read: no secret, no more than people need.
func (d *device) show(f drift.Finding) event.Finding {
	out := event.Finding{Path: f.Path.String(), Class: string(f.Class)}
	if f.Problem != nil {
		if len(f.Path.Elems) == 0 {
			out.Path = f.Problem.Path
		}
		// The value is left out, and for a secret the reason too: both may quote what the device sent.
		if out.After = "unreadable"; !d.target.Secrets.Is(f.Path) {
			out.After = f.Problem.Reason
		}
	} else {
		out.Before, out.After = d.target.Secrets.Show(f.Path, f.Want), d.target.Secrets.Show(f.Path, f.Have)
	}
	if f.Source != 0 {
		src := d.target.Sources.Get(f.Source)
		out.Source = fmt.Sprintf("%s:%d", src.File, src.Line)
	}
	return out
}
