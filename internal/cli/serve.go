package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/view"
)

func newServe(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Load intents, watch devices, plan, repair, notify: until Ctrl-C",
		Long: "Run all roles, or those of --roles, until Ctrl-C. Several processes can share the roles over one store (store.dsn)\n" +
			"and one Redis (bus.redis), each with a state directory of its own.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			outlive()
			set, log, err := load(cmd, false)
			if err != nil {
				return err
			}
			a, err := app.Open(cmd.Context(), set, log, view.OperationServe)
			if err != nil {
				return hint(err, "tenter config explain")
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			ready := func() {
				fmt.Fprintf(s.Err, "serving %s; Ctrl-C ends it. See: tenter device ls, tenter events tail --follow\n", app.IntentsOf(set))
			}
			ended := make(chan error, 1)
			go func() {
				err := a.Serve(cmd.Context(), ready)
				if err != nil {
					err = hint(err, "%s", nextIn(err, "tenter config explain"))
				}
				ended <- err
			}()
			return waitEnded(cmd.Context(), ended, set.ShutdownTimeout, log)
		},
	}
	settings.AddFlags(cmd.Flags(), "roles", "bus.redis", "store.dsn", "apply.intent")
	return cmd
}

// waitEnded returns how serving ended. What hangs longer than the limit after the signal is left behind: everything is
// recorded, and the next process goes on.
func waitEnded(ctx context.Context, ended <-chan error, limit time.Duration, log *zap.Logger) error {
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-ended:
		log.Info("stopped")
		return err
	case <-timer.C:
		return fmt.Errorf("not stopped within %s; what was under way is recorded and goes on with the next tenter serve", limit)
	}
}
