package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
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
				reply, err := planAgainst(cmd, s, f, against)
				if err != nil {
					return err
				}
				return planExit(reply, detailed)
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
					if err := writePlan(ctx, into, reply.Plan); err != nil {
						return err
					}
				}
				if err := printPlan(s.Out, reply, output(cmd)); err != nil {
					return err
				}
				if out != "" {
					if err := writePlan(ctx, out, reply.Plan); err != nil {
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
