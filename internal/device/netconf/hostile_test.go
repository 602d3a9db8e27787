package netconf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	cryptossh "golang.org/x/crypto/ssh"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/netconf"
	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
)

const base10, base11 = "urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1"

// hello is a device's hello with these capabilities, and its end mark.
func hello(capabilities ...string) string {
	var b strings.Builder
	b.WriteString(`<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>`)
	for _, c := range capabilities {
		b.WriteString("<capability>" + c + "</capability>")
	}
	b.WriteString("</capabilities><session-id>7</session-id></hello>]]>]]>")
	return b.String()
}

// until reads what the client sends up to a mark.
func until(r io.Reader, mark string) error {
	var have []byte
	for buf := make([]byte, 1); !strings.HasSuffix(string(have), mark); {
		if _, err := r.Read(buf); err != nil {
			return err
		}
		have = append(have, buf[0])
	}
	return nil
}

// answering is a server that says hello in 1.1, waits for one request, and then sends bytes as they are.
func answering(t *testing.T, answer string) *sshtest.Server {
	return subsystem(t, func(ch io.ReadWriter) {
		io.WriteString(ch, hello(base10, base11))
		if until(ch, "]]>]]>") == nil && until(ch, "\n##\n") == nil {
			io.WriteString(ch, answer)
		}
	})
}

func subsystem(t *testing.T, serve func(io.ReadWriter)) *sshtest.Server {
	t.Helper()
	return sshtest.Start(t, sshtest.Handlers{Subsystem: func(_ string, ch cryptossh.Channel) { serve(ch) }})
}

func chunks(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "\n#%d\n%s", len(p), p)
	}
	return b.String() + "\n##\n"
}

func reply(content string) string {
	return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">` + content + `</rpc-reply>`
}

const notification = `<notification xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0"><eventTime>2026-11-21T00:00:00Z</eventTime></notification>`

func hang(r io.Reader) { io.Copy(io.Discard, r) }

func flood(w io.Writer, text string) {
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}

