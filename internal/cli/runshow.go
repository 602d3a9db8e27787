package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

func newRunShow(s Streams) *cobra.Command {
	var steps bool
	show := &cobra.Command{
		Use:   "show RUN",
		Short: "Show how a run stands or ended on each device, step by step",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLog(cmd, false, func(ctx context.Context, st reader) error {
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
				return printRun(s.Out, r, devices, steps)
			})
		},
	}
	show.Flags().BoolVar(&steps, "steps", false, "each step that was recorded, with what it came to")
	addOutput(show, formatText, formatJSON)
	return show
}

func printRun(w io.Writer, r view.Run, devices []view.RunDevice, steps bool) error {
	var saga run.Saga
	if err := json.Unmarshal(r.Body, &saga); err != nil {
		return fmt.Errorf("run %q: %w", r.ID, err)
	}
	stands, err := standsOf(devices)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "run     %s\nplan    %s\nstatus  %s\ncause   %s\ntook    %s\n", r.ID, r.Plan, r.Status, r.Cause, took(r))
	fmt.Fprintf(w, "devices %s\n", progressOf(saga, stands))
	if saga.OnFailure != "" {
		fmt.Fprintf(w, "failure %s\n", saga.OnFailure)
	}
	for _, said := range []struct {
		what string
		word *run.Word
	}{{"paused", saga.Paused}, {"aborted", saga.Aborted}} {
		if said.word != nil {
			fmt.Fprintf(w, "%-7s since %s %s\n", said.what, said.word.At.Local().Format(time.DateTime), said.word)
		}
	}
	if r.Reason != "" {
		fmt.Fprintf(w, "reason  %s\n", r.Reason)
	}
	if written := stands.Written(); len(written) > 1 {
		var names []string
		for _, s := range written {
			names = append(names, string(s.Device))
		}
		fmt.Fprintf(w, "written %s\n", strings.Join(names, ", "))
	}
	if err := printOrder(w, saga.Order, saga.Stage); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t := newTable("DEVICE", "STEP", "OUTCOME", "?DETAIL")
	for _, d := range devices {
		t.add(string(d.Device), d.Step, dash(d.Outcome), d.Detail)
	}
	if err := t.print(w); err != nil {
		return err
	}
	sayAwaited(w, r.ID, stands)
	for _, s := range stands {
		leftovers(w, s)
		if steps {
			if err := printSteps(w, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// sayAwaited says which devices wait for a person, and until when.
func sayAwaited(w io.Writer, id string, stands run.Stands) {
	awaited := false
	for _, s := range stands {
		if s.State.Step == run.Await {
			fmt.Fprintf(w, "%s%s waits for a person until %s, and is put back then\n", only(!awaited, "\n"), s.Device, s.State.AnswerBy.Local().Format(time.DateTime))
			awaited = true
		}
	}
	if awaited {
		fmt.Fprintf(w, "next:  tenter run confirm %s, or tenter run cancel %[1]s\n", id)
	}
}

// standsOf reads what is recorded of each device.
func standsOf(devices []view.RunDevice) (run.Stands, error) {
	var all run.Stands
	for _, d := range devices {
		s := run.Stand{Device: d.Device}
		if err := json.Unmarshal(d.State, &s.State); err != nil {
			return nil, fmt.Errorf("run %q: device %q: %w", d.Run, d.Device, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// printSteps prints the recorded steps of a device.
func printSteps(w io.Writer, s run.Stand) error {
	fmt.Fprintf(w, "\n%s: steps:\n", s.Device)
	t := newTable("  STEP", "BEGUN", "TOOK", "NEXT", "?CAME TO", "?TAKEN BACK BY")
	for _, r := range s.State.Journal {
		next, spent := string(r.Next), "-"
		if r.Next == run.Ended {
			next = string(s.State.Outcome)
		}
		if !r.Ended.IsZero() {
			spent = r.Took().Round(time.Millisecond).String()
		}
		t.add("  "+string(r.Step), r.Begun.Local().Format(time.DateTime), spent, dash(next), outputsText(r), string(r.Step.Compensation()))
	}
	return t.print(w)
}

// outputsText is what a step came to, in a line.
func outputsText(r run.Record) string {
	o := r.Out
	n := func(count int, what string) string { return only(count > 0, strconv.Itoa(count)+" "+what) }
	return phrases(n(o.Leaves, "leaves"), only(o.Base != "", "base "+hash(o.Base)), only(o.From != "", "from "+hash(o.From)),
		only(!o.Until.IsZero(), only(r.Step != run.Soak, "to be confirmed until ")+only(r.Step == run.Soak, "soaks until ")+o.Until.Local().Format(time.TimeOnly)), string(o.Answer),
		n(o.Planned, "as planned"), n(o.Before, "as before"), n(o.Other, "somebody else's"), n(o.Unread, "not readable"), n(o.Failing, "gates do not pass"),
		only(o.Saved, "saved"), n(r.Resumed, "times taken over"))
}

// leftovers prints what a run could not make as planned on a device, and what of it is there still.
func leftovers(w io.Writer, s run.Stand) {
	for _, block := range []struct {
		title string
		lines []string
	}{{"not as planned", s.State.Odd}, {"does not work any more", s.State.Failing}, {"not as it was before", s.State.Left}} {
		if len(block.lines) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s: %s:\n", s.Device, block.title)
		for _, l := range block.lines {
			fmt.Fprintf(w, "  %s\n", l)
		}
	}
}
