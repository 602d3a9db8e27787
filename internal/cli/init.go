package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
)

func newInit(s Streams) *cobra.Command {
	var topology, out string
	cmd := &cobra.Command{
		Use:   "init --from-clab FILE",
		Short: "Write the first intents, from a containerlab topology",
		Long: "Write a Device for each network node of a containerlab topology, and the Fabric with its links. Roles come from the label\n" +
			"role or from the name, ids from the label id or the number that the name ends in, dialect and profile from the kind or the\n" +
			"labels dialect and profile. Numbers and pools get defaults that you may change before the first apply.\n" +
			"Nothing is written if DIR holds intents already, or if what would be written has a mistake.",
		Example: "  tenter init --from-clab lab/mixed.clab.yml --out intents-mixed\n  tenter validate intents-mixed",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := loadSettings(cmd)
			if err != nil {
				return err
			}
			if out == "" {
				out = set.Intents
			}
			c, files, diags, err := app.InitFromClab(set, topology, out)
			if err != nil {
				if errors.Is(err, app.ErrThere) {
					return hint(err, "tenter init --from-clab %s --out OTHER", topology)
				}
				return hint(err, "mend the topology, then again: tenter init --from-clab %s", topology)
			}
			fmt.Fprint(s.Err, diags.Text())
			if diags.HasErrors() {
				fmt.Fprintf(s.Err, "\nnothing was written\nnext:  mend the topology, then again: tenter init --from-clab %s\n", topology)
				return exit(exitError)
			}
			t := newTable("DEVICE", "ROLE", "ID", "DIALECT", "PROFILE", "ADDRESS")
			for _, d := range c.Set.Devices {
				t.add(string(d.Name), d.Labels["role"], fmt.Sprint(d.Spec.ID), d.Spec.Dialect, d.Spec.Profile, string(d.Spec.Address))
			}
			if err := t.print(s.Out); err != nil {
				return err
			}
			for _, name := range files {
				fmt.Fprintln(s.Err, "wrote", filepath.Join(out, name))
			}
			fmt.Fprintf(s.Err, "\nnext:  tenter validate %s\n       without containers: tenter sim %s --intents %s\n", out, topology, out)
			return nil
		},
	}
	cmd.Flags().StringVar(&topology, "from-clab", "", "containerlab topology to read")
	cmd.Flags().StringVar(&out, "out", "", "directory to write to (default: the setting intents)")
	if err := cmd.MarkFlagRequired("from-clab"); err != nil {
		panic(err) // the flag is two lines above
	}
	return cmd
}
