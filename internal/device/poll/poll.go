// Package poll watches a device that tells nothing by itself: it reads again and again.
//
// It is the last rung of every transport's ladder. It starts no goroutine, and reads at most once in an interval.
package poll

import (
	"context"
	"time"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Watch is what to read and how often.
type Watch struct {
	Every time.Duration // more than zero
	Paths []path.Path   // what is read; all of it is gone but for what a reading has
	Read  func(context.Context, []path.Path) (*tree.Tree, []tree.Problem, error)
}

// Run reads until ctx ends, whose error it returns then, or a reading or emit fails: the error is never nil. Each reading
// is one update; after the first one comes an update with Sync set.
func (w Watch) Run(ctx context.Context, emit func(tree.Update) error) error {
	again := time.NewTicker(w.Every)
	defer again.Stop()
	for first := true; ; first = false {
		have, problems, err := w.Read(ctx, w.Paths)
		if err != nil {
			return err
		}
		u := tree.Update{Deletes: w.Paths, Problems: problems}
		for l := range have.All() {
			u.Leaves = append(u.Leaves, l)
		}
		if err := emit(u); err != nil {
			return err
		}
		if first {
			if err := emit(tree.Update{Sync: true}); err != nil {
				return err
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
