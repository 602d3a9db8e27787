package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func newDeviceOwned(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "owned DEVICE",
		Short: "List what Tenter has written on a device",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, func(ctx context.Context, st *store.Store) error {
				name := intent.DeviceName(args[0])
				row, err := st.Device(ctx, name)
				if err != nil {
					return err
				}
				if row.Updated.IsZero() && row.Applied == 0 {
					return hint(fmt.Errorf("device %q: nothing is remembered of it", name), "tenter device ls")
				}
				owned, err := st.Owned(ctx, name)
				if err != nil {
					return err
				}
				if output(cmd) == formatJSON {
					paths := make([]string, len(owned))
					for i, l := range owned {
						paths[i] = l.Path.String()
					}
					err = printJSON(s.Out, paths)
				} else {
					for _, l := range owned {
						if _, err = fmt.Fprintln(s.Out, l.Path); err != nil {
							break
						}
					}
				}
				if err == nil && row.Health == view.Unmanaged {
					fmt.Fprintf(s.Err, "\n%s is no longer in the intents; what is listed is left on it\n"+
						"next:  to have it removed, bring its document back without what it should not have, and: tenter apply\n"+
						"       to leave it there: tenter device forget %[1]s --reason TEXT\n", name)
				}
				return err
			})
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func newDeviceForget(s Streams) *cobra.Command {
	var req app.ForgetRequest
	cmd := &cobra.Command{
		Use:   "forget DEVICE --reason TEXT",
		Short: "Let go of a device that is in no intent any more",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if req.Reason == "" {
				return hint(errors.New("forgetting a device needs --reason"), "tenter device forget %s --reason 'taken out of the rack'", args[0])
			}
			req.Device = intent.DeviceName(args[0])
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				reply, err := call(ctx, o, app.OpForget, (*app.App).Forget, req)
				if err != nil {
					return o.about(err, "tenter device ls")
				}
				_, err = fmt.Fprintf(s.Err, "%s: forgotten; what Tenter wrote stays on it, in %d leaves\n", req.Device, reply.Owned)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for those who wonder")
	return cmd
}
