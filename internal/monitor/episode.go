package monitor

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// episodeIn opens, updates or closes the device's episode. It returns the episode as it is then, and what is to be said of it, if
// anything.
func (w *watcher) episodeIn(tx event.Tx, open view.Episode, st status, done work) (view.Episode, []event.Draft, error) {
	switch {
	case len(st.findings) == 0 && open.ID == "":
		return view.Episode{}, nil, nil
	case len(st.findings) == 0:
		if open.ID != w.episode.ID || done.busy || w.row.Run != "" || len(w.row.WriteSet) > 0 {
			return open, nil, nil // not known how it ended yet: judged again with the next hint or tick
		}
		open.Closed, open.Plan, open.Run, open.By = time.Now(), done.plan, done.run, w.closedBy(open, done)
		w.log.Info("in sync again", zap.String("episode", open.ID), zap.String("by", open.By))
		told, err := w.end(tx, open)
		return open, told, err
	}
	few := st.findings[:min(len(st.findings), mostFindings)]
	reason := w.newly(open, st)
	if open.ID != "" && reason == "" && told(open, st) && slices.Equal(open.Findings, few) {
		return open, nil, nil
	}
	t, news := event.TypeDriftUpdated, unknown(few, open.Findings)
	if open.ID == "" {
		var err error
		if open, err = w.begin(st); err != nil {
			return view.Episode{}, nil, err
		}
		t, news = event.TypeDriftDetected, 0
	}
	open.Findings, open.Total, open.Mode = slices.Clone(few), len(st.findings), string(st.mode)
	open.Severity, open.Grace = st.severity, st.grace
	w.log.Info("drift", zap.String("episode", open.ID), zap.Int("findings", open.Total), zap.String("path", few[0].Path))
	d := event.Drift{
		Episode: open.ID, Device: w.name, Findings: open.Findings, Total: open.Total, News: news, Mode: open.Mode, Reason: reason,
		FirstSeen: open.Opened, Held: open.Reason, Plan: open.Plan, Run: open.Run,
		Severity: open.Severity, Rule: open.Rule, Hand: open.Hand, HandDetail: open.HandDetail, Grace: open.Grace,
	}
	if st.mode == fabric.DriftAdopt {
		d.Next = adoptNext(w.name)
	}
	out := w.about(open, t, d)
	out.Severity = open.Severity
	return open, []event.Draft{out}, w.opts.Store.SaveEpisode(tx, open)
}

// told reports whether the episode says all that there is to say, apart from its findings.
func told(e view.Episode, st status) bool {
	return e.Total == len(st.findings) && e.Mode == string(st.mode) && e.Severity == st.severity && e.Grace.Equal(st.grace)
}

// newly says what has changed besides the device that drift is told of now, empty for nothing.
func (w *watcher) newly(open view.Episode, st status) string {
	switch {
	case w.told.held && !w.row.HeldUntil.After(time.Now()):
		return "the hold is over"
	case !open.Grace.IsZero() && st.grace.IsZero() && open.ID != "":
		return "the grace period is over"
	case open.ID == "":
		return st.over
	}
	return ""
}

// unknown counts the findings at paths that are not among the known ones.
func unknown(findings, known []event.Finding) int {
	n := 0
	for _, f := range findings {
		if !slices.ContainsFunc(known, func(g event.Finding) bool { return g.Path == f.Path }) {
			n++
		}
	}
	return n
}

// begin makes the episode of a drift that nobody was told of.
func (w *watcher) begin(st status) (view.Episode, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return view.Episode{}, err
	}
	return view.Episode{ID: id.String(), Device: w.name, Opened: w.begun(), Correlation: id.String(), Hand: st.hand.whose, HandDetail: st.hand.why}, nil
}

// end saves an episode that is closed, and returns what is to be said of it.
func (d *device) end(tx event.Tx, e view.Episode) ([]event.Draft, error) {
	over := d.about(e, event.TypeDriftRemediated, event.DriftRemediated{
		Episode: e.ID, Device: d.name, Plan: e.Plan, Run: e.Run, By: e.By, Findings: e.Findings, Duration: e.Closed.Sub(e.Opened), Severity: e.Severity,
	})
	over.Time = e.Closed
	all := []event.Draft{over}
	if e.By == adopted {
		by := d.takenBy(e)
		taken := d.about(e, event.TypeDriftAdopted, event.DriftAdopted{Episode: e.ID, Device: d.name, Findings: e.Findings, Commit: by.Commit, Author: by.Author})
		if taken.Time = e.Closed; by.Author != "" {
			taken.Actor, taken.ActorType = by.Author, event.ActorUser
		}
		all = []event.Draft{taken, over}
	}
	return all, d.opts.Store.SaveEpisode(tx, e)
}

// adopted is who ended an episode that ended because the intents want by now what the device has.
const adopted = "adopted"

// takenOver reports whether the intents want by now all that the episode found on the device.
func (d *device) takenOver(e view.Episode) bool {
	for _, f := range e.Findings {
		p, err := path.Parse(f.Path)
		if err != nil || f.After == f.Before {
			return false
		}
		want, _ := d.target.Desired.Get(p)
		if d.target.Secrets.Show(p, want.Value) != f.After {
			return false
		}
	}
	return e.Total == len(e.Findings)
}

// takenBy is where the intents say what took an episode over; nowhere where they only stopped to say something.
func (d *device) takenBy(e view.Episode) tree.Source {
	for _, f := range e.Findings {
		p, err := path.Parse(f.Path)
		if err != nil {
			continue
		}
		if l, ok := d.target.Desired.Get(p); ok {
			return d.target.Sources.Get(l.Source)
		}
	}
	return tree.Source{}
}
