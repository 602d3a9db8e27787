package netconf

import (
	"context"
	"time"

	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// Watch reads the configuration at and under opts.Paths again and again until ctx ends or a reading fails; the error is
// never nil. Whatever rung is asked for, a device with NETCONF is polled. Each reading is one update: everything that was
// asked for is gone but for what was read. After the first one comes an update with Sync set.
func (s *Session) Watch(ctx context.Context, _ profile.Stage, opts profile.WatchOptions, emit func(tree.Update) error) error {
	if opts.OnStage != nil {
		opts.OnStage(profile.StagePoll, "NETCONF is polled")
	}
	next := time.NewTicker(s.cfg.Profile.Watch.PollInterval)
	defer next.Stop()
	paths := subtrees(s.cfg.Table.Roots(), opts.Paths)
	for first := true; ; first = false {
		have, problems, err := s.Read(ctx, paths)
		if err != nil {
			return err
		}
		u := tree.Update{Time: time.Now(), Deletes: paths, Problems: problems}
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
		case <-next.C:
		case <-ctx.Done():
			return s.failure("poll", KindLost, ctx.Err())
		}
	}
}
