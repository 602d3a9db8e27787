package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

func newApply(s Streams) *cobra.Command {
	var f planFlags
	var yes bool
	cmd := &cobra.Command{
		Use:   "apply [PLAN|FILE]",
		Short: "Carry a plan out: write, read back, roll back what does not take",
		Long: "Carry out a stored plan, one from a file, or, without an argument, a new one after asking.\n" +
			"Exit 0 when all devices are done, 3 when some are left, 1 when one failed, 4 when the plan is stale.",
		Example: "  tenter apply\n  tenter apply --device leaf1 --yes\n  tenter apply change.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				c, err := chooseApply(ctx, s, o, args, f, yes)
				if err != nil || c.skip {
					return err
				}
				if err := applyAndFollow(ctx, s, o, c.req, output(cmd)); err != nil || len(c.unread) == 0 {
					return err
				}
				fmt.Fprintf(s.Err, "could not be read, and got no plan: %s; when they are back: tenter apply\n", deviceList(c.unread))
				return exit(exitPartial)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	addOutput(cmd, formatText, formatJSONL)
	return cmd
}

// A choice is a plan to run. Unread are the devices that were to have a part in it.
type choice struct {
	req    app.ApplyRequest
	unread []intent.DeviceName
	skip   bool
}

// chooseApply finds the plan to run: the named one, or a new one that the user agreed to.
func chooseApply(ctx context.Context, s Streams, o *operator, args []string, f planFlags, yes bool) (c choice, err error) {
	if len(args) == 1 {
		p, ok, err := planFile(args[0])
		switch {
		case err != nil:
			return c, err
		case ok:
			c.req.File = &p
		default:
			c.req.ID = plan.ID(args[0])
		}
		return c, nil
	}
	ask := f.request()
	ask.Keep = true
	reply, err := call(ctx, o, app.OpPlan, (*app.App).Plan, ask)
	if err != nil {
		return c, hint(err, "tenter validate")
	}
	warn(s, reply.Warnings)
	if _, err := fmt.Fprint(s.Err, reply.Plan.Text()); err != nil {
		return c, err
	}
	c.req.ID, c.unread, c.skip = reply.Plan.ID, reply.Unreachable, true
	if reply.Plan.Idle() {
		return c, planExit(reply, false)
	}
	if !yes {
		ok, err := confirm(s, "\nApply this plan? Only yes is yes: ")
		if err != nil {
			return c, err
		}
		if !ok {
			fmt.Fprintf(s.Err, "not applied; the plan waits as %s\n", reply.Plan.ID)
			return c, nil
		}
	}
	c.skip = false
	return c, nil
}

// confirm asks a question on a terminal. Elsewhere nobody could answer.
func confirm(s Streams, question string) (bool, error) {
	in, ok := s.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return false, hint(errors.New("there is no terminal to ask on"), "tenter apply --yes")
	}
	fmt.Fprint(s.Err, question)
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return strings.TrimSpace(line) == "yes", nil
}

