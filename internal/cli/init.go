package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/settings"
)

// initFlags say what the first intents are made of, and where to put them.
type initFlags struct {
	topology, out string
	devices       inventoryFlags
}

func newInit(s Streams) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init --from-clab FILE | --from-device",
		Short: "Write the first intents, from a topology or from running devices",
		Long: "With --from-clab: write a Device for each network node of a containerlab topology, and the Fabric with its links. Roles come\n" +
			"from the label role or from the name, ids from the label id or the number that the name ends in, dialect and profile from the\n" +
			"kind or the labels dialect and profile. Numbers and pools get defaults that you may change before the first apply.\n\n" +
			"With --from-device: read the whole configuration of devices and write the intents that come to it, by kinds where they\n" +
			"fit and by path where they don't. They are rendered and compared first: a plan right after has nothing to change. Which devices:\n" +
			"those of a topology (--clab FILE), those of a directory with Device documents (--inventory DIR), or those named\n" +
			"(--device leaf1=10.0.0.1:6030, with --profile, --credentials and --tls or --ssh as the settings call them).\n\n" +
			"Nothing is written if DIR holds intents already, or if what would be written has a mistake.",
		Example: "  tenter init --from-clab lab/mixed.clab.yml --dir intents-mixed\n  tenter init --from-device --clab lab/evpn.clab.yml --dir adopted\n" +
			"  tenter init --from-device --device leaf1=192.0.2.21:6030 --profile eos --credentials lab --tls lab --dir adopted",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := loadSettings(cmd)
			if err != nil {
				return err
			}
			if f.out == "" {
				f.out = set.Intents
			}
			if f.devices.on {
				return f.fromDevices(cmd, s, set)
			}
			return f.fromClab(s, set)
		},
	}
	cmd.Flags().StringVar(&f.topology, "from-clab", "", "containerlab topology to read")
	cmd.Flags().StringVar(&f.out, "dir", "", "directory to write to (default: the setting intents)")
	cmd.Flags().StringVar(&f.out, "out", "", "the same as --dir")
	f.devices.add(cmd)
	cmd.MarkFlagsOneRequired("from-clab", "from-device")
	cmd.MarkFlagsMutuallyExclusive("from-clab", "from-device")
	cmd.MarkFlagsMutuallyExclusive("dir", "out")
	return cmd
}

func (f *initFlags) fromClab(s Streams, set *settings.Settings) error {
	c, files, diags, err := app.InitFromClab(set, f.topology, f.out)
	if err != nil {
		if errors.Is(err, app.ErrThere) {
			return hint(err, "tenter init --from-clab %s --out OTHER", f.topology)
		}
		return hint(err, "mend the topology, then again: tenter init --from-clab %s", f.topology)
	}
	fmt.Fprint(s.Err, diags.Text())
	if diags.HasErrors() {
		fmt.Fprintf(s.Err, "\nnothing was written\nnext:  mend the topology, then again: tenter init --from-clab %s\n", f.topology)
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
		fmt.Fprintln(s.Err, "wrote", filepath.Join(f.out, name))
	}
	fmt.Fprintf(s.Err, "\nnext:  tenter validate %s\n       without containers: tenter sim %s --intents %s\n", f.out, f.topology, f.out)
	return nil
}
