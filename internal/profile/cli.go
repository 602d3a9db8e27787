package profile

import (
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/path"
)

// CLI is how a device is talked to by typing at its command line.
type CLI struct {
	Prompts   Prompts          `yaml:"prompts"`
	Prepare   []string         `yaml:"prepare"`   // sent first
	Show      string           `yaml:"show"`      // shows the running configuration
	Parts     []Part           `yaml:"parts"`     // of the device that share lines
	Complete  Expression       `yaml:"complete"`  // what it prints matches this when it is whole
	Configure string           `yaml:"configure"` // enters configuration
	End       string           `yaml:"end"`       // leaves configuration from wherever
	Alive     Alive            `yaml:"alive"`
	Version   Answer           `yaml:"version"`  // the software version is what the parentheses match
	Harmless  []blocks.Pattern `yaml:"harmless"` // what a command in configuration may answer and have worked
	Saved     Expression       `yaml:"saved"`    // what the answer to save.command holds when it worked
	Patience  time.Duration    `yaml:"patience"` // for the prompt after one command
	Columns   int              `yaml:"columns"`  // of the terminal: longer lines would come back folded
	State     []View           `yaml:"state"`    // what shows the leaves that the profile's State names
	Syntax    blocks.Syntax    `yaml:"syntax"`
}

// A View is a command that shows the leaves of one path of State as JSON.
type View struct {
	Path    Path   `yaml:"path"`
	Command string `yaml:"command"`
	// Members leads through the JSON objects to the value, names with slashes between them. A "*" is any member, whose name
	// is the value of the path's next open key.
	Members string `yaml:"members"`
}

// Prompts match the whole last line when the device waits for a command. {host} stands for the device's own name.
type Prompts struct {
	Exec      Expression `yaml:"exec"`
	Configure Expression `yaml:"configure"`
}

// Alive is a command whose answer names all of Words while what makes up the configuration runs. A device that lost a part
// of itself shows a configuration that is short of that part's lines.
type Alive struct {
	Command string   `yaml:"command"`
	Words   []string `yaml:"words"`
}

// A Part is a part of the device that has lines of its own of what the device shows as one: a line counts only if this
// part has it too.
type Part struct {
	Show  string           `yaml:"show"`  // shows the part's configuration
	Lines []blocks.Pattern `yaml:"lines"` // at the top, that it shares with others
}

// An Answer is a command and what to take from what it prints.
type Answer struct {
	Command string     `yaml:"command"`
	Pattern Expression `yaml:"pattern"`
}

// An Expression is a regular expression in Go's syntax. The zero Expression is the empty text.
type Expression string

// UnmarshalYAML checks the expression.
func (e *Expression) UnmarshalYAML(n *yaml.Node) error {
	if _, err := regexp.Compile(strings.ReplaceAll(n.Value, HostInPrompt, "x")); err != nil {
		return err
	}
	*e = Expression(n.Value)
	return nil
}

// Regexp returns the expression compiled, as loading has checked it. It is for those in which no device's name stands.
func (e Expression) Regexp() *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(string(e), HostInPrompt, "x"))
}

// HostInPrompt stands for the device's own name in Prompts.
const HostInPrompt = "{host}"

// View returns what shows the leaves of a path of State.
func (c *CLI) View(at path.Path) (View, bool) {
	for _, v := range c.State {
		if path.Equal(v.Path.Path, at) {
			return v, true
		}
	}
	return View{}, false
}

// checkCLI says what a profile of transport cli lacks.
func (p *Profile) checkCLI(bad func(field, format string, args ...any)) {
	if p.Transport != TransportCLI {
		return
	}
	for field, v := range map[string]string{
		"cli.prompts.exec": string(p.CLI.Prompts.Exec), "cli.prompts.configure": string(p.CLI.Prompts.Configure),
		"cli.show": p.CLI.Show, "cli.configure": p.CLI.Configure, "cli.end": p.CLI.End,
	} {
		if v == "" {
			bad(field, "must not be empty for transport cli")
		}
	}
	if p.CLI.Patience <= 0 {
		bad("cli.patience", "must be more than zero")
	}
	if p.CLI.Columns < 80 || p.CLI.Columns > 1<<15 {
		bad("cli.columns", "must be from 80 to %d", 1<<15)
	}
	for _, v := range p.CLI.State {
		if open := strings.Count(v.Path.String(), "=*]"); v.Command == "" || open == 0 || open != strings.Count(v.Members, "*") {
			bad("cli.state", "%s needs a command, and as many * in members as keys that are *", v.Path)
		}
	}
	for field, at := range map[string]Path{
		"state.bgp": p.State.BGP, "state.interfaces": p.State.Interfaces, "state.lldp": p.State.LLDP,
	} {
		if _, ok := p.CLI.View(at.Path); len(at.Elems) > 0 && !ok {
			bad(field, "cli.state has no command that shows %s", at)
		}
	}
	if p.Save.Method == SaveCLI && p.CLI.Saved == "" {
		bad("cli.saved", "must not be empty for transport cli with save.method cli")
	}
}