// TestDialHostile has devices with which there is no session to be had.
func TestDialHostile(t *testing.T) {
	tcp := func(serve func(net.Conn)) func(*testing.T) *sshtest.Server {
		return func(t *testing.T) *sshtest.Server { return sshtest.Raw(t, "127.0.0.1:0", serve) }
	}
	channel := func(serve func(io.ReadWriter)) func(*testing.T) *sshtest.Server {
		return func(t *testing.T) *sshtest.Server { return subsystem(t, serve) }
	}
	tests := []struct {
		name  string
		start func(*testing.T) *sshtest.Server
		want  string
	}{
		{"silent at TCP", tcp(func(c net.Conn) { hang(c) }), "does not speak SSH"},
		{"silent after the version", tcp(func(c net.Conn) { io.WriteString(c, "SSH-2.0-x\r\n"); hang(c) }), "not in time"},
		{"hangs up", tcp(func(net.Conn) {}), "handshake failed"},
		{"no NETCONF", func(t *testing.T) *sshtest.Server { return sshtest.Start(t, sshtest.Handlers{}) }, `no SSH subsystem "netconf"`},
		{"no hello", channel(func(ch io.ReadWriter) { hang(ch) }), "deadline exceeded"},
		{"hangs up before hello", channel(func(io.ReadWriter) {}), "hung up"},
		{"hangs up in hello", channel(func(ch io.ReadWriter) { io.WriteString(ch, hello(base10)[:40]) }), "hung up"},
		{"floods", channel(func(ch io.ReadWriter) { flood(ch, strings.Repeat("hello", 1000)) }), "larger than"},
		{"not XML", channel(func(ch io.ReadWriter) { io.WriteString(ch, "<hello]]>]]>"); hang(ch) }), "hello: XML syntax"},
		{"not a hello", channel(func(ch io.ReadWriter) { io.WriteString(ch, "<bye/>]]>]]>"); hang(ch) }), "began with <bye>"},
		{"no session", channel(func(ch io.ReadWriter) {
			io.WriteString(ch, strings.Replace(hello(base10), "<session-id>7</session-id>", "", 1))
			hang(ch)
		}), "lacks its capabilities or its session-id"},
		{"another protocol", channel(func(ch io.ReadWriter) { io.WriteString(ch, hello("urn:x")); hang(ch) }), "neither NETCONF 1.0 nor 1.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(t, tt.start(t), nil)
			patience := 500 * time.Millisecond
			if tt.name == "floods" { // it ends by itself, when there was too much
				patience = soon
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			within(t, "Dial", func() {
				_, err := netconf.Dial(ctx, cfg)
				if kind(err) != fault.Unreachable || !strings.Contains(fmt.Sprint(err), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				var e *fault.Error
				if errors.As(err, &e) && (!e.Unsent() || e.Permanent() || e.Refused() || e.Lost()) {
					t.Error("it is to be tried again")
				}
			})
		})
	}
}

// TestAnswers has devices that answer a request in ways that scrapligo takes for something else, and worse ones.
func TestAnswers(t *testing.T) {
	denied := reply(`<rpc-error><error-type>application</error-type><error-tag>access-denied</error-tag><error-severity>error</error-severity>` +
		`<error-path xmlns:s="urn:example:switch">/s:system</error-path><error-message>no</error-message></rpc-error>`)
	half := len(denied) / 2
	tests := []struct {
		name, answer string
		kind         fault.Kind
		want         string
	}{
		{"nothing there", chunks(reply("<data/>")), -1, "<nil>"},
		{"in chunks of one", chunks(strings.Split(reply("<data/>"), "")...), -1, "<nil>"},
		{"line feeds before it", "\n\n" + chunks(reply("<data/>")), -1, "<nil>"},
		{"chunk marks in the text", chunks(reply("<data><system xmlns='urn:example:switch'><banner>\n##\n#9\n</banner></system></data>")), -1, "<nil>"},
		{"a warning", chunks(reply("<rpc-error><error-tag>x</error-tag><error-severity>warning</error-severity></rpc-error><data/>")), -1, "<nil>"},
		{"ok and no data", chunks(reply("<ok/>")), fault.Untrue, "no data"},
		{"a warning and no data", chunks(reply("<rpc-error><error-tag>x</error-tag><error-severity>warning</error-severity></rpc-error>")), fault.Untrue, "no data"},
		{"a notification before it", chunks(notification) + chunks(notification) + chunks(reply("<data/>")), -1, "<nil>"},
		{"only notifications", chunks(notification), fault.Unreachable, "hung up"},
		{"error", chunks(denied), fault.Unauthenticated, `device "switch" at 127.0.0.1:`},
		{"error split across chunks", chunks(denied[:half], denied[half:]), fault.Unauthenticated, "access-denied at /s:system: no"},
		{"error in chunks of one", chunks(strings.Split(denied, "")...), fault.Unauthenticated, "access-denied at /s:system: no"},
		{"error beside data", chunks(reply("<data/><rpc-error><error-tag>partial</error-tag></rpc-error>")), fault.Refused, "partial"},
		{"error under a prefix", chunks(strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(denied, "<", "<nc:"), "<nc:/", "</nc:"), "xmlns=", "xmlns:nc=")), fault.Unauthenticated, "access-denied"},
		{"no answer", "", fault.Unreachable, "hung up"},
		{"chunk too long", "\n#4294967295\n<rpc", fault.TooLarge, "larger than"},
		{"chunk of too many digits", "\n#99999999999\n<rpc", fault.Unreachable, "chunk size"},
		{"chunk longer than what comes", "\n#500\n<rpc-reply", fault.Unreachable, "hung up"},
		{"chunk shorter than what comes", "\n#3\n<rpc-reply", fault.Unreachable, "where a chunk should begin"},
		{"chunk of nothing", "\n#0\n\n##\n", fault.Unreachable, "chunk size"},
		{"chunk of less than nothing", "\n#-5\nabc", fault.Unreachable, "chunk size"},
		{"chunk of no number", "\n#x\nabc", fault.Unreachable, "chunk size"},
		{"chunk without a size", "\n#\nabc", fault.Unreachable, "chunk size"},
		{"no chunk", "\n##\n", fault.Unreachable, "without a chunk"},
		{"the framing of 1.0", reply("<data/>") + "]]>]]>", fault.Unreachable, "where a chunk should begin"},
		{"to another question", chunks(strings.Replace(reply("<data/>"), `"1"`, `"2"`, 1)), fault.Unreachable, `message "2"`},
		{"not a reply", chunks("<notification/>"), fault.Unreachable, "not a reply"},
		{"says nothing", chunks(reply("")), fault.Unreachable, "neither ok nor data nor error"},
		{"not XML", chunks("<rpc-reply>"), fault.Unreachable, "not NETCONF"},
		{"two at once", chunks(reply("<data/>") + reply("<data/>")), fault.Unreachable, "a second element"},
		{"a document type", chunks("<!DOCTYPE x>" + reply("<data/>")), fault.Unreachable, "document type"},
		{"nested without end", chunks(strings.Repeat("<a>", 10_000)), fault.Unreachable, "nested more than"},
		{"an entity of its own", chunks(reply("<data>&x;</data>")), fault.Unreachable, "invalid character entity"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := dial(t, config(t, answering(t, tt.answer), nil))
			_, _, err := readAll(t, s)
			if kind(err) != tt.kind || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("error %v of kind %d, want %q of kind %d", err, kind(err), tt.want, tt.kind)
			}
		})
	}
}

