package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// words splits a line as a shell does, as far as examples go, and leaves out what is piped or redirected.
func words(line string) []string {
	line, _, _ = strings.Cut(line, " | ")
	line, _, _ = strings.Cut(line, " >")
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

// Every command that does something shows how it is typed, and what is shown there is taken: commands, flags and number of arguments.
func TestEveryCommandHasAnExampleThatWorks(t *testing.T) {
	var all func(*cobra.Command) []*cobra.Command
	all = func(c *cobra.Command) []*cobra.Command {
		out := []*cobra.Command{c}
		for _, sub := range c.Commands() {
			if name := sub.Name(); name != "help" && name != "completion" {
				out = append(out, all(sub)...)
			}
		}
		return out
	}
	for _, c := range all(newRoot(Streams{})) {
		if c.Example == "" {
			if !c.HasSubCommands() && !c.Hidden {
				t.Errorf("%s has no example", c.CommandPath())
			}
			continue
		}
		shown := false
		text := strings.NewReplacer("\\\n", " ", " && ", "\n", "; ", "\n").Replace(c.Example)
		for _, line := range strings.Split(text, "\n") {
			args := words(line)
			if len(args) < 2 || args[0] != "tenter" {
				continue
			}
			cmd, rest, err := newRoot(Streams{}).Find(args[1:])
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err == nil {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: %q: %v", c.CommandPath(), line, err)
				continue
			}
			shown = shown || cmd.CommandPath() == c.CommandPath()
		}
		if !shown {
			t.Errorf("%s: none of its examples is of it: %q", c.CommandPath(), c.Example)
		}
	}
	for path := range examples {
		args := strings.Fields(path)[1:]
		if cmd, _, err := newRoot(Streams{}).Find(args); err != nil || cmd.CommandPath() != path {
			t.Errorf("examples has %q, which is no command", path)
		}
	}
}
