package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/view"
)

// planFlags choose the devices of a plan.
type planFlags struct {
	devices []string
	labels  map[string]string
}

func (f *planFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.devices, "device", nil, "only these devices")
	cmd.Flags().StringToStringVar(&f.labels, "label", nil, "only devices with this label: role=leaf")
}

func (f *planFlags) request() app.PlanRequest {
	r := app.PlanRequest{Labels: f.labels}
	for _, d := range f.devices {
		r.Devices = append(r.Devices, intent.DeviceName(d))
	}
	return r
}

func newPlan(s Streams) *cobra.Command {
	var f planFlags
	var against againstFlags
	var out, into string
	var detailed, raw bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would change on the devices, and why",
		Example: "  tenter plan\n  tenter plan --device leaf1 --output json\n  tenter plan --out change.json && tenter apply change.json\n" +
			"  tenter plan ls; tenter plan approve ID",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if against.ref != "" || against.observed {
				return planAgainst(cmd, s, f, against, detailed)
			}
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				req := f.request()
				req.Raw, req.Bind = raw, out != ""
				reply, err := call(ctx, o, app.OpPlan, (*app.App).Plan, req)
				if err != nil {
					return o.about(err, "tenter device ls")
				}
				warn(s, reply.Warnings)
				if into != "" {
					if err := writePlan(into, reply.Plan); err != nil {
						return err
					}
				}
				if err := printPlan(s.Out, reply, output(cmd)); err != nil {
					return err
				}
				if out != "" {
					if err := writePlan(out, reply.Plan); err != nil {
						return err
					}
					sayKept(s, out, reply.Plan)
				} else if output(cmd) == formatText && !reply.Plan.Idle() && len(reply.ReadOnly) == 0 {
					fmt.Fprintln(s.Err, "\nnext: tenter apply")
				}
				sayReadOnly(s, reply)
				sayUnread(s, reply)
				return planExit(reply, detailed)
			})
		},
	}
	f.add(cmd)
	against.add(cmd)
	cmd.Flags().StringVar(&out, "out", "", "write the plan to this file, for tenter apply FILE")
	cmd.Flags().StringVar(&into, "json-into", "", "write the plan as JSON into this file too, whatever is shown here")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit 2 when there are changes")
	cmd.Flags().BoolVar(&raw, "raw", false, "show the gNMI SetRequests too")
	addOutput(cmd, formatText, formatJSON, formatMarkdown)
	cmd.AddCommand(newPlanLs(s), completes(newPlanShow(s), openPlans), completes(newPlanApprove(s), openPlans), completes(newPlanReject(s), openPlans))
	return cmd
}

// sayUnread says what to do about devices that could not be read; the plan said why.
func sayUnread(s Streams, r app.PlanReply) {
	if len(r.Unreachable) > 0 {
		fmt.Fprintf(s.Err, "\n%s could not be read\nnext:  mend that, then again: tenter plan\n", deviceList(r.Unreachable))
	}
	if refused := r.Plan.Refused(); len(refused) > 0 {
		fmt.Fprintf(s.Err, "\n%s refused: what would change does not fit\nnext:  mend that as the plan says, then again: tenter plan\n", deviceList(refused))
	}
}

// keepReverse writes the plan that takes a plan's run back to a file.
func keepReverse(cmd *cobra.Command, s Streams, arg string, reverse bool, out string) error {
	if !reverse {
		return hint(errors.New("--out belongs to --reverse"), "tenter plan --out FILE, for a plan that is not there yet")
	}
	return withOperator(cmd, func(ctx context.Context, o *operator) error {
		id, err := planNamed(arg)
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
		if err := writePlan(out, reply.Plan); err != nil {
			return err
		}
		sayKept(s, out, reply.Plan)
		sayReadOnly(s, reply)
		sayUnread(s, reply)
		return planExit(reply, false)
	})
}

// sayKept says what to do with a plan in a file, and until when.
func sayKept(s Streams, file string, p plan.Plan) {
	fmt.Fprintf(s.Err, "\nwritten to %s, good until %s; next: tenter apply %s\n", file, p.Expires.Local().Format("Jan 2 15:04"), file)
}

