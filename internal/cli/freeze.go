package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
)

func newFreeze(s Streams) *cobra.Command {
	var req app.FreezeRequest
	cmd := &cobra.Command{
		Use:   "freeze --for DURATION --reason TEXT",
		Short: "Stop writing to the whole fabric for a time; watching goes on",
		Long: "Nothing is written to any device until the time is over, or tenter unfreeze: no plan is run, by no policy and no person,\n" +
			"whatever windows say. Runs that are under way finish the devices they are in the middle of, and pause; they go on when the\n" +
			"freeze is over. tenter apply --break-glass writes all the same, and everybody is told.",
		Example: "  tenter freeze --for 4h --reason 'the busiest day of the year'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if req.For <= 0 || req.Reason == "" {
				return hint(errors.New("a freeze needs --for and --reason"), "tenter freeze --for 4h --reason 'the busiest day of the year'")
			}
			return freeze(cmd, s, req)
		},
	}
	cmd.Flags().DurationVar(&req.For, "for", 0, "how long")
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for those who wonder")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func newUnfreeze(s Streams) *cobra.Command {
	var req app.FreezeRequest
	cmd := &cobra.Command{
		Use:   "unfreeze",
		Short: "End a freeze: what waited goes on",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return freeze(cmd, s, req) },
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for the log")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func freeze(cmd *cobra.Command, s Streams, req app.FreezeRequest) error {
	return withOperator(cmd, func(ctx context.Context, o *operator) error {
		reply, err := call(ctx, o, app.OpFreeze, (*app.App).Freeze, req)
		switch {
		case err != nil && req.For <= 0:
			return o.about(err, "tenter events tail --type window")
		case err != nil:
			return o.about(err, "tenter freeze --help")
		case output(cmd) == formatJSON:
			return printJSON(s.Out, reply)
		case req.For <= 0:
			_, err := fmt.Fprintf(s.Err, "the fabric is not frozen any more; it was by %s: %s\n", reply.Freeze.By, reply.Freeze.Reason)
			return err
		}
		fmt.Fprintf(s.Err, "the fabric is frozen until %s: nothing is written to it; end it: tenter unfreeze\n", reply.Freeze.Until.Local().Format(time.RFC3339))
		for _, r := range reply.Running {
			fmt.Fprintf(s.Err, "%s finishes the devices it is at, and pauses: tenter run show %s\n", r, r)
		}
		return nil
	})
}
