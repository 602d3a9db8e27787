package netconf

import (
	"context"

	"github.com/tenter-net/tenter/internal/device/poll"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// Watch reads the configuration at and under opts.Paths again and again until ctx ends or a reading fails; the error is
// never nil. Whatever rung is asked for, a device with NETCONF is polled. Each reading is one update: everything that was
// asked for is gone but for what was read. After the first one comes an update with Sync set.
func (s *Session) Watch(ctx context.Context, _ profile.Stage, opts profile.WatchOptions, emit func(tree.Update) error) error {
	if opts.OnStage != nil {
		opts.OnStage(profile.Rung{Stage: profile.StagePoll}) // there is no other rung
	}
	return poll.Watch{
		Every: s.cfg.Profile.Watch.PollInterval,
		Paths: subtrees(s.cfg.Table.Roots(), opts.Paths),
		Read:  s.Read,
	}.Run(ctx, emit)
}
