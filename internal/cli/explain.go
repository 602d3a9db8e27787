package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/settings"
)

// explaining is what to explain, and how.
type explaining struct {
	device     intent.DeviceName
	at, format string
	drift      bool // only what is done about drift
}

func newExplain(s Streams) *cobra.Command {
	var drift, not bool
	cmd := &cobra.Command{
		Use:   "explain DEVICE PATH | --why-not DEVICE",
		Short: "Show what the intents want at a path, and which line says so",
		Long: "PATH may be a leaf or anything above it. For each leaf: the value, the document it comes from, what it overrides,\n" +
			"its scope and its drift mode, and which rules say so. With --drift only the rules: the one that decides, and those that lost.\n" +
			"With --why-not everything that would stop a write to the device now, row by row: for drift, for new intent, for a person.",
		Example: "  tenter explain leaf1 '/interfaces/interface[name=Ethernet49]/config'\n" +
			"  tenter explain --drift leaf1 '/interfaces/interface[name=Ethernet49]/config/description'\n" +
			"  tenter explain --why-not leaf1",
		Args: func(cmd *cobra.Command, args []string) error {
			if not {
				return cobra.ExactArgs(1)(cmd, args)
			}
			return cobra.ExactArgs(2)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if not {
				return whyNot(cmd, s, intent.DeviceName(args[0]))
			}
			set, err := loadSettings(cmd)
			if err != nil {
				return err
			}
			return explain(cmd.Context(), s, set, explaining{intent.DeviceName(args[0]), args[1], output(cmd), drift})
		},
	}
	cmd.Flags().BoolVar(&not, "why-not", false, "what would stop a write to the device now")
	cmd.Flags().BoolVar(&drift, "drift", false, "only which rules decide what is done about drift")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func explain(ctx context.Context, s Streams, set *settings.Settings, x explaining) error {
	c, diags, err := app.CompileDirectory(ctx, set)
	if err != nil {
		return hint(err, "tenter explain DEVICE PATH --intents DIR")
	}
	if diags.HasErrors() {
		fmt.Fprint(s.Err, inDirectory(intentsDir(set), diags).Text())
		return hint(errors.New("the intents have mistakes"), "%s", mendIntents(set))
	}
	list, err := c.Explain(x.device, x.at)
	var unknown *app.NoDeviceError
	switch errors.As(err, &unknown); {
	case unknown != nil && unknown.Nearest != "":
		return hint(err, "tenter explain %s '%s'", unknown.Nearest, x.at)
	case unknown != nil:
		return hint(err, "look for its Device document in %s; the devices that there are: tenter device ls", intentsDir(set))
	case err != nil:
		return hint(err, "tenter explain %s /", x.device)
	}
	if x.format == formatJSON {
		return printJSON(s.Out, list)
	}
	for _, e := range list {
		if err := printExplanation(s.Out, intentsDir(set), e, x.drift); err != nil {
			return err
		}
	}
	return nil
}

func printExplanation(w io.Writer, dir string, e app.Explanation, drift bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s = %s\n", e.Path, e.Value)
	if drift {
		fmt.Fprintf(&b, "  drift  %s\n", e.Drift)
		printRules(&b, dir, e.DriftRules)
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, "  from   %s\n", position(dir, e.Source))
	for _, o := range e.Overrides {
		fmt.Fprintf(&b, "  beats  %s of %s\n", o.Value, position(dir, o.Source))
	}
	fmt.Fprintf(&b, "  scope  %s, drift %s\n", e.Scope, e.Drift)
	for _, r := range [][]app.ExplainedRule{winners(e.ScopeRules), winners(e.DriftRules)} {
		if len(r) > 0 {
			printRules(&b, dir, r)
		}
	}
	if e.Type != "" {
		fmt.Fprintf(&b, "  type   %s\n", e.Type)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func position(dir string, p app.Position) string {
	return fmt.Sprintf("%s:%d:%d (%s %s)", filepath.Join(dir, p.File), p.Line, p.Column, p.Kind, p.Name)
}

// printRules writes a line a rule: what it says, where it stands, and why it does not decide, if it does not.
func printRules(w io.Writer, dir string, rules []app.ExplainedRule) {
	if len(rules) == 0 {
		fmt.Fprintln(w, "         no rule covers it")
	}
	for _, r := range rules {
		lead := "loses"
		if r.Wins {
			lead = "by   "
		}
		fmt.Fprintf(w, "  %s  %s %s", lead, r.Says, r.Pattern)
		if r.Severity != "" {
			fmt.Fprintf(w, ", %s", r.Severity)
		}
		if r.Why != "" {
			fmt.Fprintf(w, " (%s)", r.Why)
		}
		fmt.Fprintf(w, ", %s\n", position(dir, r.Source))
	}
}

// winners are the rules that decide; of one leaf at most one of a kind.
func winners(rules []app.ExplainedRule) []app.ExplainedRule {
	return slices.DeleteFunc(slices.Clone(rules), func(r app.ExplainedRule) bool { return !r.Wins })
}
