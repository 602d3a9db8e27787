package monitor

import (
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/profile"
)

// top is the best rung that the profile lets the device be watched by.
func (d *device) top() profile.Stage { return d.target.Profile.Watch.First }

// enter takes in that the watch enters a rung: what was known is to be proven by its snapshot.
func (w *watcher) enter(h heard) error {
	trying := w.ladder.home != ""
	back := w.ladder.entered(h, w.top())
	if h.reason != "" && trying {
		w.log.Info("a better rung still does not carry", zap.String("stage", string(w.ladder.stage)), zap.String("reason", h.reason), zap.Time("next", w.ladder.next))
	} else if h.reason != "" {
		w.log.Warn("watching a rung lower", zap.String("stage", string(h.stage)), zap.String("reason", h.reason))
	}
	if back {
		return errAgain
	}
	w.state.Begin()
	return nil
}

// await sets the time of the next attempt to watch by a better rung.
func (w *watcher) await() {
	w.climb.Stop()
	if !w.ladder.next.IsZero() {
		w.climb.Reset(max(0, time.Until(w.ladder.next)))
	}
}

// rise ends the watch for one by a better rung. Nothing that changes meanwhile is lost: that one begins with a snapshot, and so
// does the one that follows if it does not carry. What is under way is not disturbed.
func (w *watcher) rise() error {
	if !w.state.Synced() || w.reading || w.settling || w.row.Run != "" {
		w.climb.Reset(tick)
		return nil
	}
	if !w.ladder.climb(w.top()) {
		return nil
	}
	w.log.Info("trying a better rung", zap.String("stage", string(w.ladder.first)), zap.String("now", string(w.ladder.stage)))
	return errAgain
}
