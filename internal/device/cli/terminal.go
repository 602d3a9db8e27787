package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/scrapli/scrapligo/driver/network"
	"github.com/scrapli/scrapligo/driver/opoptions"
	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/util"

	"github.com/tenter-net/tenter/internal/profile"
)

// The modes of a command line.
const (
	modeExec      = "exec"
	modeConfigure = "configuration"
)

// A terminal is one shell of a device.
type terminal struct {
	wire    *wire
	driver  *network.Driver
	profile *profile.CLI
	timeout time.Duration // of one command
}

// openTerminal waits for the first prompt and sends what is to be sent first. Closing it closes the wire.
func openTerminal(ctx context.Context, w *wire, p *profile.Profile) (*terminal, error) {
	t := &terminal{wire: w, profile: &p.CLI, timeout: p.CLI.Patience}
	err := t.bounded(ctx, func(ctx context.Context) error { return t.open(ctx) })
	for _, c := range p.CLI.Prepare {
		if err == nil {
			_, err = t.command(ctx, c)
		}
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *terminal) open(ctx context.Context) (err error) {
	t.driver, err = network.NewDriver("device",
		options.WithCustomTransport(t.wire),
		options.WithAuthBypass(),
		options.WithTimeoutOps(t.timeout),
		options.WithReadDelay(time.Millisecond),
		options.WithDefaultDesiredPriv(modeExec),
		options.WithPrivilegeLevels(t.levels(`[\w.-]+`)),
	)
	if err != nil {
		return err
	}
	if err := t.driver.Open(); err != nil {
		return err
	}
	greeting, err := t.driver.Channel.ReadUntilPrompt(ctx)
	if err != nil {
		return fmt.Errorf("waiting for the prompt: %w", err)
	}
	// From here on only this device's own prompt is one: a line of configuration may look like another's.
	host := hostIn(string(greeting), string(t.profile.Prompts.Exec))
	if host == "" {
		return fmt.Errorf("the device waits in another mode than the profile has for a login")
	}
	t.driver.PrivilegeLevels = t.levels(regexp.QuoteMeta(host))
	t.driver.UpdatePrivileges()
	return nil
}

// levels returns scrapligo's modes with the device's name in the prompts.
func (t *terminal) levels(host string) network.PrivilegeLevels {
	return network.PrivilegeLevels{
		modeExec: {Name: modeExec, Pattern: lastLine(string(t.profile.Prompts.Exec), host)},
		modeConfigure: {
			Name: modeConfigure, Pattern: lastLine(string(t.profile.Prompts.Configure), host),
			PreviousPriv: modeExec, Escalate: t.profile.Configure, Deescalate: t.profile.End,
		},
	}
}

// lastLine returns the expression for a whole last line, on which blanks at the end may be missing.
func lastLine(prompt, host string) string {
	prompt = strings.ReplaceAll(prompt, profile.HostInPrompt, host)
	return `(?:^|\n)(?:` + strings.TrimRight(prompt, " ") + `)\s*$`
}

// hostIn returns the device's name in the prompt at the end of what it printed, empty for none.
func hostIn(greeting, prompt string) string {
	re, err := regexp.Compile(lastLine(prompt, `([\w.-]+)`))
	if err != nil {
		return ""
	}
	if m := re.FindStringSubmatch(greeting); len(m) > 1 {
		return m[1]
	}
	return ""
}

// command sends one command in whatever mode and returns what it prints.
func (t *terminal) command(ctx context.Context, text string) (out string, err error) {
	err = t.bounded(ctx, func(context.Context) error {
		b, err := t.driver.Channel.SendInput(text, opoptions.WithExactMatchInput(), opoptions.WithTimeoutOps(t.timeout))
		out = answer(string(b), text)
		return err
	})
	return out, err
}

// answer takes the command out of what a device prints after it: some echo though they were asked not to.
func answer(out, command string) string {
	first, rest, _ := strings.Cut(out, "\n")
	if strings.TrimSpace(first) == strings.TrimSpace(command) {
		out = rest
	}
	return strings.Trim(out, "\n")
}

// mode goes to a mode from wherever.
func (t *terminal) mode(ctx context.Context, mode string) error {
	return t.bounded(ctx, func(context.Context) error { return t.driver.AcquirePriv(mode) })
}

// bounded runs what scrapligo does, which knows no context: when ctx or the time ends, the wire does. A panic in it
// is an error.
func (t *terminal) bounded(ctx context.Context, do func(context.Context) error) (err error) {
	silent := fmt.Errorf("no answer within %s", t.timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, t.timeout, silent)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		t.wire.end(context.Cause(ctx))
		_ = t.wire.stream.Close() // the reason is kept
	})
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the terminal driver failed: %v", p)
		}
		if why := t.wire.failure(); err != nil && why != nil {
			err = why
		}
		if errors.Is(err, util.ErrTimeoutError) {
			err = silent
		}
		if err = because(ctx, err); errors.Is(err, silent) {
			err = t.waiting(err)
		}
	}()
	return do(ctx)
}

// waiting adds to an error the line that the device stopped at, such as a question, unless it may hold a secret.
func (t *terminal) waiting(err error) error {
	line := strings.TrimSpace(ansi.ReplaceAllString(t.wire.lastLine(), ""))
	if line == "" || t.profile.Syntax.Unread(line) {
		return err
	}
	return fmt.Errorf("%w: the last that it shows is %q", err, line)
}

// ansi matches what colours a terminal and moves about on it.
var ansi = regexp.MustCompile("\x1b(\\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")

// close ends the shell and its connection.
func (t *terminal) close() {
	_ = t.wire.Close() // whatever the device makes of it
	if t.driver != nil {
		_ = t.driver.Close()
	}
}
