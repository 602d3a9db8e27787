package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/view"
)

func newDeviceDoctor(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor DEVICE",
		Short: "Show what is known of a device and of what it was seen to do",
		Long: "Show what is known of a device: who it is, how it is watched, and whether it was seen to take back a commit that nobody\n" +
			"confirms. That is tried before the first Set where the device's profile says that it can, and again after an upgrade.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withReader(cmd, s, func(ctx context.Context, from display, st reader) error {
				list, err := from.devices(ctx, st)
				if err != nil {
					return err
				}
				for _, d := range list {
					if string(d.Name) != args[0] {
						continue
					}
					if output(cmd) == formatJSON {
						return printJSON(s.Out, d)
					}
					return printDoctor(s, d, from.now)
				}
				return hint(fmt.Errorf("device %q was not met yet", args[0]), "tenter device ls")
			})
		},
	}
	addAt(cmd)
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func printDoctor(s Streams, d view.Device, now time.Time) error {
	enrolled := "no: it is only read"
	if !d.Enrolled.IsZero() {
		enrolled = fmt.Sprintf("at %s by %s", d.Enrolled.UTC().Format(time.RFC3339), d.EnrolledBy)
	}
	for _, line := range [][2]string{
		{"sync", dash(d.Sync)},
		{"health", health(d, now)},
		{"reason", dash(reason(d))},
		{"watched by", dash(d.Stage)},
		{"enrolled", enrolled},
		{"software", dash(d.Known.Software)},
		{"serial", dash(d.Known.Serial)},
		{"commit-confirmed", d.CommitConfirmed.String()},
		{"run", dash(d.Run)},
	} {
		if _, err := fmt.Fprintf(s.Out, "%-16s  %s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	return nil
}

// commits is whether the device was seen to take back what nobody confirms, empty while nobody has tried.
func commits(d view.Device) string {
	switch {
	case d.CommitConfirmed.At.IsZero():
		return ""
	case d.CommitConfirmed.Works:
		return "proven"
	}
	return "does not work"
}
