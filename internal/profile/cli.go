package profile

import (
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/blocks"
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
	Syntax    blocks.Syntax    `yaml:"syntax"`
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
	if p.Save.Method == SaveCLI && p.CLI.Saved == "" {
		bad("cli.saved", "must not be empty for transport cli with save.method cli")
	}
}
