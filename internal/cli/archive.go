package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
)

func newEventsArchive(s Streams) *cobra.Command {
	var older time.Duration
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "Move old events to compressed files now",
		Long: "Move old events to compressed files now, as tenter serve does by store.log_retention. They are still read from there:\n" +
			"by events ls, show, tail and replay, by audit verify, and by whoever builds anything from the log.",
		Example: "  tenter events archive --older 2160h",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := loadSettings(cmd)
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("older") {
				older = set.Store.LogRetention
				if older == 0 {
					return hint(errors.New("store.log_retention is 0: events stay in the log"), "tenter events archive --older 2160h")
				}
			}
			if older < 0 {
				return hint(fmt.Errorf("--older %s: nothing is that young", older), "tenter events archive --older 2160h")
			}
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				done, err := call(ctx, o, app.OpArchive, (*app.App).Archive, app.ArchiveRequest{Older: older})
				if err != nil {
					return hint(err, "mend that, then again: %s", cmd.CommandPath())
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, done)
				}
				for _, f := range done.Files {
					if _, err := fmt.Fprintf(s.Out, "%s  events %d to %d\n", f.Path(), f.First, f.Last); err != nil {
						return err
					}
				}
				fmt.Fprintf(s.Err, "%s moved\n", counted(done.Events, "event"))
				for _, l := range done.Held {
					fmt.Fprintf(s.Err, "group %s keeps %s from %d on, since %s\nnext:  tenter events groups\n", l.Group, counted(l.Events, "event"), l.Oldest,
						l.Since.Local().Format("2006-01-02 15:04:05"))
				}
				return nil
			})
		},
	}
	cmd.Flags().DurationVar(&older, "older", 0, "than this (default: store.log_retention)")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}
