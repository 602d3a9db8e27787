package cli

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/settings"
)

func newValidate(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Check the intents: every mistake at once, and offline proofs",
		Long: "Check the intents in DIR (default: the setting intents) without touching any device: syntax, references, numbers,\n" +
			"conflicts, and the proofs: every VTEP reaches every other over every spine, importers match exporters, both ends\n" +
			"of each link and both members of each multihomed LAG agree. A warning T0953 names the devices whose dialect\n" +
			"cannot express an intent.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := loadSettings(cmd)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				set.Intents, set.Git.URL = args[0], ""
			}
			c, diags, err := app.CompileDirectory(cmd.Context(), set)
			if err != nil {
				return hint(err, "tenter validate DIR, with the directory of the intents")
			}
			if output(cmd) == formatJSON {
				return validateJSON(s, diags)
			}
			fmt.Fprint(s.Err, inDirectory(intentsDir(set), diags).Text())
			if diags.HasErrors() {
				fmt.Fprintf(s.Err, "\nnext:  mend these, then again: %s\n", mendIntents(set))
				return exit(exitError)
			}
			_, err = fmt.Fprintf(s.Out, "%s: ok, %s, %d leaves\n%s", app.IntentsOf(set), counted(len(c.Fabric.Devices), "device"), c.Leaves(), gaps(diags))
			return err
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

// gaps counts by device what its dialect cannot express, one line each.
func gaps(diags intent.Diagnostics) string {
	count, dialect := map[string]int{}, map[string]string{}
	for _, d := range diags {
		for _, name := range d.Devices {
			count[name]++
			dialect[name] = d.Dialect
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(&b, "%s: %s cannot express %d of its wishes, see the warnings\n", name, dialect[name], count[name])
	}
	return b.String()
}

func validateJSON(s Streams, diags intent.Diagnostics) error {
	if diags == nil {
		diags = intent.Diagnostics{}
	}
	if err := printJSON(s.Out, diags); err != nil {
		return err
	}
	if diags.HasErrors() {
		return exit(exitError)
	}
	return nil
}

// intentsDir is what stands before the names of documents, so that people find them.
func intentsDir(set *settings.Settings) string {
	if app.FromGit(set) {
		return set.Git.Path
	}
	return set.Intents
}

// inDirectory puts the intent directory in front of file names, so that they can be opened from where the user is.
func inDirectory(dir string, diags intent.Diagnostics) intent.Diagnostics {
	out := make(intent.Diagnostics, len(diags))
	for i, d := range diags {
		if d.File != "" {
			d.File = filepath.Join(dir, d.File)
		}
		related := make([]intent.Related, len(d.Related))
		for j, r := range d.Related {
			if r.File != "" {
				r.File = filepath.Join(dir, r.File)
			}
			related[j] = r
		}
		d.Related = related
		out[i] = d
	}
	return out
}
