package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/view"
)

func newPlanShow(s Streams) *cobra.Command {
	var reverse bool
	var out string
	cmd := &cobra.Command{
		Use:   "show ID|FILE",
		Short: "Show a stored plan or one in a file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case out != "" && !reverse:
				return hint(errors.New("--out belongs to --reverse"), "tenter plan --out FILE, for a plan that is not there yet")
			case out != "":
				return keepReverse(cmd, s, args[0], out)
			}
			show := func(p plan.Plan) error {
				if reverse {
					p = p.Reverse()
				}
				return printPlan(s.Out, app.PlanReply{Plan: p}, output(cmd))
			}
			switch p, ok, err := planFile(cmd.Context(), args[0]); {
			case err != nil:
				return err
			case ok:
				return show(p)
			}
			open := false
			err := withReader(cmd, s, func(ctx context.Context, from display, st reader) error {
				row, err := st.Plan(ctx, args[0])
				if err != nil {
					return hint(err, "tenter plan ls --all")
				}
				p, err := plan.Parse(row.Body)
				if err != nil {
					return err
				}
				open = row.Status == view.PlanOpen || row.Status == view.PlanApproved
				if err := show(p); err != nil || output(cmd) != formatText {
					return err
				}
				if err := printApprovals(s.Out, row, from.now); err != nil || len(row.Votes) == 0 {
					return err
				}
				return printVotes(s.Out, row.Votes)
			})
			if err != nil || !open || reverse || output(cmd) != formatText {
				return err
			}
			return showOrder(cmd, s, plan.ID(args[0]))
		},
	}
	cmd.Flags().BoolVar(&reverse, "reverse", false, "what would undo it")
	cmd.Flags().StringVar(&out, "out", "", "with --reverse: write the plan that takes its run back to this file, for tenter apply FILE")
	addOutput(cmd, formatText, formatJSON, formatMarkdown)
	return cmd
}

// keepReverse writes the plan that takes a plan's run back to a file.
func keepReverse(cmd *cobra.Command, s Streams, arg, out string) error {
	return withOperator(cmd, func(ctx context.Context, o *operator) error {
		id, err := planNamed(ctx, arg)
		if err != nil {
			return err
		}
		reply, err := call(ctx, o, app.OpPlan, (*app.App).Plan, app.PlanRequest{Reverse: id, Bind: true})
		if err != nil {
			return o.about(err, "%s", nextIn(err, "tenter plan ls --all"))
		}
		warn(s, reply.Warnings)
		if err := printPlan(s.Out, reply, output(cmd)); err != nil {
			return err
		}
		if err := writePlan(ctx, out, reply.Plan); err != nil {
			return err
		}
		sayKept(s, out, reply.Plan)
		sayReadOnly(s, reply)
		sayUnread(s, reply)
		return planExit(reply, false)
	})
}

// printVotes prints what validators said when the plan was last to be approved.
func printVotes(w io.Writer, votes []event.Vote) error {
	fmt.Fprintln(w)
	t := newTable("VALIDATOR", "VOTE", "TOOK", "?REASON")
	for _, v := range votes {
		t.add(v.Validator, v.Verdict, v.Took.Round(time.Millisecond).String(), v.Reason)
	}
	return t.print(w)
}
