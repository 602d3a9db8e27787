package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/settings"
)

func newExplain(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain DEVICE PATH",
		Short: "Show what the intents want at a path, and which line says so",
		Long: "PATH may be a leaf or anything above it. For each leaf: the value, the document it comes from, what it overrides,\n" +
			"its scope and its drift mode.",
		Example: "  tenter explain leaf1 '/interfaces/interface[name=Ethernet49]/config'",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := loadSettings(cmd)
			if err != nil {
				return err
			}
			return explain(cmd.Context(), s, set, intent.DeviceName(args[0]), args[1], output(cmd))
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func explain(ctx context.Context, s Streams, set *settings.Settings, device intent.DeviceName, at, format string) error {
	c, diags, err := app.CompileDirectory(ctx, set)
	if err != nil {
		return hint(err, "tenter explain DEVICE PATH --intents DIR")
	}
	if diags.HasErrors() {
		fmt.Fprint(s.Err, inDirectory(set.Intents, diags).Text())
		return hint(errors.New("the intents have mistakes"), "tenter validate %s", set.Intents)
	}
	list, err := c.Explain(device, at)
	if err != nil {
		return hint(err, "tenter explain %s /", device)
	}
	if format == formatJSON {
		return printJSON(s.Out, list)
	}
	for _, e := range list {
		if err := printExplanation(s.Out, set.Intents, e); err != nil {
			return err
		}
	}
	return nil
}

func printExplanation(w io.Writer, dir string, e app.Explanation) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s = %s\n", e.Path, e.Value)
	fmt.Fprintf(&b, "  from   %s\n", position(dir, e.Source))
	for _, o := range e.Overrides {
		fmt.Fprintf(&b, "  beats  %s of %s\n", o.Value, position(dir, o.Source))
	}
	fmt.Fprintf(&b, "  scope  %s, drift %s\n", e.Scope, e.Drift)
	if e.Type != "" {
		fmt.Fprintf(&b, "  type   %s\n", e.Type)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func position(dir string, p app.Position) string {
	return fmt.Sprintf("%s:%d:%d (%s %s)", filepath.Join(dir, p.File), p.Line, p.Column, p.Kind, p.Name)
}
