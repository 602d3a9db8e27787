package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func newRunLocks(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "locks",
		Short: "Show who holds which lock, what they do there and since when",
		Long: "A lock is held by a worker, which is one process. device/NAME is the right to write to a device, watch/NAME to watch it,\n" +
			"run/NAME to drive a run; what has no slash is an election: what one worker does for all. The state directory is locked by\n" +
			"the process that has it, and free as soon as that ends. A commit that waits to be confirmed is a lock on the device itself.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			reply, err := readLocks(cmd)
			if err != nil {
				return err
			}
			if output(cmd) == formatJSON {
				return printJSON(s.Out, reply)
			}
			return printLocks(s.Out, reply)
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

// readLocks asks the server that the settings name, or reads the store: who has the state directory must not be in the way.
func readLocks(cmd *cobra.Command) (out app.LocksReply, err error) {
	set, _, err := load(cmd, true)
	if err != nil {
		return out, err
	}
	c, err := remote(set, cmd.ErrOrStderr())
	if err != nil {
		return out, err
	}
	if c != nil {
		out, err = api.Call[app.LocksReply](cmd.Context(), c, app.OpLocks, app.Nothing{})
		return out, hintRemote(err)
	}
	err = withStore(cmd, func(ctx context.Context, st *store.Store) error {
		out, err = app.LocksIn(ctx, st, set.StateDir, time.Now())
		return err
	})
	return out, err
}

func printLocks(w io.Writer, r app.LocksReply) error {
	t := newTable("LOCK", "HOLDER", "PROCESS", "DOING", "AGE", "UNTIL")
	for _, l := range r.Locks {
		since := "-"
		if l.Age > 0 {
			since = l.Age.Round(time.Second).String()
		}
		t.add(l.Name, l.Holder.Name, process(l.Holder), dash(l.Doing), since, l.Until.Local().Format("15:04:05"))
	}
	for _, c := range r.Commits {
		t.add("commit on "+string(c.Device), "the device", "-", c.Run+" waits to confirm it", "-", c.Until.Local().Format("15:04:05"))
	}
	if r.Holder != "" {
		t.add("state directory "+r.State, "tenter "+r.Holder, "-", "-", "-", "it ends")
	}
	return t.print(w)
}

func process(w view.Worker) string {
	if w.Process == 0 {
		return "-"
	}
	return fmt.Sprintf("%d on %s, tenter %s", w.Process, w.Host, w.Operation)
}

func newRunUnlock(s Streams) *cobra.Command {
	var req app.UnlockRequest
	force := false
	cmd := &cobra.Command{
		Use:   "unlock LOCK --force --reason TEXT",
		Short: "Take a lock away from a process that hangs",
		Long: "The holder can record nothing under the lock any more, for it has another token; but a request that it has sent to a device\n" +
			"already cannot be called back. End the process first, if you can: what it held is free then by itself. Everybody is told.",
		Example: "  tenter run locks\n  tenter run unlock device/leaf1 --force --reason 'the process hangs'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !force || req.Reason == "" {
				return hint(errors.New("taking a lock away needs --force and --reason: end the process that holds it instead, if you can"),
					"tenter run unlock %s --force --reason TEXT", args[0])
			}
			req.Name = args[0]
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				l, err := call(ctx, o, app.OpUnlock, (*app.App).Unlock, req)
				if err != nil {
					return o.about(err, "tenter run locks")
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, l)
				}
				_, err = fmt.Fprintf(s.Err, "%s was taken from %s, which was at: %s; what it does under it fails from now on\n", l.Name, l.Holder, dash(l.Doing))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "yes, take it away")
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for those who wonder")
	addOutput(cmd, formatText, formatJSON)
	return completes(cmd, lockNames)
}

func lockNames(ctx context.Context, st *store.Store) ([]string, error) {
	list, err := st.Locks(ctx)
	names := make([]string, len(list))
	for i, l := range list {
		names[i] = l.Name + "\t" + l.Holder.Name
	}
	return names, err
}