// sayReadOnly says which devices the plan cannot be carried out on before somebody enrolls them.
func sayReadOnly(s Streams, r app.PlanReply) {
	if len(r.ReadOnly) == 0 {
		return
	}
	next := "--all"
	if len(r.ReadOnly) <= mostNames {
		var names []string
		for _, n := range r.ReadOnly {
			names = append(names, string(n))
		}
		next = strings.Join(names, " ")
	}
	fmt.Fprintf(s.Err, "\n%s: read-only: not enrolled\nnext:  tenter device enroll %s\n", deviceList(r.ReadOnly), next)
}

// planExit is 3 when devices could not be read or were refused, else 2 for changes if that was asked for.
func planExit(r app.PlanReply, detailed bool) error {
	switch {
	case len(r.Unreachable) > 0, len(r.Plan.Refused()) > 0:
		return exit(exitPartial)
	case detailed && !r.Plan.Idle():
		return exit(exitChanges)
	case detailed && r.Plan.Partial: // nothing is different where it was looked; that is not to be taken for in sync
		return exit(exitPartial)
	default:
		return nil
	}
}

func printPlan(w io.Writer, r app.PlanReply, format string) error {
	switch format {
	case formatJSON:
		data, err := r.Plan.JSON()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", bytes.TrimRight(data, "\n"))
		return err
	case formatMarkdown:
		_, err := fmt.Fprint(w, r.Plan.Markdown())
		return err
	}
	if _, err := fmt.Fprint(w, screenOf(w).paintPlan(r.Plan.Text())); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Raw)) {
		if _, err := fmt.Fprintf(w, "\n# %s: SetRequest\n%s", name, r.Raw[name]); err != nil {
			return err
		}
	}
	return nil
}

func writePlan(file string, p plan.Plan) error {
	data, err := p.JSON()
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

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

// mostNames is how many devices a line names before it counts the rest.
const mostNames = 3

func deviceList(names []intent.DeviceName) string {
	var texts []string
	for _, n := range names[:min(len(names), mostNames)] {
		texts = append(texts, string(n))
	}
	if more := len(names) - mostNames; more > 0 {
		texts = append(texts, fmt.Sprintf("+%d", more))
	}
	return strings.Join(texts, ",")
}

func newPlanShow(s Streams) *cobra.Command {
	var reverse bool
	var out string
	cmd := &cobra.Command{
		Use:   "show ID|FILE",
		Short: "Show a stored plan or one in a file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out != "" {
				return keepReverse(cmd, s, args[0], reverse, out)
			}
			show := func(p plan.Plan) error {
				if reverse {
					p = p.Reverse()
				}
				return printPlan(s.Out, app.PlanReply{Plan: p}, output(cmd))
			}
			if p, ok, err := planFile(args[0]); err != nil || ok {
				return errors.Join(err, func() error {
					if err != nil {
						return nil
					}
					return show(p)
				}())
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

// printVotes prints what validators said when the plan was last to be approved.
func printVotes(w io.Writer, votes []event.Vote) error {
	fmt.Fprintln(w)
	t := newTable("VALIDATOR", "VOTE", "TOOK", "?REASON")
	for _, v := range votes {
		t.add(v.Validator, v.Verdict, v.Took.Round(time.Millisecond).String(), v.Reason)
	}
	return t.print(w)
}

// planFile reads a plan from a file, if the argument names one.
func planFile(name string) (p plan.Plan, ok bool, err error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return p, false, nil
	}
	if err != nil {
		return p, false, hint(err, "tenter plan ls, for the ids of stored plans")
	}
	if !json.Valid(data) {
		return p, false, hint(fmt.Errorf("%s: not a plan: no JSON", name), "tenter plan --out %s", name)
	}
	p, err = plan.Parse(data)
	if err != nil {
		return p, false, hint(fmt.Errorf("%s: not a plan of this version: %w", name, err), "tenter plan --out %s", name)
	}
	return p, true, nil
}
