package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// A runCommand is one of the commands that are given to a run.
type runCommand struct{ verb, short, done string }

var runCommands = []runCommand{
	{"pause", "Let a run begin nothing new until it is resumed", "paused; go on with: tenter run resume %[1]s, or end it: tenter run abort %[1]s"},
	{"resume", "Let a paused run go on", "goes on; watch it: tenter run show %[1]s"},
	{"abort", "End a run, and put back what its on-failure mode says", "is being ended; see what comes of it: tenter run show %[1]s"},
	{"confirm", "Keep what a run changed on devices that wait for a person", "is confirmed; see what comes of it: tenter run show %[1]s"},
	{"cancel", "Put back what waits to be confirmed, and begin nothing new", "is canceled: what waits to be confirmed is put back; see what comes of it: tenter run show %[1]s"},
}

func newRunControl(s Streams, c runCommand) *cobra.Command {
	var reason string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   c.verb + " RUN",
		Short: c.short,
		Long: c.short + ". What is between a Set and its proof comes to an end first.\nThe command is recorded as an event, and whoever drives the run answers it. Exit 0 when it was done, 6 when it was refused,\n" +
			"1 when nobody answered in time; it is done then as soon as somebody drives the run again.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			outlive()
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				req := app.ControlRequest{Run: args[0], Verb: c.verb, Reason: reason}
				reply, err := call(ctx, o, app.OpControl, (*app.App).Control, req)
				if err != nil {
					return hint(err, "tenter run ls")
				}
				if o.app != nil { // nobody else drives it
					if err := o.app.Execute(ctx, args[0]); err != nil {
						return hint(err, "tenter run show %s", args[0])
					}
				}
				ack, err := awaitAck(ctx, o, reply, timeout)
				if err != nil {
					return hint(fmt.Errorf("%s %s: %w", c.verb, args[0], err), "tenter run show %s", args[0])
				}
				return sayAck(s, output(cmd), c, ack)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who look at the run")
	cmd.Flags().DurationVar(&timeout, "timeout", 20*time.Second, "how long to wait for the answer")
	addOutput(cmd, formatText, formatJSON)
	return completes(cmd, liveRuns)
}

// awaitAck waits for the answer to a command.
func awaitAck(ctx context.Context, o *operator, c app.ControlReply, timeout time.Duration) (event.CommandAck, error) {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var ack event.CommandAck
	found := false
	q := event.Query{After: c.From, Types: []event.Type{event.TypeCommandAck}, Limit: 1000}
	err := o.follow(within, q, func(e event.Event) (stop bool, err error) {
		if found = e.Causation == c.Command; found {
			ack, err = event.Decode[event.CommandAck](e)
		}
		return found, err
	})
	switch {
	case err != nil || found:
		return ack, err
	case ctx.Err() != nil:
		return ack, errors.New("no longer waited for; the command is recorded")
	}
	return ack, fmt.Errorf("no answer within %s from %s; the command is recorded and done when somebody drives the run", timeout, driverOf(ctx, o.store, c.Run))
}

// driverOf names who should have answered, as far as the store can be asked.
func driverOf(ctx context.Context, st *store.Store, run string) string {
	if st == nil {
		return "a reconciler"
	}
	claims, err := st.Claims(ctx, "run/"+run)
	if err != nil || len(claims) != 1 || claims[0].Holder == "" {
		return "a reconciler: no process drives the run"
	}
	if !claims[0].Live {
		return claims[0].Holder + ", which drove the run last and is gone"
	}
	return claims[0].Holder + ", which drives the run"
}

func sayAck(s Streams, format string, c runCommand, ack event.CommandAck) error {
	if format == formatJSON {
		if err := printJSON(s.Out, ack); err != nil {
			return err
		}
	}
	if ack.Outcome != "done" {
		return hint(&app.CodedError{Code: app.CodeDenied, Err: fmt.Errorf("%s %s: refused: %s", c.verb, ack.Run, ack.Reason)}, "tenter run show %s", ack.Run)
	}
	if ack.Reason != "" {
		fmt.Fprintf(s.Err, "%s: %s\n", ack.Run, ack.Reason)
		return nil
	}
	fmt.Fprintf(s.Err, "%s %s\n", ack.Run, fmt.Sprintf(c.done, ack.Run))
	return nil
}

// liveRuns completes the runs that have not ended.
func liveRuns(ctx context.Context, st *store.Store) ([]string, error) {
	list, err := st.Runs(ctx, view.RunQuery{Status: []view.RunStatus{view.RunRunning, view.RunPaused}})
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.ID + "\t" + string(r.Status)
	}
	return names, err
}
