package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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

// relevant returns the findings that policy wants to hear of, and notes when it will say something else by itself.
func (d *device) relevant() []drift.Finding {
	now := time.Now()
	d.turns = time.Time{}
	return slices.DeleteFunc(d.state.Findings(), func(f drift.Finding) bool {
		r := d.modes.At(f.Path, now)
		if at := r.Changes; !at.IsZero() && (d.turns.IsZero() || at.Before(d.turns)) {
			d.turns = at
		}
		return r.Mode == fabric.DriftIgnore
	})
}

// turned reports whether the policy says something else by now about what was judged last: a date is past, or a grace period.
func (d *device) turned() bool { return !d.turns.IsZero() && !time.Now().Before(d.turns) }

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
	severity string
	grace    time.Time // until when some of them are only observed
	over     string    // why some of them are told only now
	hand     hand      // of an episode that begins
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
	whose, err := w.handOf(ctx, findings)
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
		st.hand = whose
		var told []event.Draft
		if saved, told, err = w.episodeIn(tx, open, st, done); err != nil {
			return err
		}
		if saved.ID != "" && saved.Closed.IsZero() && st.sync != view.Conflict {
			st.sync = view.Drifted
		}
		news, err := w.save(tx, func(r *view.Device) {
			r.Sync, r.Health, r.Reason, r.Stage = st.sync, st.health, st.reason, string(w.ladder.stage)
			if len(st.findings) == 0 && r.Mismatch == "" {
				r.Known = w.known()
			}
		})
		switch {
		case err != nil:
			return err
		case told != nil:
			return tx.Append(ctx, told...)
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
	st := w.ruled(findings)
	now := time.Now()
	st.findings = w.underway(row, open, st.findings)
	if len(st.findings) > len(findings) {
		st.severity = policy.Worse(st.severity, open.Severity)
	}
	if len(findings) == 0 && open.ID != "" {
		st.mode, st.grace = fabric.DriftMode(open.Mode), open.Grace
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
	case w.ladder.stage != w.top():
		st.health, st.reason = view.Degraded, fmt.Sprintf("watched by %s: %s", w.ladder.stage, w.ladder.why)
	}
	return st
}

// ruled is what the drift policy says of findings, together.
func (w *watcher) ruled(findings []drift.Finding) status {
	st := status{mode: fabric.DriftObserve, sync: view.InSync, health: view.Healthy}
	now := time.Now()
	weakest, remediable := fabric.DriftEnforce, false
	for _, f := range findings {
		r := w.modes.At(f.Path, now)
		if f.Report {
			r.Mode = fabric.DriftObserve
		}
		shown := w.show(f)
		shown.Mode = string(r.Mode)
		st.findings = append(st.findings, shown)
		st.severity = policy.Worse(st.severity, r.Severity)
		switch {
		case policy.Remediates(r.Mode): // what is only observed is in no plan, and so in nobody's way
			remediable = true
			weakest = policy.Weakest(weakest, r.Mode)
		case r.Mode == fabric.DriftAdopt:
			st.mode = fabric.DriftAdopt
		}
		if !r.Grace.IsZero() && r.Grace.After(st.grace) {
			st.grace = r.Grace
		}
		if o := r.Over; o != nil && st.over == "" {
			st.over = fmt.Sprintf("it was ignored until %s by DriftPolicy %s (%s:%d): %s", o.Until.UTC().Format(time.RFC3339), o.Source.Name, o.Source.File, o.Source.Line, o.Reason)
		}
	}
	if remediable {
		st.mode = weakest
	}
	for i := range st.findings {
		if st.findings[i].Mode == string(st.mode) {
			st.findings[i].Mode = ""
		}
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

// about is an event of an episode. The first of them has the episode's name, and the others follow from it.
func (d *device) about(e view.Episode, t event.Type, data any) event.Draft {
	told := event.Draft{
		Type: t, Subject: string(d.name), Data: data, Correlation: e.Correlation, Causation: event.ID(e.ID), ActorType: event.ActorSystem, Actor: "monitor",
	}
	if t == event.TypeDriftDetected {
		told.ID, told.Causation = event.ID(e.ID), ""
	}
	return told
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
