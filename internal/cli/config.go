package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/settings"
)

func newConfig(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Show the settings and where each comes from", Args: cobra.NoArgs}
	explain := &cobra.Command{
		Use:   "explain [KEY]",
		Short: "Show the settings and what each comes from: file:line, flag, …",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := loadSettings(cmd)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return explainKey(s.Out, set, args[0])
			}
			t := newTable("KEY", "VALUE", "SOURCE")
			for _, k := range settings.Keys() {
				e, err := set.Explain(k)
				if err != nil {
					return err
				}
				t.add(e.Key, screen{width: widestValue}.cut(dash(e.Value)), e.Source)
			}
			return t.print(s.Out)
		},
	}
	cmd.AddCommand(explain)
	return cmd
}

// widestValue is how much of a value is shown among others.
const widestValue = 30

// explainKey shows all that is known of one setting.
func explainKey(w io.Writer, set *settings.Settings, key string) error {
	e, err := set.Explain(key)
	if err != nil {
		return hint(err, "tenter config explain")
	}
	t := newTable("key", e.Key)
	t.add("value", dash(e.Value))
	t.add("source", e.Source)
	if e.Env != "" {
		t.add("env", e.Env)
	}
	t.add("what", e.Doc)
	return t.print(w)
}

func newVersion(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(s.Out, "tenter "+version())
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
	text := info.Main.Version
	if text == "" || text == "(devel)" {
		text = "development build"
	}
	for _, set := range info.Settings {
		switch {
		case set.Key == "vcs.revision":
			text += ", commit " + hash(set.Value)
		case set.Key == "vcs.modified" && set.Value == "true":
			text += " with changes"
		}
	}
	return fmt.Sprintf("%s, %s %s/%s", text, info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
