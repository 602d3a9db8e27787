package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
)

func newApply(s Streams) *cobra.Command {
	var f planFlags
	var yes bool
	var mode, confirmed, why, into string
	var from choosing
	var glass bool
	var within time.Duration
	cmd := &cobra.Command{
		Use:   "apply [PLAN|FILE | --reverse PLAN]",
		Short: "Carry a plan out: write, read back, roll back what fails",
		Long: "Carry out a stored plan, one from a file, or, without an argument, a new one after asking.\n" +
			"A plan is refused when devices moved since it was made; --on-stale warn leaves those devices out. --reverse takes a run back.\n" +
			"Devices that nobody enrolled are left as they are. Exit 0 when all devices are done, 3 when some are left, 1 when one failed,\n" +
			"4 when the plan is stale, 6 when no device may be written to. Another terminal can pause, resume or abort it: tenter run --help.",
		Example: "  tenter apply\n  tenter apply --device leaf1 --yes\n  tenter apply --on-failure rollback-all\n  tenter apply change.json\n" +
			"  tenter apply --reverse 4f1c0a9be2d7",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			outlive()
			out, closing, err := newLines(s, output(cmd), into)
			if err != nil {
				return err
			}
			err = withOperator(cmd, func(ctx context.Context, o *operator) error {
				if err := from.check(args); err != nil {
					return err
				}
				if err := finishLeft(ctx, s, o); err != nil {
					return err
				}
				if mode != "" && !slices.Contains(run.Modes(), mode) {
					return hint(fmt.Errorf("--on-failure %s: it is one of %s", mode, strings.Join(run.Modes(), ", ")), "tenter apply --help")
				}
				if err := checkConfirm(cmd, confirmed, within); err != nil {
					return err
				}
				if err := breaks(glass, why); err != nil {
					return err
				}
				from.devices, from.yes = f, yes
				c, err := chooseApply(ctx, s, o, args, from)
				if err != nil || c.skip {
					return err
				}
				c.req.OnFailure = run.Mode(mode)
				if glass {
					c.req.BreakGlass = why
				}
				if confirmed != "" {
					c.req.Within = within
				}
				if err := applyAndFollow(ctx, s, o, c.req, showing{output(cmd), out}); err != nil || len(c.unread)+len(c.refused) == 0 {
					return err
				}
				if len(c.unread) > 0 {
					fmt.Fprintf(s.Err, "could not be read, and got no plan: %s; when they are back: tenter apply\n", deviceList(c.unread))
				}
				if len(c.refused) > 0 {
					fmt.Fprintf(s.Err, "refused, as what would change does not fit: %s; tenter plan says what to do\n", deviceList(c.refused))
				}
				return exit(exitPartial)
			})
			return errors.Join(out.fail(err), closing())
		},
	}
	f.add(cmd)
	from.add(cmd)
	cmd.Flags().StringVar(&into, "json-into", "", "write JSON lines into this file too, whatever is shown here")
	cmd.Flags().StringVar(&mode, "on-failure", "", "when a device fails: "+strings.Join(run.Modes(), ", ")+" (default: as apply.on_failure has it)")
	cmd.Flags().StringVar(&confirmed, "confirm", "", "manual: each device waits for tenter run confirm, and is put back without it")
	cmd.Flags().DurationVar(&within, "within", defaultWithin, "how long it waits, with --confirm manual")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&glass, "break-glass", false, "without the approvals that are missing, in spite of a freeze and outside of windows; everybody is told")
	cmd.Flags().StringVar(&why, "reason", "", "with --break-glass: why")
	addOutput(cmd, formatText, formatJSONL)
	return cmd
}

// Bounds of the time that a device waits to be confirmed: longer than a person needs to look, and no longer than a device may be
// left with what it might take back.
const (
	defaultWithin = 10 * time.Minute
	leastWithin   = time.Second
	mostWithin    = 24 * time.Hour
)

// checkConfirm says what is wrong with --confirm and --within.
func checkConfirm(cmd *cobra.Command, confirmed string, within time.Duration) error {
	var err error
	switch {
	case confirmed != "" && confirmed != "manual":
		err = fmt.Errorf("--confirm %s: there is manual, and nothing else to choose", confirmed)
	case confirmed == "" && cmd.Flags().Changed("within"):
		err = errors.New("--within belongs to --confirm manual")
	case within < leastWithin || within > mostWithin:
		err = fmt.Errorf("--within %s: it is from %s to %s", within, leastWithin, mostWithin)
	default:
		return nil
	}
	return hint(err, "tenter apply --help")
}

// A choice is a plan to run. Unread and refused are the devices that were to have a part in it.
type choice struct {
	req             app.ApplyRequest
	unread, refused []intent.DeviceName
	skip            bool
}