// TestSilent has a device that goes silent after its hello, and one that floods.
func TestSilent(t *testing.T) {
	for name, then := range map[string]func(io.ReadWriter){
		"silent":              func(ch io.ReadWriter) { hang(ch) },
		"silent within":       func(ch io.ReadWriter) { io.WriteString(ch, "\n#500\n<rpc-reply"); hang(ch) },
		"floods chunks":       func(ch io.ReadWriter) { flood(ch, "\n#5\nhello") },
		"floods chunk header": func(ch io.ReadWriter) { io.WriteString(ch, "\n#"); flood(ch, "1") },
		"floods line feeds":   func(ch io.ReadWriter) { flood(ch, "\n") },
	} {
		t.Run(name, func(t *testing.T) {
			server := subsystem(t, func(ch io.ReadWriter) {
				io.WriteString(ch, hello(base10, base11))
				then(ch)
			})
			s := dial(t, config(t, server, hurried))
			_, _, err := readAll(t, s)
			if err == nil || kind(err) != fault.Unreachable && kind(err) != fault.TooLarge {
				t.Errorf("error %v", err)
			}
			// The next call connects anew.
			if _, _, again := readAll(t, s); again == nil {
				t.Error("the second call had no error")
			}
		})
	}
}

// TestCloseAfterHangup closes a session whose device is gone, and one with a call under way.
func TestCloseAfterHangup(t *testing.T) {
	waiting := make(chan struct{}, 1)
	server := subsystem(t, func(ch io.ReadWriter) {
		io.WriteString(ch, hello(base10))
		until(ch, "]]>]]>")
		until(ch, "]]>]]>")
		waiting <- struct{}{}
		hang(ch)
	})
	cfg := config(t, server, nil)
	gone := dial(t, cfg)
	server.Hangup()
	within(t, "Close", func() {
		if err := gone.Close(); err != nil {
			t.Error(err)
		}
	})
	busy := dial(t, cfg)
	ended := make(chan error, 1)
	go func() {
		_, _, err := busy.Read(context.Background(), nil)
		ended <- err
	}()
	<-waiting
	within(t, "Close", func() {
		if err := busy.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; kind(err) != fault.Unreachable {
			t.Errorf("the call under way ended with %v", err)
		}
	})
	if _, _, err := readAll(t, busy); kind(err) != fault.Unreachable || !strings.Contains(fmt.Sprint(err), "closed") {
		t.Errorf("a call after Close: %v", err)
	}
}

// TestCancelled ends calls by their context: one that waits for the device, and one that waits for that one.
func TestCancelled(t *testing.T) {
	waiting := make(chan struct{}, 1)
	server := subsystem(t, func(ch io.ReadWriter) {
		io.WriteString(ch, hello(base10))
		until(ch, "]]>]]>")
		until(ch, "]]>]]>")
		waiting <- struct{}{}
		hang(ch)
	})
	s := dial(t, config(t, server, nil))
	ctx, cancel := context.WithCancel(context.Background())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, _, err := s.Read(ctx, nil)
		first <- err
	}()
	<-waiting
	waits, stop := context.WithCancel(context.Background())
	go func() {
		_, _, err := s.Read(waits, nil)
		second <- err
	}()
	stop()
	within(t, "Read", func() {
		if err := <-second; !errors.Is(err, context.Canceled) || kind(err) != fault.Unreachable {
			t.Errorf("the second call: %v", err)
		}
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the first call: %v", err)
		}
	})
}

// TestHostKey changes a device's host key between two connections.
func TestHostKey(t *testing.T) {
	server := answering(t, "")
	s := dial(t, config(t, server, func(cfg *netconf.Config) { cfg.Trust = ssh.Trust{KnownHosts: server.KnownHosts(t, server.Key)} }))
	server.Rekey(t)
	server.Hangup()
	if _, _, err := readAll(t, s); err == nil {
		t.Error("no error from a connection that is gone")
	}
	_, _, err := readAll(t, s)
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Untrusted || !e.Permanent() || !e.Unsent() || !strings.Contains(err.Error(), "it was changed, or another host answers") {
		t.Errorf("error %v", err)
	}
}
