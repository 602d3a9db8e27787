package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/view"
)

func newPlanLs(s Streams) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the plans that wait or run",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withReader(cmd, s, func(ctx context.Context, from display, st reader) error {
				list, err := from.plans(ctx, st, all)
				if err != nil {
					return err
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, list)
				}
				if len(list) == 0 {
					_, err := fmt.Fprintln(s.Err, "no open plans")
					return err
				}
				t := newTable("PLAN", "STATUS", "CAUSE", "DEVICES", "CHANGES", "?APPROVALS", "AGE", "?REASON")
				for _, p := range list {
					t.add(p.ID, string(p.Status), p.Cause, deviceList(p.Devices), changes(p), approvals(p, from.now), age(from.now, p.Created), dash(p.Reason))
				}
				return t.print(s.Out)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "used, rejected and expired ones too")
	addAt(cmd)
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

// plans returns the plans that wait or run, or all. What a plan changes does not change, and is in the store for as long as
// it keeps the plan.
func (f display) plans(ctx context.Context, st reader, all bool) ([]view.Plan, error) {
	live := []view.PlanStatus{view.PlanOpen, view.PlanApproved, view.PlanRunning}
	if f.past == nil {
		q := view.PlanQuery{Status: live, Bodies: true}
		if all {
			q.Status = nil
		}
		return st.Plans(ctx, q)
	}
	list := f.past.PlanList()
	if !all {
		list = slices.DeleteFunc(list, func(p view.Plan) bool { return !slices.Contains(live, p.Status) })
	}
	for i, p := range list {
		now, err := st.Plan(ctx, p.ID)
		if err != nil && !errors.Is(err, view.ErrNotFound) {
			return nil, err
		}
		list[i].Body = now.Body
	}
	return list, nil
}

func changes(row view.Plan) string {
	p, err := plan.Parse(row.Body)
	if err != nil {
		return "?"
	}
	return strconv.Itoa(p.Changes())
}
