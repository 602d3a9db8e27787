package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/schema/compile"
)

func newSchema(s Streams) *cobra.Command {
	var opts compile.Options
	var out string
	var without []string
	cmd := &cobra.Command{Use: "schema", Short: "Compiled YANG schemas", Args: cobra.NoArgs}
	c := &cobra.Command{
		Use:   "compile DIR",
		Short: "Compile a directory of YANG modules into a schema and its lock",
		Long: "Compile the YANG files below DIR. A missing import, augment or deviation target is an error: a schema without it would\n" +
			"allow what the device refuses. A module that nobody publishes is named with --missing. FILE gets the schema, FILE's\n" +
			"name with .lock.json what it was compiled from.",
		Example: "  tenter schema compile yang/srlinux --name srlinux --version v25.3 --without platform-imgmt,fpcx --out srlinux.schema\n" +
			"  tenter schema compile yang/eos --module openconfig-interfaces,arista-interfaces-notsupported-deviations --skip ietf-interfaces \\\n" +
			"      --missing openconfig-hercules-interfaces --root interfaces --out interfaces.schema",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			opts.Features = func(_, feature string) bool { return !slices.Contains(without, feature) }
			report, data, err := compile.Dir(os.DirFS(args[0]), opts)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			lock, err := json.MarshalIndent(report, "", "  ")
			if err != nil {
				return err
			}
			if err := os.WriteFile(out, data, 0o644); err != nil {
				return err
			}
			if err := os.WriteFile(strings.TrimSuffix(out, ".schema")+".lock.json", append(lock, '\n'), 0o644); err != nil {
				return err
			}
			for _, l := range report.LeftOut {
				fmt.Fprintln(s.Err, "left out:", l)
			}
			for _, u := range report.Unhandled {
				fmt.Fprintln(s.Err, "not enforced:", u)
			}
			_, err = fmt.Fprintf(s.Out, "%s: %d modules, %d configuration nodes, %d bytes\n", out, len(report.Modules), report.Nodes, len(data))
			return err
		},
	}
	c.Flags().StringVar(&opts.Name, "name", "custom", "name of the schema")
	c.Flags().StringVar(&opts.Version, "version", "", "version of the models")
	c.Flags().StringSliceVar(&opts.Modules, "module", nil, "only these modules and what they import (patterns)")
	c.Flags().StringSliceVar(&opts.Skip, "skip", nil, "modules that are only imported (patterns)")
	c.Flags().StringSliceVar(&opts.Roots, "root", nil, "only these top-level nodes")
	c.Flags().StringSliceVar(&without, "without", nil, "features that the device does not have; it has all others")
	c.Flags().StringSliceVar(&opts.Missing, "missing", nil, "modules that nobody publishes: what is for their nodes is left out, and listed in the lock")
	c.Flags().StringSliceVar(&opts.Prune, "prune", nil, "nodes to leave out: /system/aaa, or /top/module:name where two have a name in common")
	c.Flags().StringVarP(&out, "out", "o", "custom.schema", "file for the schema")
	cmd.AddCommand(c)
	return cmd
}
