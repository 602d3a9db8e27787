package cli

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// A dress is how a box looks to whoever logs in.
type dress struct {
	greeting string
	prompt   func(string) string // what becomes of a prompt
	echo     bool                // it echoes though it was asked not to
	slow     bool                // byte by byte
}

// dressed serves a box in a dress.
func dressed(b *box, d dress) func(ssh.Channel) {
	return func(ch ssh.Channel) {
		say := func(text string) {
			text = strings.ReplaceAll(text, "\n", "\r\n")
			for d.slow && text != "" {
				if _, err := io.WriteString(ch, text[:1]); err != nil {
					return
				}
				text = text[1:]
			}
			_, _ = io.WriteString(ch, text)
		}
		var at *entry
		prompt := func() string {
			p := "box-1.lab# "
			switch {
			case at == nil:
			case at == b.config:
				p = "box-1.lab(config)# "
			default:
				p = "box-1.lab(config-sub)# "
			}
			if d.prompt != nil {
				p = d.prompt(p)
			}
			return p
		}
		say(d.greeting + prompt())
		in := bufio.NewScanner(ch)
		for in.Scan() {
			var out string
			line := strings.TrimSpace(in.Text())
			out, at = b.command(line, at)
			if d.echo {
				out = line + "\n" + out
			}
			say(out + prompt())
		}
	}
}

// TestDresses reads and writes over shells that look odd and work all the same.
func TestDresses(t *testing.T) {
	for name, d := range map[string]dress{
		"a banner like a prompt": {greeting: "\n######\n# box-1.lab#\n other# \nrouter# hello\n######\n\n"},
		"colours":                {prompt: func(p string) string { return "\x1b[1;32m" + strings.TrimSuffix(p, "# ") + "\x1b[0m# " }},
		"bracketed paste":        {prompt: func(p string) string { return "\x1b[?2004h" + p }},
		"an echo":                {echo: true},
		"slowly":                 {slow: true, echo: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(start + "interface eth2\n description box-1.lab# is not a prompt\n description2 other(config)# x\n")
			server := sshtest.Start(t, sshtest.Handlers{Shell: dressed(b, d)})
			s, err := Dial(t.Context(), to(t, server, frr(t)))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			edit := tree.Edit{
				Updates: []tree.Leaf{line("interface eth1", "description box-1.lab# new")},
				Deletes: []path.Path{blocks.Path("router bgp 65000", "neighbor 10.0.0.2 bfd")},
			}
			if err := s.Set(t.Context(), edit, profile.SetOptions{}); err != nil {
				t.Fatal(err)
			}
			have, problems, err := s.Read(t.Context(), nil)
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			got := lines(have)
			for _, want := range []string{"description box-1.lab# new", "description box-1.lab# is not a prompt"} {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in %s", want, got)
				}
			}
			if strings.Contains(got, "10.0.0.2 bfd") {
				t.Errorf("still there: %s", got)
			}
		})
	}
}

// TestWaiting has shells that wait for somebody to answer: the error says for what.
func TestWaiting(t *testing.T) {
	for _, tc := range []struct{ name, shows, want string }{
		{"an expired password", "WARNING: Your password has expired.\r\nYou must change your password now and login again!\r\nCurrent password: ", `"Current password:"`},
		{"a pager", "Building configuration...\r\nrouter bgp 1\r\n\x1b[7m--More--\x1b[m", `"--More--"`},
		{"a secret", "Building configuration...\r\npassword geheim", "no answer within"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := sshtest.Start(t, sshtest.Handlers{Shell: func(ch ssh.Channel) {
				_, _ = io.WriteString(ch, tc.shows)
				forever(ch)
			}})
			_, err := Dial(t.Context(), to(t, server, impatient(t)))
			var e *fault.Error
			if !errors.As(err, &e) || !e.Unsent() || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "geheim") {
				t.Errorf("a password is in %v", err)
			}
		})
	}
}

// TestUnnumbered has a neighbor by its interface, which FRR wants to know before anything else of it, and to forget last.
func TestUnnumbered(t *testing.T) {
	syntax := &frr(t).CLI.Syntax
	empty := []blocks.Line{{Text: "router bgp 65000", Lines: []blocks.Line{{Text: "bgp router-id 10.0.0.1"}}}}
	full := []blocks.Line{{Text: "router bgp 65000", Lines: []blocks.Line{
		{Text: "bgp router-id 10.0.0.1"},
		{Text: "neighbor eth7 bfd"},
		{Text: "neighbor eth7 description x"},
		{Text: "neighbor eth7 interface remote-as external"},
	}}}
	got := strings.Join(blocks.Commands(empty, full, syntax), "|")
	want := "router bgp 65000|neighbor eth7 interface remote-as external|neighbor eth7 bfd|neighbor eth7 description x|exit"
	if got != want {
		t.Errorf("added by %s, want %s", got, want)
	}
	got = strings.Join(blocks.Commands(full, empty, syntax), "|")
	want = "router bgp 65000|no neighbor eth7 description|no neighbor eth7 bfd|no neighbor eth7 interface remote-as external|exit"
	if got != want {
		t.Errorf("removed by %s, want %s", got, want)
	}
}
