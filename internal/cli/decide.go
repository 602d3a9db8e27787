package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

func newPlanApprove(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "approve ID",
		Short: "Approve a plan that waits; after the last one a server runs it",
		Long: "Approve a plan that waits, in the name of whoever runs the command. The ApprovalPolicy documents of the intents say who may,\n" +
			"and how many have to. Nobody approves a plan that they made by hand, or whose commit they wrote. Exit 6 when it was refused.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				reply, err := call(ctx, o, app.OpDecide, (*app.App).Decide, app.DecideRequest{ID: plan.ID(args[0]), Approve: true})
				switch {
				case err != nil:
					return hint(err, "%s", nextIn(err, showOrList(err, args[0])))
				case reply.Missing != "":
					fmt.Fprintf(s.Err, "approved by you; it needs more: %s\n", reply.Missing)
				case o.client == nil:
					fmt.Fprintln(s.Err, "approved; a tenter serve over this store carries it out, else run it: tenter apply "+args[0])
				case o.store == nil: // a server elsewhere, of which nothing can be followed here
					fmt.Fprintln(s.Err, "approved; see how it goes: tenter run ls")
				default:
					fmt.Fprintln(s.Err, "approved; watch it: tenter events tail --follow")
				}
				return nil
			})
		},
	}
}

// showOrList is what to do about a plan that could not be decided about: look at it, or for it if there is none of that name.
func showOrList(err error, id string) string {
	if strings.HasSuffix(err.Error(), "not found") { // also where it comes from a server
		return "tenter plan ls --all"
	}
	return "tenter plan show " + id
}

func newPlanReject(s Streams) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "reject ID --reason TEXT",
		Short: "Reject a plan that waits; it is never run",
		Long: "Reject a plan that waits, or that was approved and has not begun. That is final: the same plan is made again only for a new\n" +
			"occasion. Whoever made a plan by hand takes it back so.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return hint(errors.New("a rejection has a reason, for whoever made the plan"), "tenter plan reject %s --reason TEXT", args[0])
			}
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				if _, err := call(ctx, o, app.OpDecide, (*app.App).Decide, app.DecideRequest{ID: plan.ID(args[0]), Reason: reason}); err != nil {
					return hint(err, "%s", showOrList(err, args[0]))
				}
				fmt.Fprintln(s.Err, "rejected")
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

// approvalCounts are the approvals of a plan as they stand at a time, by what the policies asked for when they were counted last.
func approvalCounts(p view.Plan, now time.Time) []policy.Count {
	return policy.CountApprovals(p.Needs, policy.Given{By: p.Given, Barred: policy.Barred{Requester: p.Requester}, Escalated: !p.Escalated.IsZero(), Now: now})
}

// approvals is how far a plan's approvals are, for a line of a list: "1 of 2 by netops".
func approvals(p view.Plan, now time.Time) string { return policy.Progress(approvalCounts(p, now)) }

// printApprovals says which approvals a plan needs, who has given them, and until when they count.
func printApprovals(w io.Writer, p view.Plan, now time.Time) error {
	if p.Requester != "" {
		fmt.Fprintf(w, "\nmade by %s\n", p.Requester)
	}
	if p.Status == view.PlanOpen {
		fmt.Fprintf(w, "\nwaits until %s: %s\n", p.Expires.Local().Format("2006-01-02 15:04"), dash(p.Reason))
	}
	if len(p.Needs) > 0 {
		fmt.Fprintln(w)
		t := newTable("APPROVALS", "POLICY", "FROM", "?ESCALATES", "?REASON")
		for _, c := range approvalCounts(p, now) {
			t.add(policy.Progress([]policy.Count{c}), c.Need.Policy, c.Need.Source, escalation(c, p), c.Need.Reason)
		}
		if err := t.print(w); err != nil {
			return err
		}
	}
	if len(p.Given) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	t := newTable("APPROVED BY", "GROUPS", "VIA", "AT", "?COUNTS UNTIL")
	for _, g := range p.Given {
		until := ""
		for _, c := range approvalCounts(p, now) {
			if c.Need.ExpiresAfter > 0 {
				until = g.At.Add(c.Need.ExpiresAfter).Local().Format("2006-01-02 15:04:05")
			}
		}
		t.add(g.Name, dash(strings.Join(g.Groups, ",")), dash(g.Via), g.At.Local().Format("2006-01-02 15:04:05"), until)
	}
	return t.print(w)
}

// escalation is whom a plan goes to when it waits too long, and when.
func escalation(c policy.Count, p view.Plan) string {
	switch to := strings.Join(c.Need.EscalateTo, ","); {
	case c.Need.EscalateAfter == 0:
		return ""
	case !p.Escalated.IsZero():
		return fmt.Sprintf("%s, since %s", to, p.Escalated.Local().Format("15:04:05"))
	default:
		return fmt.Sprintf("%s, at %s", to, p.Created.Add(c.Need.EscalateAfter).Local().Format("15:04:05"))
	}
}
