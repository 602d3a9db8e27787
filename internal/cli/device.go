package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func newDevice(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "device", Short: "Devices: their state, what they have, enrolment and holds", Args: cobra.NoArgs}
	cmd.AddCommand(newDeviceLs(s), completes(newDeviceEnroll(s), deviceNames), completes(newDeviceGet(s), deviceNames), completes(newDeviceDiff(s), deviceNames),
		completes(newDeviceHold(s), deviceNames), completes(newDeviceRelease(s), deviceNames),
		completes(newDeviceOwned(s), deviceNames), completes(newDeviceForget(s), deviceNames),
		completes(newDeviceDoctor(s), deviceNames), completes(newDeviceBackup(s), deviceNames), completes(newDeviceRestore(s), deviceNames))
	return cmd
}

func newDeviceLs(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the devices with sync and health",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withReader(cmd, s, func(ctx context.Context, from display, st reader) (err error) {
				list, err := from.devices(ctx, st)
				if err != nil {
					return err
				}
				if local, ok := st.(*store.Store); ok && from.past == nil && len(list) > 0 {
					defer func() { err = errors.Join(err, sayUnwatched(ctx, s, local)) }()
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, list)
				}
				if len(list) == 0 {
					_, err := fmt.Fprintln(s.Err, "no device was met yet; see: tenter plan, tenter serve")
					return err
				}
				t := newTable("DEVICE", "SYNC", "HEALTH", "WATCHED BY", "?COMMIT-CONFIRMED", "?RUN", "UPDATED", "?REASON")
				for _, d := range list {
					t.add(string(d.Name), dash(d.Sync), health(d, from.now), dash(d.Stage), commits(d), dash(d.Run), age(from.now, d.Updated), dash(reason(d)))
				}
				return t.print(s.Out)
			})
		},
	}
	addAt(cmd)
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func (f display) devices(ctx context.Context, st reader) ([]view.Device, error) {
	if f.past != nil {
		return f.past.DeviceList(), nil
	}
	return st.Devices(ctx)
}

// reason is why the device is as it is, without the name that the row begins with.
func reason(d view.Device) string {
	if d.Reason == "" && d.Enrolled.IsZero() {
		return "read-only: not enrolled"
	}
	text, ok := strings.CutPrefix(d.Reason, fmt.Sprintf("device %q", d.Name))
	if !ok {
		return d.Reason
	}
	return strings.TrimPrefix(strings.TrimSpace(text), ": ")
}

// health is the device's health, with a hold that the monitor may not have seen yet.
func health(d view.Device, now time.Time) string {
	if d.HeldUntil.After(now) {
		return fmt.Sprintf("%s until %s (%s)", view.Held, d.HeldUntil.Local().Format("Jan 2 15:04"), d.HeldReason)
	}
	return dash(d.Health)
}

func newDeviceGet(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "get DEVICE [PATH...]",
		Short:   "Read a device's configuration now, in canonical form",
		Example: "  tenter device get leaf1 '/interfaces/interface[name=Ethernet49]'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				req := app.ReadRequest{Device: intent.DeviceName(args[0]), Paths: args[1:]}
				reply, err := call(ctx, o, app.OpRead, (*app.App).Read, req)
				if err != nil {
					return o.about(err, "tenter device ls")
				}
				warn(s, reply.Problems)
				if output(cmd) == formatJSON {
					return printJSON(s.Out, reply)
				}
				if len(reply.Leaves) == 0 {
					fmt.Fprintf(s.Err, "%s has no configuration there\n", args[0])
				}
				for _, l := range reply.Leaves {
					if _, err := fmt.Fprintf(s.Out, "%s = %s\n", l.Path, l.Value); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func newDeviceDiff(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff DEVICE",
		Short: "Compare a device with the intents now; exit 2 if they differ",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				req := app.PlanRequest{Devices: []intent.DeviceName{intent.DeviceName(args[0])}}
				reply, err := call(ctx, o, app.OpPlan, (*app.App).Plan, req)
				if err != nil {
					return o.about(err, "tenter device ls")
				}
				if err := printPlan(s.Out, reply, output(cmd)); err != nil {
					return err
				}
				sayReadOnly(s, reply)
				sayUnread(s, reply)
				return planExit(reply, true)
			})
		},
	}
	addOutput(cmd, formatText, formatJSON, formatMarkdown)
	return cmd
}

func newDeviceHold(s Streams) *cobra.Command {
	var req app.HoldRequest
	cmd := &cobra.Command{
		Use:     "hold DEVICE --for DURATION --reason TEXT",
		Short:   "Stop writing to a device for a time; it goes on being watched",
		Example: "  tenter device hold leaf1 --for 4h --reason 'cable work'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if req.For <= 0 || req.Reason == "" {
				return hint(errors.New("a hold needs --for and --reason"), "tenter device hold %s --for 4h --reason 'cable work'", args[0])
			}
			req.Device = intent.DeviceName(args[0])
			return hold(cmd, s, req)
		},
	}
	cmd.Flags().DurationVar(&req.For, "for", 0, "how long")
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for those who wonder")
	return cmd
}

func newDeviceRelease(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "release DEVICE",
		Short: "End a hold",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return hold(cmd, s, app.HoldRequest{Device: intent.DeviceName(args[0])})
		},
	}
}

func hold(cmd *cobra.Command, s Streams, req app.HoldRequest) error {
	return withOperator(cmd, func(ctx context.Context, o *operator) error {
		reply, err := call(ctx, o, app.OpHold, (*app.App).Hold, req)
		if err != nil {
			return o.about(err, "tenter device ls")
		}
		if req.For == 0 {
			_, err := fmt.Fprintf(s.Err, "%s: %s\n", req.Device, only(reply.WasHeld, "released")+only(!reply.WasHeld, "was not on hold"))
			return err
		}
		_, err = fmt.Fprintf(s.Err, "%s: nothing is written to it for %s\n", req.Device, req.For)
		return err
	})
}
