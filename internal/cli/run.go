package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/view"
)

func newRun(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "run", Short: "Runs: how they went; pause, resume, abort, confirm, cancel them", Args: cobra.NoArgs}
	ls := &cobra.Command{
		Use:   "ls",
		Short: "List the runs, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withReader(cmd, s, func(ctx context.Context, from display, st reader) error {
				list, err := from.runs(ctx, st)
				if err != nil {
					return err
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, list)
				}
				t := newTable("RUN", "STATUS", "CAUSE", "AGE", "TOOK", "?REASON")
				for _, r := range list {
					t.add(r.ID, string(r.Status), r.Cause, age(from.now, r.Created), took(r), dash(r.Reason))
				}
				return t.print(s.Out)
			})
		},
	}
	addAt(ls)
	addOutput(ls, formatText, formatJSON)
	cmd.AddCommand(ls, newRunLocks(s), newRunUnlock(s), completes(newRunShow(s), runNames))
	for _, c := range runCommands {
		cmd.AddCommand(newRunControl(s, c))
	}
	return cmd
}

func (f display) runs(ctx context.Context, st reader) ([]view.Run, error) {
	if f.past != nil {
		return f.past.RunList(), nil
	}
	return st.Runs(ctx, view.RunQuery{})
}

func took(r view.Run) string {
	if r.Ended.IsZero() {
		return "-"
	}
	return r.Ended.Sub(r.Created).Round(time.Millisecond).String()
}
