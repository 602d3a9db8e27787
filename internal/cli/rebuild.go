package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/rebuild"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func newEventsRebuild(s Streams) *cobra.Command {
	var check, full bool
	cmd := &cobra.Command{
		Use:   "rebuild --check",
		Short: "Prove that what is shown is what the log tells",
		Long: "Fold the log anew and compare that with what devices, plans, runs and drift are shown to be. Exit 1 when they differ.\n\n" +
			"It changes nothing: what Tenter may write to a device hangs on these rows, so which side is right is for a person to say.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !check {
				return hint(errors.New("what the log tells is not written over what is there: rows decide what Tenter may write to a device, and changes of plans are in no event"),
					"tenter events rebuild --check")
			}
			return withStore(cmd, func(ctx context.Context, st *store.Store) error {
				report, err := rebuild.Check(ctx, st, full)
				var untold *rebuild.UntoldError
				switch {
				case errors.As(err, &untold):
					return hint(err, "tenter serve, which takes a snapshot when it begins")
				case err != nil:
					return hint(err, "tenter audit verify")
				}
				return printReport(s, report, output(cmd))
			})
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "compare, and say what differs")
	cmd.Flags().BoolVar(&full, "full", false, "from the first event on, not from the newest snapshot")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func printReport(s Streams, r rebuild.Report, format string) error {
	if format == formatJSON {
		if r.Differences == nil {
			r.Differences = []view.Difference{}
		}
		if err := printJSON(s.Out, r); err != nil {
			return err
		}
	} else if err := printDifferences(s, r); err != nil {
		return err
	}
	if len(r.Differences) > 0 {
		return exit(exitError)
	}
	return nil
}

func printDifferences(s Streams, r rebuild.Report) error {
	if len(r.Differences) == 0 {
		_, err := fmt.Fprintf(s.Out, "%s as the log tells, up to event %d\n", counted(r.Rows, "row"), r.Seq)
		return err
	}
	t := newTable("WHAT", "NAME", "?FIELD", "LIVE", "BY THE LOG")
	for _, d := range r.Differences {
		t.add(d.Kind, d.Row, d.Field, d.Live, d.Log)
	}
	if err := t.print(s.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.Err, "\nnot as the log tells, up to event %d: %s\n"+
		"next:  tenter audit verify; if the log is whole, somebody changed the rows, or no event told of a change\n", r.Seq, counted(len(r.Differences), "field"))
	return err
}
