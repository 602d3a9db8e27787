package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/reconcile"
)

func newDeviceEnroll(s Streams) *cobra.Command {
	var f planFlags
	var all bool
	var req app.EnrollRequest
	cmd := &cobra.Command{
		Use:   "enroll DEVICE... | --all | --label KEY=VALUE",
		Short: "Let Tenter write to devices, and pin what each is",
		Long: "Connect to devices, show what each of them is (certificate or SSH host key, serial number, chassis MAC), and pin that: until\n" +
			"then a device is only read, and from then on nothing is written to any other at its address. What the device's document\n" +
			"says of its identity must be so. A device that was enrolled before and is another one now needs --replace and --reason.\n" +
			"Exit 0 when all are enrolled, 3 when some are, 6 when none is since they are not the right ones.",
		Example: "  tenter device enroll leaf1\n  tenter device enroll --all\n" +
			"  tenter device enroll leaf1 --replace --reason 'RMA 4711: chassis swapped'",
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Labels = f.labels
			for _, a := range args {
				req.Devices = append(req.Devices, intent.DeviceName(a))
			}
			switch given := len(args) > 0 || len(f.labels) > 0; {
			case !given && !all:
				return hint(errors.New("which devices? name them, or say --all or --label"), "tenter device enroll --all")
			case given && all:
				return hint(errors.New("--all leaves no device to name"), "tenter device enroll --all")
			case req.Replace && strings.TrimSpace(req.Reason) == "":
				return hint(errors.New("--replace needs --reason"), "%s --replace --reason TEXT", cmd.CommandPath())
			}
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				reply, err := call(ctx, o, app.OpEnroll, (*app.App).Enroll, req)
				if err != nil {
					return o.about(err, "tenter device ls")
				}
				if output(cmd) == formatJSON {
					err = printJSON(s.Out, reply)
				} else {
					err = printEnrolments(s.Out, reply.Devices)
				}
				return errors.Join(err, enrollExit(reply.Devices))
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every device of the intents")
	cmd.Flags().StringToStringVar(&f.labels, "label", nil, "devices with this label: role=leaf")
	cmd.Flags().BoolVar(&req.Replace, "replace", false, "another device may take the place of the enrolled one")
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for those who wonder")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

// printEnrolments shows each device with what it is known by: whoever enrolls it may want to compare that with its label.
func printEnrolments(w io.Writer, list []reconcile.Enrolment) error {
	for _, d := range list {
		text := map[reconcile.EnrollOutcome]string{
			reconcile.Enrolled: "enrolled", reconcile.Already: "was enrolled before, and is the same", reconcile.Replaced: "enrolled instead of another device",
			reconcile.Denied: "NOT enrolled", reconcile.Unreachable: "NOT enrolled: it could not be asked",
			reconcile.Stopped: "NOT enrolled: you ended it before it was asked",
		}[d.Outcome]
		if _, err := fmt.Fprintf(w, "%s at %s: %s\n", d.Device, d.Address, text); err != nil {
			return err
		}
		known := d.Identity.Elements()
		for _, e := range known {
			fmt.Fprintf(w, "  %-13s  %s\n", e.Name, e.Value)
		}
		if d.Identity.Software != "" {
			fmt.Fprintf(w, "  %-13s  %s\n", "software", d.Identity.Software)
		}
		if len(known) == 0 && d.Outcome != reconcile.Unreachable && d.Outcome != reconcile.Stopped {
			fmt.Fprintf(w, "  %-13s  nothing tells it apart from another device at its address\n", "warning")
		}
		if d.Changed != "" && d.Outcome == reconcile.Replaced {
			fmt.Fprintf(w, "  %-13s  %s\n", "changed", d.Changed)
		}
		if d.Detail != "" {
			fmt.Fprintf(w, "  %-13s  %s\n", "why", d.Detail)
		}
	}
	return nil
}

// enrollExit is 0 if all are enrolled, 3 if some are. If none is, it is 6 when one of them is not the right device.
func enrollExit(list []reconcile.Enrolment) error {
	count := map[reconcile.EnrollOutcome]int{}
	for _, d := range list {
		count[d.Outcome]++
	}
	left := count[reconcile.Denied] + count[reconcile.Unreachable] + count[reconcile.Stopped]
	switch {
	case left == 0:
		return nil
	case left < len(list):
		return exit(exitPartial)
	case count[reconcile.Denied] > 0:
		return exit(exitDenied)
	}
	return exit(exitError)
}
