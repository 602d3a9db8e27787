package monitor

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

const (
	// mostPaths is how many leaves are read one by one; for more everything is.
	mostPaths = 64
	// graceTime is how long a notification may take that says what an audit has already found.
	graceTime = 5 * time.Second
	// doubtTime is how long after a write of ours a deviation is read before it is believed, even though the device
	// streamed it: what it streamed may have been on its way since before the write.
	doubtTime = 2 * time.Second
	// retryTime is when a reading is tried again that something came in the way of.
	retryTime = time.Second
)

// A read is what came of reading the device beside the stream.
type read struct {
	paths    []path.Path // nil for everything
	hinted   bool        // the stream asked for it
	have     *tree.Tree
	problems []tree.Problem
	err      error
}

// read reads paths, or everything that is watched, while the stream goes on. Only one reading is under way at a time.
func (w *watcher) read(ctx context.Context, paths []path.Path) {
	if w.reading || !w.state.Synced() {
		w.audit.Reset(retryTime)
		return
	}
	w.reading = true
	w.suspects = nil // Mark forgets what the stream has said
	w.state.Mark()
	prefixes, r := paths, read{paths: paths}
	if paths == nil {
		prefixes = w.paths
		if r.hinted = w.hinted; w.hinted {
			w.hinted, w.heeded = false, time.Now()
		}
	}
	w.wg.Go(func() {
		r.have, r.problems, r.err = w.sess.Read(ctx, prefixes)
		w.reads <- r // has room: there is one reading at a time
	})
}

// plan sets the time of the next reading of everything: soon after a hint of the stream, however many of them come.
func (w *watcher) plan() {
	if w.hinted {
		w.audit.Reset(max(w.opts.Settle, doubtTime-time.Since(w.heeded)))
		return
	}
	w.audit.Reset(jitter(w.auditEvery()))
}

// took takes in what was read.
func (w *watcher) took(ctx context.Context, r read) error {
	w.reading = false
	if r.paths == nil || r.err != nil {
		w.plan()
	}
	if r.err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// Should the connection be gone the stream ends too, and says so.
		w.log.Warn("the device can not be read beside the stream, which is believed as it is", zap.Error(r.err))
		w.blind = true
		return w.judge(ctx)
	}
	w.blind = false
	prefixes := r.paths
	if r.paths == nil {
		prefixes = w.paths
		w.sure[""] = true
	}
	changed, ok := w.state.Observe(prefixes, r.have, r.problems)
	if !ok {
		delete(w.sure, "")
		w.hinted = w.hinted || r.hinted
		w.audit.Reset(retryTime)
		return nil
	}
	for _, p := range r.paths {
		w.sure[p.String()] = true
	}
	w.corrected = w.corrected || len(changed) > 0
	w.prove(r.paths)
	if suspects := untold(changed); len(suspects) > 0 && w.ladder.stage != profile.StagePoll && !r.hinted {
		w.suspects = append(w.suspects, suspects...)
		w.state.Mark()
		wait := graceTime
		if w.ladder.stage != profile.StageOnChange {
			wait += 2 * w.target.Profile.Watch.SampleInterval
		}
		w.grace.Reset(wait)
	}
	if w.settling {
		return nil
	}
	return w.judge(ctx)
}

// untold returns what a stream should have told of the changes that an audit found. That of a key alone is none: where keys are shared by
// configuration and state, a stream tells of entries that have only state, which a reading of the configuration has not.
func untold(changed []drift.Finding) []path.Path {
	var out []path.Path
	for _, f := range changed {
		if !f.Path.IsKey() {
			out = append(out, f.Path)
		}
	}
	return out
}

// suspect steps down the ladder if the stream still has not told what an audit found.
func (w *watcher) suspect() error {
	if len(w.suspects) == 0 || w.reading || !w.state.Silent(w.suspects) {
		w.suspects = nil
		return nil
	}
	w.ladder.fell("the stream did not tell of "+w.suspects[0].String()+", an audit did", w.top())
	w.log.Warn("watching a rung lower", zap.String("stage", string(w.ladder.stage)), zap.String("reason", w.ladder.why))
	return errAgain
}

// doubtful returns what has to be read before the findings can be believed.
func (w *watcher) doubtful() []path.Path {
	if w.blind {
		return nil
	}
	recent := !w.swapped.IsZero() && time.Since(w.swapped) < doubtTime+w.lag()
	var paths []path.Path
	for _, f := range w.relevant() {
		if len(f.Path.Elems) > 0 && (f.Stale || recent && !w.sure[""] && !w.sure[f.Path.String()]) {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// lag is how old what the device says may be on the rung.
func (w *watcher) lag() time.Duration {
	switch w.ladder.stage {
	case profile.StageSample:
		return w.target.Profile.Watch.SampleInterval
	case profile.StagePoll:
		return w.target.Profile.Watch.PollInterval
	}
	return 0
}

// unproven returns the leaves of an open episode that nobody has read as they are told: a stream may tell what is not so, and
// no remedy would ever end that. A remedy ends most episodes before anybody has to look.
func (w *watcher) unproven() []path.Path {
	if w.episode.ID == "" || w.blind || w.reading || !w.state.Synced() || w.ladder.stage == profile.StagePoll ||
		w.row.Run != "" || time.Since(w.episode.Opened) < doubtTime {
		return nil
	}
	var paths []path.Path
	for _, f := range w.relevant() {
		if v, read := w.proven[f.Path.String()]; len(f.Path.Elems) > 0 && f.Problem == nil && (!read || v != f.Have) {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// prove notes the deviations that a reading of paths, nil for everything, has left standing.
func (w *watcher) prove(paths []path.Path) {
	clear(w.proven)
	for _, f := range w.relevant() {
		if paths == nil || slices.ContainsFunc(paths, f.Path.HasPrefix) {
			w.proven[f.Path.String()], w.standing = f.Have, true
		}
	}
}
