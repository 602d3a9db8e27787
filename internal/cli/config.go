package cli

import (
	"fmt"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/settings"
)

func newConfig(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Show the settings and where each comes from", Args: cobra.NoArgs}
	explain := &cobra.Command{
		Use:   "explain [KEY]",
		Short: "Show a setting's value and source (default, file:line, environment, flag)",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := settings.Load(cmd.Flags())
			if err != nil {
				return err
			}
			keys := settings.Keys()
			if len(args) == 1 {
				keys = args
			}
			w := tabwriter.NewWriter(s.Out, 0, 8, 2, ' ', 0)
			for _, k := range keys {
				e, err := set.Explain(k)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", e.Key, e.Value, e.Source)
			}
			return w.Flush()
		},
	}
	cmd.AddCommand(explain)
	return cmd
}

func newVersion(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(s.Out, "tenter", version())
			return err
		},
	}
}

// version is what the Go toolchain recorded of the module or the commit that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	parts := []string{info.Main.Version}
	for _, set := range info.Settings {
		if set.Key == "vcs.revision" {
			parts = append(parts, set.Value[:min(12, len(set.Value))])
		}
	}
	return strings.Join(append(parts, info.GoVersion), " ")
}
