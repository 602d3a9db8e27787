package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/profile"
)

func newProfile(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "profile", Short: "How families of devices behave, and where that is published", Args: cobra.NoArgs}
	ls := &cobra.Command{
		Use: "ls", Short: "List the profiles", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listProfiles(cmd, s) },
	}
	addOutput(ls, formatText, formatJSON)
	show := &cobra.Command{
		Use:   "show NAME",
		Short: "Show each field of a profile: value, why, source, seen",
		Long: "Show every field of a profile. A profile is data: to change one, write NAME.yaml with \"extends: NAME\" and the fields that\n" +
			"differ into the directory of the setting profiles.",
		Example: "  tenter profile show srlinux\n  tenter profile show eos --output json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			profiles, err := loadProfiles(cmd)
			if err != nil {
				return err
			}
			p, err := profiles.Get(args[0])
			if err != nil {
				return hint(err, "tenter profile ls")
			}
			if output(cmd) == formatJSON {
				return printJSON(s.Out, p.Explain())
			}
			return explainProfile(s.Out, p)
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			profiles, err := loadProfiles(cmd)
			if err != nil || len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return profiles.Names(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	addOutput(show, formatText, formatJSON)
	cmd.AddCommand(ls, show)
	return cmd
}

func loadProfiles(cmd *cobra.Command) (*profile.Set, error) {
	set, err := loadSettings(cmd)
	if err != nil {
		return nil, err
	}
	profiles, err := app.LoadProfiles(set)
	return profiles, err
}

// A profileRow is one profile in a list.
type profileRow struct {
	Name        string `json:"name"`
	Transport   string `json:"transport"`
	Facts       int    `json:"facts"` // fields that say why
	Seen        int    `json:"seen"`  // of those, on a device
	Description string `json:"description"`
}

func listProfiles(cmd *cobra.Command, s Streams) error {
	profiles, err := loadProfiles(cmd)
	if err != nil {
		return err
	}
	rows := []profileRow{}
	for _, name := range profiles.Names() {
		p, err := profiles.Get(name)
		if err != nil {
			return err
		}
		row := profileRow{Name: name, Transport: string(p.Transport), Description: p.Description}
		for _, f := range p.Explain() {
			if f.Why != "" {
				row.Facts++
			}
			if f.Seen {
				row.Seen++
			}
		}
		rows = append(rows, row)
	}
	if output(cmd) == formatJSON {
		return printJSON(s.Out, rows)
	}
	t := newTable("NAME", "TRANSPORT", "FACTS", "SEEN ON A DEVICE", "DESCRIPTION")
	for _, r := range rows {
		t.add(r.Name, r.Transport, fmt.Sprint(r.Facts), fmt.Sprint(r.Seen), r.Description)
	}
	return t.print(s.Out)
}

// explainProfile writes field after field, those with a reason first: a default is Tenter's and no fact of a device.
func explainProfile(w io.Writer, p *profile.Profile) error {
	var b strings.Builder
	var defaults []profile.Field
	for _, f := range p.Explain() {
		if f.Why == "" && f.From == "default" {
			defaults = append(defaults, f)
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n  what    %s\n", f.Name, dash(f.Value), f.Meaning)
		if f.Why != "" {
			seen := "no"
			if f.Seen {
				seen = "yes"
			}
			fmt.Fprintf(&b, "  why     %s\n  source  %s\n  seen on a device: %s\n", f.Why, dash(f.Source), seen)
		}
		fmt.Fprintf(&b, "  from    %s\n", f.From)
	}
	b.WriteString("\nTenter's defaults, of which the profile says nothing:\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	t := newTable("FIELD", "VALUE", "WHAT")
	for _, f := range defaults {
		t.add(f.Name, dash(f.Value), f.Meaning)
	}
	return t.print(w)
}
