// Package cli is the command line: one file per verb, wiring only.
//
// Data goes to standard output, progress and diagnostics to standard error. Exit codes: 0 done, 1 error, 2 changes
// (only with --detailed-exitcode), 3 partial, 4 stale plan, 5 locked, 6 denied. Every failure ends with what to do next.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/settings"
)

// Exit codes.
const (
	exitDone    = 0
	exitError   = 1
	exitChanges = 2
	exitPartial = 3
	exitStale   = 4
	exitLocked  = 5
	exitDenied  = 6
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// An exit ends a command with a code and without a message: it was said already.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// A hinted error knows the next step.
type hinted struct {
	error
	next string
}

func (h hinted) Unwrap() error { return h.error }

func hint(err error, next string, args ...any) error {
	if err == nil {
		return nil
	}
	return hinted{err, fmt.Sprintf(next, args...)}
}

// sameSignal is how long after the first interrupt another one is taken for the same.
const sameSignal = 250 * time.Millisecond

// Run executes the command that args name and returns its exit code. The first interrupt, or the end of its terminal, ends the
// command cleanly, a second one at once.
func Run(args []string, s Streams) int {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signals = append(signals, syscall.SIGHUP) // the terminal was closed
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	// The default action is back for the second signal. One Ctrl-C may come twice: from the terminal, and passed on by timeout, make or sudo.
	context.AfterFunc(ctx, func() { time.AfterFunc(sameSignal, stop) })

	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	cmd, err := root.ExecuteContextC(ctx)
	var known hinted
	if ctx.Err() != nil && !errors.As(err, &known) && (errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx))) {
		err = hint(errors.New("interrupted"), "%s, again: what was begun is recorded", cmd.CommandPath())
	}
	return report(s.Err, cmd.CommandPath(), err)
}

// report writes err with its next step, the help of the command if nothing better is known, and returns the exit code.
func report(w io.Writer, command string, err error) int {
	var code exit
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	}
	says, next := nextApart(err)
	fmt.Fprintf(w, "error: %s\n", says)
	var h hinted
	var (
		locked   *app.LockedError
		profiles *app.ProfilesError
		state    *app.StateDirError
	)
	switch {
	case errors.As(err, &locked):
		next = "wait until it ends, or use another directory: --state-dir DIR"
	case errors.As(err, &profiles):
		next = "mend the files, or leave out the setting profiles to use the built-in ones"
	case errors.As(err, &state):
		next = "let this user write there, or use another directory: --state-dir DIR"
	case next != "": // what refused it knows best
	case errors.As(err, &h):
		next = h.next
	default:
		next = command + " --help"
	}
	fmt.Fprintf(w, "next:  %s\n", next)
	return exitCode(err)
}

// nextApart takes the next step off the end of an error's text, where the text has one, so that it is said once.
func nextApart(err error) (says, next string) {
	says, next, found := strings.Cut(err.Error(), "; next: ")
	if !found || strings.ContainsAny(next, ";\n") {
		return err.Error(), ""
	}
	return says, next
}

func exitCode(err error) int {
	switch code(err) {
	case app.CodeStale:
		return exitStale
	case app.CodeLocked:
		return exitLocked
	case app.CodeDenied, api.CodeUnauthorized:
		return exitDenied
	default:
		return exitError
	}
}

// code names err as app does, also when it came over the socket.
func code(err error) string {
	var p *api.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return app.Code(err)
}

func newRoot(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "tenter",
		Short:         "Hold a network fabric to the intent that git keeps",
		Long:          "Tenter plans, applies and watches until the network is what the intent in git says, and tells the moment it is not.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return hint(err, "%s --help", cmd.CommandPath())
	})
	settings.AddFlags(root.PersistentFlags(), "intents", "state_dir", "log.level", "server")
	root.AddGroup(
		&cobra.Group{ID: "intent", Title: "Intent:"},
		&cobra.Group{ID: "change", Title: "Change:"},
		&cobra.Group{ID: "watch", Title: "Watch:"},
		&cobra.Group{ID: "run", Title: "Run:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("intent", newValidate(s), completes(newExplain(s), deviceNames), newSchema(s), newProfile(s), newInit(s))
	add("change", newPlan(s), completes(newApply(s), openPlans), newRun(s), newFreeze(s), newUnfreeze(s))
	add("watch", newDevice(s), newWorker(s), newDrift(s), newEvents(s), newAudit(s))
	add("run", newServe(s), newToken(s), newSchedule(s), newSim(s), newDemo(s), newConfig(s), newVersion(s))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	addExamples(root)
	guide(root)
	return root
}

// guide makes every command below cmd answer a wrong use with the right one, instead of with cobra's help and success.
func guide(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		guide(c)
	}
	switch check := cmd.Args; {
	case cmd.Name() == "help":
		cmd.Run, cmd.RunE = nil, func(help *cobra.Command, args []string) error {
			found, rest, err := help.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknown(found, rest)
			}
			return found.Help()
		}
	case !cmd.Runnable():
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(cmd, args)
			}
			return cmd.Help()
		}
	case check != nil:
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			var h hinted
			err := check(cmd, args)
			if err == nil || errors.As(err, &h) {
				return err
			}
			return hint(fmt.Errorf("%s given; usage: %s", counted(len(args), "argument"), cmd.UseLine()), "%s --help", cmd.CommandPath())
		}
	}
}

// unknown says that cmd has no command of the name that args begin with, and which ones are near.
func unknown(cmd *cobra.Command, args []string) error {
	cmd.SuggestionsMinimumDistance = 2
	near := cmd.SuggestionsFor(args[0])
	if len(near) == 0 {
		return hint(fmt.Errorf("%s: no command %q", cmd.CommandPath(), args[0]), "%s --help", cmd.CommandPath())
	}
	return hint(fmt.Errorf("%s: no command %q; did you mean %s?", cmd.CommandPath(), args[0], strings.Join(near, " or ")),
		"%s %s", cmd.CommandPath(), near[0])
}