// applyAndFollow starts the run and shows it until it ends. In a process without a server this process carries it out.
func applyAndFollow(ctx context.Context, s Streams, o *operator, req app.ApplyRequest, format string) error {
	if o.app != nil {
		if err := o.app.Resume(ctx); err != nil {
			return err
		}
	}
	reply, err := call(ctx, o, app.OpApply, (*app.App).Apply, req)
	if err != nil {
		return hint(err, "tenter plan")
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	executed := make(chan error, 1)
	if o.app != nil {
		go func() {
			err := o.app.Execute(ctx, reply.Run)
			if err != nil {
				stop() // no last event will come
			}
			executed <- err
		}()
	} else {
		executed <- nil
	}
	show := newProgress(s, reply.Run, format)
	q := event.Query{After: reply.From, Types: []event.Type{"reconciler"}, Limit: 1000}
	err = follow(following, o.store, q, show.event)
	if err := errors.Join(err, <-executed); err != nil {
		return hint(err, "tenter run show %s", reply.Run)
	}
	if show.ended == nil {
		return hint(errors.New("interrupted; the run stays where it is recorded and goes on with the next apply or serve"), "tenter run show %s", reply.Run)
	}
	return show.finish()
}

// A progress shows one run as its events come.
type progress struct {
	s        Streams
	run      string
	format   string
	live     bool
	devices  []string          // of the run
	outcomes map[string]string // by device
	steps    map[string]string // by device
	ended    *event.ApplyCompleted
	failure  string
}

func newProgress(s Streams, run, format string) *progress {
	f, ok := s.Err.(*os.File)
	return &progress{
		s: s, run: run, format: format, live: ok && term.IsTerminal(int(f.Fd())) && format == formatText && os.Getenv("CI") == "",
		outcomes: map[string]string{}, steps: map[string]string{},
	}
}

func (p *progress) event(e event.Event) (stop bool, err error) {
	var about struct {
		Run     string   `json:"run"`
		Devices []string `json:"-"`
	}
	if err := json.Unmarshal(e.Data, &about); err != nil || about.Run != p.run {
		return false, err
	}
	if p.format == formatJSONL {
		if _, err := fmt.Fprintf(p.s.Out, "%s\n", e.Envelope); err != nil {
			return false, err
		}
	}
	switch e.Type {
	case event.TypeApplyStarted:
		var d event.ApplyStarted
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return false, err
		}
		for _, n := range d.Devices {
			p.devices = append(p.devices, string(n))
		}
		p.line("")
	case event.TypeStepCompleted:
		var d event.StepCompleted
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return false, err
		}
		p.step(d)
	case event.TypeApplyCompleted, event.TypeApplyFailed:
		var d event.ApplyFailed // has all fields of ApplyCompleted
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return false, err
		}
		p.ended = &event.ApplyCompleted{Run: d.Run, Plan: d.Plan, Outcome: d.Outcome, Devices: d.Devices, Duration: d.Duration}
		p.failure = d.Error
		return true, nil
	}
	return false, nil
}

func (p *progress) step(d event.StepCompleted) {
	name := string(d.Device)
	p.steps[name] = d.Step
	p.line(name + ": " + stepText(d))
}

// stepText says what a step came to. A step's outcome is the step after it, or how the device's run ended.
func stepText(d event.StepCompleted) string {
	text, ok := map[[2]run.Step]string{
		{run.Check, run.Set}:   "checked, it is as the plan expects",
		{run.Set, run.Verify}:  "set sent",
		{run.Verify, run.Save}: "read back as planned",
		{run.Verify, run.Set}:  "nothing of it arrived, setting again",
		{run.Verify, run.Undo}: "not as planned, rolling back",
		{run.Undo, run.Prove}:  "rollback sent",
		{run.Prove, run.Undo}:  "not rolled back yet, trying again",
	}[[2]run.Step{run.Step(d.Step), run.Step(d.Outcome)}]
	if !ok {
		text = d.Outcome
	}
	if d.Detail != "" {
		text += ": " + d.Detail
	}
	return text
}

// line says what happened; on a terminal it keeps the last line for the counts.
func (p *progress) line(text string) {
	if p.format != formatText {
		return
	}
	if !p.live {
		if text != "" {
			fmt.Fprintln(p.s.Err, text)
		}
		return
	}
	running := 0
	for _, d := range p.devices {
		if _, begun := p.steps[d]; begun && p.outcomes[d] == "" {
			running++
		}
	}
	fmt.Fprintf(p.s.Err, "\r\033[K%s\n\033[K%d devices · %d under way", text, len(p.devices), running)
}

// finish prints the outcome and chooses the exit code.
func (p *progress) finish() error {
	if p.live {
		fmt.Fprint(p.s.Err, "\r\033[K")
	}
	if p.format == formatText {
		t := newTable("DEVICE", "OUTCOME", "CHANGES", "DETAIL")
		slices.SortFunc(p.ended.Devices, func(a, b event.RunDevice) int { return strings.Compare(string(a.Device), string(b.Device)) })
		for _, d := range p.ended.Devices {
			t.add(string(d.Device), d.Outcome, fmt.Sprint(d.Changes), d.Detail)
		}
		if err := t.print(p.s.Out); err != nil {
			return err
		}
		fmt.Fprintf(p.s.Out, "%s: %s in %.1f s\n", p.run, p.ended.Outcome, p.ended.Duration.Seconds())
	}
	switch {
	case p.failure != "":
		return hint(errors.New(p.failure), "tenter run show %s", p.run)
	case p.ended.Outcome == view.RunPartial:
		fmt.Fprintln(p.s.Err, "some devices are left; when they are back: tenter apply")
		return exit(exitPartial)
	}
	return nil
}
