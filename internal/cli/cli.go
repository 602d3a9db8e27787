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
	"syscall"

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

// Run executes the command that args name and returns its exit code. The first interrupt ends the command cleanly,
// a second one at once.
func Run(args []string, s Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the default action is back for the second signal

	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	return report(s.Err, root.ExecuteContext(ctx))
}

// report writes err with its next step and returns the exit code.
func report(w io.Writer, err error) int {
	var code exit
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintf(w, "error: %v\n", err)
	var h hinted
	if errors.As(err, &h) && h.next != "" {
		fmt.Fprintf(w, "next:  %s\n", h.next)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	switch code(err) {
	case app.CodeStale:
		return exitStale
	case app.CodeLocked:
		return exitLocked
	case app.CodeDenied:
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
	settings.AddFlags(root.PersistentFlags(), "intents", "state_dir", "log.level")
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
	add("intent", newValidate(s), newExplain(s), newSchema(s))
	add("change", newPlan(s), newApply(s), newRun(s))
	add("watch", newDevice(s), newDrift(s), newEvents(s))
	add("run", newServe(s), newSchedule(s), newSim(s), newDemo(s), newConfig(s), newVersion(s))
	return root
}
