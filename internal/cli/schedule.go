package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
)

func newSchedule(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "schedule", Short: "Runs that start on time", Args: cobra.NoArgs}
	ls := &cobra.Command{
		Use:   "ls",
		Short: "List the schedules and when each is due",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				list, err := call(ctx, o, app.OpSchedules, (*app.App).Schedules, app.Nothing{})
				if err != nil {
					return o.about(err, "tenter device ls")
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, list)
				}
				t := newTable("SCHEDULE", "ACTION", "CRON", "ZONE", "DEVICES", "DUE", "?LAST", "?NOTE")
				for _, e := range list {
					t.add(e.Name, string(e.Action), e.Cron, e.Zone, deviceList(e.Devices), when(e.Due), when(e.LastRun), dash(e.Note))
				}
				return t.print(s.Out)
			})
		},
	}
	addOutput(ls, formatText, formatJSON)
	run := &cobra.Command{
		Use:   "run NAME",
		Short: "Start a schedule now, in the server",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				if _, err := call(ctx, o, app.OpSchedule, (*app.App).Schedule, app.ScheduleRequest{Name: args[0]}); err != nil {
					return o.about(err, "tenter schedule ls")
				}
				if o.client == nil {
					fmt.Fprintln(s.Err, "asked for; it begins when tenter serve runs")
					return nil
				}
				fmt.Fprintln(s.Err, "asked for; watch it: tenter events tail --follow")
				return nil
			})
		},
	}
	cmd.AddCommand(ls, run)
	return cmd
}

func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02 15:04 MST")
}
