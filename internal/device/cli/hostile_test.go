package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"golang.org/x/crypto/ssh"

	"github.com/tenter-net/tenter/internal/device/fault"
	devicessh "github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// patience is what hostile devices are given: long beside what a polite one takes, short beside a test.
const patience = 2 * time.Second

func impatient(t testing.TB) *profile.Profile {
	p := frr(t)
	p.CLI.Patience = patience
	p.Limits.MaxMessage = 256 << 10
	return p
}

// forever reads until the other side is gone.
func forever(ch io.Reader) { _, _ = io.Copy(io.Discard, ch) }

func TestHostileGreeting(t *testing.T) {
	for _, tc := range []struct {
		name  string
		shell func(ssh.Channel)
		kind  fault.Kind
		want  string
	}{
		{"silent", func(ch ssh.Channel) { forever(ch) }, fault.Unreachable, "no answer within"},
		{"hangs up", func(ssh.Channel) {}, fault.Unreachable, "ended the session"},
		{"another prompt", func(ch ssh.Channel) {
			_, _ = io.WriteString(ch, "login: ")
			forever(ch)
		}, fault.Unreachable, "no answer within"},
		{"floods", func(ch ssh.Channel) {
			junk := strings.Repeat("x", 1<<15)
			for {
				if _, err := io.WriteString(ch, junk); err != nil {
					return
				}
			}
		}, fault.TooLarge, "prints more than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := sshtest.Start(t, sshtest.Handlers{Shell: tc.shell})
			_, err := Dial(t.Context(), to(t, server, impatient(t)))
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != tc.kind || !e.Unsent() || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// A box that turns hostile in the middle.
func TestHostileAnswers(t *testing.T) {
	for _, tc := range []struct {
		name string
		turn string // the line at which it does
		do   func(ssh.Channel)
		kind fault.Kind
	}{
		{"the prompt never comes", "show running-config", forever2, fault.Lost},
		{"floods", "show running-config", func(ch ssh.Channel) {
			for {
				if _, err := io.WriteString(ch, strings.Repeat("router bgp 1\n", 1000)); err != nil {
					return
				}
			}
		}, fault.TooLarge},
		{"hangs up", "show running-config", func(ch ssh.Channel) { _ = ch.Close() }, fault.Lost},
		{"cut short", "show running-config", func(ch ssh.Channel) {
			_, _ = io.WriteString(ch, "Building configuration...\r\npassword geheim\r\nrouter bgp 65000\r\nbox-1.lab# ")
			forever(ch)
		}, fault.Refused},
		{"complains in between", "show running-config", func(ch ssh.Channel) {
			_, _ = io.WriteString(ch, "vtysh: error reading from bgpd: Success (0)\r\nBuilding configuration...\r\nend\r\nbox-1.lab# ")
			forever(ch)
		}, fault.Refused},
		{"no text at all", "show running-config", func(ch ssh.Channel) {
			_, _ = ch.Write([]byte{0x1b, '[', 'c', 0x9b, 0xff, 0, '\r', 0x1b})
			forever(ch)
		}, fault.Lost},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := sshtest.Start(t, sshtest.Handlers{Shell: turning(tc.turn, tc.do)})
			s, err := Dial(t.Context(), to(t, server, impatient(t)))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			_, _, err = s.Read(t.Context(), nil)
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != tc.kind {
				t.Errorf("error %v, want kind %d", err, tc.kind)
			}
			if strings.Contains(fmt.Sprint(err), "geheim") {
				t.Errorf("a password is in %v", err)
			}
		})
	}
}

func forever2(ch ssh.Channel) { forever(ch) }

// turning is a shell that answers every line with the prompt until the one at which it turns.
func turning(at string, do func(ssh.Channel)) func(ssh.Channel) {
	return func(ch ssh.Channel) {
		_, _ = io.WriteString(ch, "box-1.lab# ")
		var text []byte
		buf := make([]byte, 256)
		for {
			n, err := ch.Read(buf)
			if err != nil {
				return
			}
			text = append(text, buf[:n]...)
			for {
				i := strings.IndexByte(string(text), '\n')
				if i < 0 {
					break
				}
				line := strings.TrimSpace(string(text[:i]))
				text = text[i+1:]
				if line == at {
					do(ch)
					return
				}
				_, _ = io.WriteString(ch, "\r\nbox-1.lab# ")
			}
		}
	}
}

// A connection that breaks among commands leaves it open what was done.
func TestLostInSet(t *testing.T) {
	b := newBox(start)
	server := sshtest.Start(t, sshtest.Handlers{Shell: b.serve})
	s, err := Dial(t.Context(), to(t, server, impatient(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b.mu.Lock()
	b.answers["bgp log-neighbor-changes"] = strings.Repeat("z", 300<<10) // more than fits: the session ends here
	b.mu.Unlock()
	err = s.Set(t.Context(), tree.Edit{Updates: []tree.Leaf{line("router bgp 65000", "bgp log-neighbor-changes")}}, profile.SetOptions{})
	var e *fault.Error
	if !errors.As(err, &e) || e.Unsent() || e.Refused() {
		t.Errorf("error %v must leave it open what was done", err)
	}
}

func TestCancel(t *testing.T) {
	server := sshtest.Start(t, sshtest.Handlers{Shell: turning("show running-config", forever2)})
	p := impatient(t)
	p.CLI.Patience = time.Hour
	s, err := Dial(t.Context(), to(t, server, p))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := s.Read(ctx, []path.Path{{Origin: "cli"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// A device that answers each command just in time takes too long for all of them.
func TestSlow(t *testing.T) {
	server := sshtest.Start(t, sshtest.Handlers{Shell: turning("show running-config", forever2)})
	p := impatient(t)
	s, err := Dial(t.Context(), to(t, server, p))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p.CLI.Patience, p.Limits.Timeout = time.Hour, 100*time.Millisecond
	var e *fault.Error
	if _, _, err := s.Read(t.Context(), nil); !errors.As(err, &e) || !e.Lost() || !strings.Contains(err.Error(), "not done within") {
		t.Errorf("error %v", err)
	}
}

func TestTrust(t *testing.T) {
	server := sshtest.Start(t, sshtest.Handlers{Shell: newBox(start).serve})
	another, _ := sshtest.NewKey(t)
	for _, tc := range []struct {
		name  string
		wrong func(*Config)
		kind  fault.Kind
	}{
		{"another host key", func(c *Config) { c.Trust = devicessh.Trust{Pin: another.Fingerprint()} }, fault.Untrusted},
		{"nobody to trust", func(c *Config) { c.Trust = devicessh.Trust{} }, fault.Untrusted},
		{"another password", func(c *Config) { c.Password = func() (string, error) { return "hunter2", nil } }, fault.Unauthenticated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := to(t, server, impatient(t))
			tc.wrong(&cfg)
			_, err := Dial(t.Context(), cfg)
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != tc.kind || !e.Permanent() || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestNoSSH(t *testing.T) {
	server := sshtest.Raw(t, "127.0.0.1:0", func(c net.Conn) { forever(c) })
	cfg := to(t, sshtest.Start(t, sshtest.Handlers{}), impatient(t))
	cfg.Address = server.Address
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var e *fault.Error
	if _, err := Dial(ctx, cfg); !errors.As(err, &e) || !e.Unsent() {
		t.Errorf("error %v", err)
	}
}

// FuzzOutput: whatever a device prints, before its prompt and after a command, is taken as text.
func FuzzOutput(f *testing.F) {
	p := frr(f)
	f.Add("\nHello, this is FRRouting\n\nleaf1# ", "show running-config\nBuilding configuration...\n!\nend")
	f.Add("leaf(config)# ", "% Unknown command: foo")
	f.Add("a# # ", "\x1b[2J\r\x00")
	s := &Session{cfg: Config{Name: "leaf1", Profile: p}, log: zap.NewNop()}
	f.Fuzz(func(t *testing.T, greeting, out string) {
		if host := hostIn(greeting, string(p.CLI.Prompts.Exec)); host != "" && !strings.Contains(greeting, host+"#") {
			t.Errorf("%q has no prompt of %q", greeting, host)
		}
		text := answer(out, "show running-config")
		if len(text) > len(out) {
			t.Errorf("%q became %q", out, text)
		}
		if c := s.complaint(text); c == "" && strings.Contains(text, "%") {
			t.Errorf("no complaint in %q", text)
		}
	})
}
