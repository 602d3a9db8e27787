package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func newRun(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "run", Short: "Runs: what was carried out, and how it went on each device", Args: cobra.NoArgs}
	ls := &cobra.Command{
		Use:   "ls",
		Short: "List the runs, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, st *store.Store) error {
				from, err := at(ctx, cmd, s, st)
				if err != nil {
					return err
				}
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
	show := &cobra.Command{
		Use:   "show RUN",
		Short: "Show how a run stands or ended on each device",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, func(ctx context.Context, st *store.Store) error {
				r, err := st.Run(ctx, args[0])
				if err != nil {
					return hint(err, "tenter run ls")
				}
				devices, err := st.RunDevices(ctx, r.ID)
				if err != nil {
					return err
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, map[string]any{"run": r, "devices": devices})
				}
				fmt.Fprintf(s.Out, "run     %s\nplan    %s\nstatus  %s\ncause   %s\ntook    %s\n", r.ID, r.Plan, r.Status, r.Cause, took(r))
				if r.Reason != "" {
					fmt.Fprintf(s.Out, "reason  %s\n", r.Reason)
				}
				fmt.Fprintln(s.Out)
				t := newTable("DEVICE", "STEP", "OUTCOME", "?DETAIL")
				for _, d := range devices {
					t.add(string(d.Device), d.Step, dash(d.Outcome), d.Detail)
				}
				if err := t.print(s.Out); err != nil {
					return err
				}
				for _, d := range devices {
					if err := leftovers(s.Out, d); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	addOutput(show, formatText, formatJSON)
	cmd.AddCommand(ls, completes(show, runNames))
	return cmd
}

func (f display) runs(ctx context.Context, st *store.Store) ([]view.Run, error) {
	if f.past != nil {
		return f.past.RunList(), nil
	}
	return st.Runs(ctx, view.RunQuery{})
}

// leftovers prints what a run could not make as planned on a device, and what of it is there still.
func leftovers(w io.Writer, d view.RunDevice) error {
	var st run.State
	if err := json.Unmarshal(d.State, &st); err != nil {
		return fmt.Errorf("run %q: device %q: %w", d.Run, d.Device, err)
	}
	for _, block := range []struct {
		title string
		lines []string
	}{{"not as planned", st.Odd}, {"not as it was before", st.Left}} {
		if len(block.lines) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s: %s:\n", d.Device, block.title)
		for _, l := range block.lines {
			fmt.Fprintf(w, "  %s\n", l)
		}
	}
	return nil
}

func took(r view.Run) string {
	if r.Ended.IsZero() {
		return "-"
	}
	return r.Ended.Sub(r.Created).Round(time.Millisecond).String()
}
