package netconf

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// Phases returns in how many parts an edit is sent: one, for a commit takes all or nothing.
func (s *Session) Phases(context.Context, tree.Edit) (int, error) { return 1, nil }

// Save copies the running configuration to the startup configuration of a device that keeps one, and proves it by reading
// both. Where the device keeps none every commit lasts, and there is nothing to do.
func (s *Session) Save(ctx context.Context) error {
	if s.cfg.Profile.Save.Method == profile.SaveNone {
		return nil
	}
	return s.use(ctx, func(l *link) error {
		if !l.caps.has(capStartup) {
			return nil
		}
		return s.locked(ctx, l, []datastore{running, startup}, func() error { return s.save(ctx, l) })
	})
}

func (s *Session) save(ctx context.Context, l *link) error {
	_, err := s.do(ctx, l, "copy-config", "<copy-config><target><startup/></target><source><running/></source></copy-config>", true)
	if err != nil {
		return err
	}
	now, _, err := s.read(ctx, l, running, nil)
	if err != nil {
		return fmt.Errorf("save: prove: %w", err)
	}
	saved, _, err := s.read(ctx, l, startup, nil)
	var e *fault.Error
	switch {
	case errors.As(err, &e) && e.Refused():
		return nil // a device need not show it
	case err != nil:
		return fmt.Errorf("save: prove: %w", err)
	}
	for c := range tree.Diff(now, saved) {
		return s.failure("copy-config", fault.Untrue, fmt.Errorf("the startup configuration differs from the running one at %s", c.Path))
	}
	return nil
}
