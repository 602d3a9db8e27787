package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
)

func newDriftRelease(s Streams) *cobra.Command {
	var req app.ReleaseRequest
	cmd := &cobra.Command{
		Use:   "release DEVICE --reason TEXT",
		Short: "Let drift be put back again that went round in circles",
		Long: "The same path put back twice within an hour, and changed once more, holds all that is to be put back on the device: somebody else\n" +
			"keeps changing it. Once it is known who, this ends the hold, and the count begins anew.",
		Example: "  tenter drift release leaf1 --reason 'the other controller is off'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if req.Reason == "" {
				return hint(errors.New("a release needs --reason"), "tenter drift release %s --reason 'the other controller is off'", args[0])
			}
			req.Device = intent.DeviceName(args[0])
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				if _, err := call(ctx, o, app.OpRelease, (*app.App).Release, req); err != nil {
					return o.about(err, "tenter drift ls")
				}
				_, err := fmt.Fprintf(s.Err, "%s: what drifts is put back again as the drift policy says\n", req.Device)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for those who wonder")
	return cmd
}
