package cli

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"
	"golang.org/x/crypto/ssh"

	devicessh "github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A box is a router with a command line like vtysh's: blocks by indentation, "no" removes a line with its block, and what
// a block does not know is tried in the one around it.
type box struct {
	mu      sync.Mutex
	config  *entry
	part    *entry // what bgpd has of it, if that is less
	saved   string
	daemons string
	logins  int

	shows   map[string]string   // what further show commands print
	answers map[string]string   // what to say to a line of configuration instead of taking it
	deaf    map[string]bool     // lines that it takes and forgets
	takes   map[string][]string // lines that go with another one
}

type entry struct {
	text  string
	lines []*entry
	up    *entry
}

func newBox(config string) *box {
	b := &box{config: &entry{}, daemons: " zebra bgpd bfdd", answers: map[string]string{}, deaf: map[string]bool{}, takes: map[string][]string{}}
	at, depth := b.config, 0
	for line := range strings.Lines(config) {
		text := strings.TrimSpace(line)
		for n := len(line) - len(strings.TrimLeft(line, " ")); depth > n; depth-- {
			at = at.up
		}
		at = at.put(text)
		depth++
	}
	return b
}

func (e *entry) find(text string) int {
	return slices.IndexFunc(e.lines, func(l *entry) bool { return l.text == text })
}

func (e *entry) put(text string) *entry {
	if i := e.find(text); i >= 0 {
		return e.lines[i]
	}
	e.lines = append(e.lines, &entry{text: text, up: e})
	return e.lines[len(e.lines)-1]
}

func (e *entry) cut(text string) {
	if i := e.find(text); i >= 0 {
		e.lines = slices.Delete(e.lines, i, i+1)
	}
}

func (e *entry) show(indent string) string {
	var out strings.Builder
	for _, l := range e.lines {
		out.WriteString(indent + l.text + "\n" + l.show(indent+" "))
		if len(l.lines) > 0 {
			out.WriteString(indent + "exit\n" + indent + "!\n")
		}
	}
	return out.String()
}

// shown is the configuration without what is around it.
func (b *box) shown() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for line := range strings.Lines(b.config.show("")) {
		if text := strings.TrimSpace(line); text != "exit" && text != "!" {
			out = append(out, strings.TrimRight(line, "\n"))
		}
	}
	return strings.Join(out, "|")
}

// serve speaks on one shell.
func (b *box) serve(ch ssh.Channel) {
	b.mu.Lock()
	b.logins++
	b.mu.Unlock()
	var at *entry // nil outside of configuration
	prompt := func() string {
		switch {
		case at == nil:
			return "box-1.lab# "
		case at == b.config:
			return "box-1.lab(config)# "
		}
		return "box-1.lab(config-sub)# "
	}
	say := func(text string) { _, _ = io.WriteString(ch, strings.ReplaceAll(text, "\n", "\r\n")) }
	say("\nHello, this is a box.\n\n" + prompt())
	in := bufio.NewScanner(ch)
	for in.Scan() {
		var out string
		out, at = b.command(strings.TrimSpace(in.Text()), at)
		say("\n" + out + prompt())
	}
}

func (b *box) command(line string, at *entry) (string, *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch line {
	case "", "terminal length 0":
		return "", at
	case "end":
		return "", nil
	case "show running-config":
		return "Building configuration...\n\nCurrent configuration:\n!\n" + b.config.show("") + "end\n", at
	case "show running-config bgpd":
		part := b.config
		if b.part != nil {
			part = b.part
		}
		return "Building configuration...\n\nCurrent configuration:\n!\n" + part.show("") + "end\n", at
	case "show daemons":
		return b.daemons + "\n", at
	case "show version":
		return "FRRouting 8.4.4 (box) on Linux\n", at
	case "write memory":
		b.saved = b.config.show("")
		return "Building Configuration...\n[OK]\n", at
	case "configure terminal":
		return "", b.config
	}
	if out, ok := b.shows[line]; ok {
		return out, at
	}
	if at == nil {
		return "% Unknown command: " + line + "\n", nil
	}
	return b.configure(line, at)
}

func (b *box) configure(line string, at *entry) (string, *entry) {
	if line == "exit" {
		return "", at.up
	}
	if said, ok := b.answers[line]; ok {
		return said + "\n", at
	}
	if b.deaf[line] {
		return "", at
	}
	for _, other := range b.takes[line] {
		at.cut(other)
	}
	if text, no := strings.CutPrefix(line, "no "); no {
		if i := slices.IndexFunc(at.lines, func(l *entry) bool { return l.text == text || strings.HasPrefix(l.text, text+" ") }); i >= 0 {
			at.cut(at.lines[i].text)
			return "", at
		}
		if strings.HasSuffix(text, "shutdown") {
			return "", at // the default
		}
	}
	if opens := strings.HasPrefix(line, "router ") || strings.HasPrefix(line, "interface ") || strings.HasPrefix(line, "address-family "); !opens {
		at.put(line)
		return "", at
	}
	return "", at.put(line)
}

// frr returns the profile, with a patience that suits a box in the same process.
func frr(t testing.TB) *profile.Profile {
	t.Helper()
	set, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Get("frr")
	if err != nil {
		t.Fatal(err)
	}
	own := *p
	own.CLI.Patience = 20 * time.Second
	own.Watch.PollInterval = 10 * time.Millisecond
	return &own
}

// to returns what a session with a server needs.
func to(t testing.TB, server *sshtest.Server, p *profile.Profile) Config {
	t.Helper()
	text := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	return Config{
		Name: "leaf1", Address: server.Address, Trust: devicessh.Trust{Pin: server.Key.Fingerprint()},
		Username: text(sshtest.User), Password: text(sshtest.Password), Profile: p,
		Table: tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"cli": schemas.CLI()})), Log: zaptest.NewLogger(t),
	}
}

// dial starts a server for a box and a session with it.
func dial(t testing.TB, b *box) (*Session, *sshtest.Server) {
	t.Helper()
	server := sshtest.Start(t, sshtest.Handlers{Shell: b.serve})
	s, err := Dial(t.Context(), to(t, server, frr(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, server
}