// chooseApply finds the plan to run: the named one, or a new one that the user agreed to.
func chooseApply(ctx context.Context, s Streams, o *operator, args []string, from choosing) (c choice, err error) {
	if len(args) == 1 {
		c.req.OnStale = app.OnStale(from.onStale)
		p, ok, err := planFile(ctx, args[0])
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
	ask := from.devices.request()
	ask.Keep = true
	if ask.Reverse, err = planNamed(ctx, from.reverse); err != nil {
		return c, err
	}
	reply, err := call(ctx, o, app.OpPlan, (*app.App).Plan, ask)
	if err != nil {
		next := "tenter device ls"
		if from.reverse != "" {
			next = "tenter plan ls --all"
		}
		return c, o.about(err, "%s", nextIn(err, next))
	}
	warn(s, reply.Warnings)
	if _, err := fmt.Fprint(s.Err, screenOf(s.Err).paintPlan(reply.Plan.Text())); err != nil {
		return c, err
	}
	sayReadOnly(s, reply)
	c.req.ID, c.unread, c.refused, c.skip = reply.Plan.ID, reply.Unreachable, reply.Plan.Refused(), true
	if reply.Plan.Idle() {
		return c, planExit(reply, false)
	}
	if !from.yes {
		ok, err := confirm(ctx, s, "\nApply this plan? Only yes is yes: ")
		if err != nil {
			return c, hint(err, "tenter apply %s, which is this plan; or tenter apply --yes", reply.Plan.ID)
		}
		if !ok {
			fmt.Fprintf(s.Err, "not applied; the plan waits as %s\n", reply.Plan.ID)
			return c, nil
		}
	}
	c.skip = false
	return c, nil
}

// confirm asks a question on a terminal, until ctx ends. Elsewhere nobody could answer.
func confirm(ctx context.Context, s Streams, question string) (bool, error) {
	in, ok := s.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return false, errors.New("there is no terminal to ask on")
	}
	fmt.Fprint(s.Err, question)
	answer := make(chan string, 1)
	go func() { // ends with the process, for a terminal cannot be told to stop being read
		line, err := bufio.NewReader(in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			line = ""
		}
		answer <- line
	}()
	select {
	case line := <-answer:
		return strings.TrimSpace(line) == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(s.Err)
		return false, context.Cause(ctx)
	}
}

// applyAndFollow starts the run and shows it until it ends. In a process without a server this process carries it out.
func applyAndFollow(ctx context.Context, s Streams, o *operator, req app.ApplyRequest, as showing) error {
	req.Show = as.lines != nil
	reply, err := call(ctx, o, app.OpApply, (*app.App).Apply, req)
	if err != nil {
		next := "tenter plan"
		if code(err) == app.CodeDenied {
			next = "tenter explain --why-not DEVICE says more, of one that is named"
		}
		return o.about(err, "%s", nextIn(err, next))
	}
	for _, st := range reply.Stale {
		fmt.Fprintf(s.Err, "warning: stale, and left out: %s\n", st)
	}
	if err := as.lines.began(reply); err != nil {
		return hint(fmt.Errorf("%s is begun, and what it does cannot be told: %w", reply.Run, err), "tenter run show %s", reply.Run)
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
	show := newProgress(s, reply.Run, only(as.format == formatText, formatText))
	q := event.Query{After: reply.From, Types: []event.Type{"reconciler"}, Limit: 1000}
	err = errors.Join(o.follow(following, q, as.lines.before(reply.Run, show.event)), <-executed)
	if show.ended != nil {
		err := show.finish()
		sayAfter(s, reply, as.format)
		lost := as.lines.end(show, reply.Partial, err)
		if lost != nil && errors.As(err, new(exit)) { // which says nothing
			fmt.Fprintf(s.Err, "error: %v\n", lost)
		}
		return errors.Join(err, lost)
	}
	show.clear()
	switch {
	case ctx.Err() != nil && o.app == nil:
		return hint(errors.New("no longer watched; the server carries the run out"), "tenter run show %s", reply.Run)
	case ctx.Err() != nil:
		return hint(fmt.Errorf("interrupted; %s is recorded as far as it has come", reply.Run), "tenter apply, or tenter serve, which go on with it")
	}
	return hint(err, "tenter run show %s", reply.Run)
}

// nextIn returns the next step that an error's text names, or else otherwise.
func nextIn(err error, otherwise string) string {
	_, next, ok := strings.Cut(err.Error(), "next: ")
	if !ok {
		return otherwise
	}
	next, _, _ = strings.Cut(next, ";")
	return next
}

// finishLeft carries on with the runs that an earlier process left, so that the next plan sees what came of them.
func finishLeft(ctx context.Context, s Streams, o *operator) error {
	if o.app == nil {
		return nil // the server does
	}
	left, err := o.app.Left(ctx)
	if err != nil {
		return err
	}
	for _, id := range left {
		fmt.Fprintf(s.Err, "going on with %s, which was left unfinished\n", id)
		if err := o.app.Execute(ctx, id); err != nil {
			return hint(err, "tenter run show %s", id)
		}
	}
	return nil
}

// breaks checks that glass is broken for a reason, and a reason given for nothing else.
func breaks(glass bool, reason string) error {
	switch said := strings.TrimSpace(reason) != ""; {
	case glass && !said:
		return hint(errors.New("--break-glass needs a reason: everybody is told of it"), "tenter apply --break-glass --reason TEXT")
	case !glass && said:
		return hint(errors.New("--reason belongs to --break-glass"), "tenter apply --help")
	}
	return nil
}
