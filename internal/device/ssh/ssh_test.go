package ssh_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	cryptossh "golang.org/x/crypto/ssh"

	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is more than any answer here takes, and less than a peer that hangs.
const soon = time.Minute

func is(text string) func() (string, error) { return func() (string, error) { return text, nil } }

// echo sends every line back.
func echo(ch cryptossh.Channel) {
	in := bufio.NewScanner(ch)
	for in.Scan() {
		fmt.Fprintf(ch, "%s!\n", in.Text())
	}
}

func dial(t *testing.T, cfg ssh.Config) (*ssh.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	conn, err := ssh.Dial(ctx, cfg)
	if ctx.Err() != nil {
		t.Error("Dial outlasted its deadline")
	}
	return conn, err
}

func TestStreams(t *testing.T) {
	userKey, private := sshtest.NewKey(t)
	server := sshtest.Start(t, sshtest.Handlers{
		Subsystem: func(_ string, ch cryptossh.Channel) { echo(ch) }, Shell: echo, User: userKey.PublicKey(),
	})
	for name, cfg := range map[string]ssh.Config{
		"known host, password": {Trust: ssh.Trust{KnownHosts: server.KnownHosts(t, server.Key)}, Password: is(sshtest.Password)},
		"pin, key":             {Trust: ssh.Trust{Pin: server.Key.Fingerprint()}, PrivateKey: is(private)},
		"pin, wrong key, password": {
			Trust: ssh.Trust{Pin: strings.TrimPrefix(server.Key.Fingerprint(), "SHA256:")}, PrivateKey: is(stranger(t)), Password: is(sshtest.Password),
		},
		"anyone": {Trust: ssh.Trust{Anyone: true}, Password: is(sshtest.Password)},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Address, cfg.Username = server.Address, is(sshtest.User)
			conn, err := dial(t, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if got := conn.Fingerprint(); got != server.Key.Fingerprint() {
				t.Errorf("fingerprint %s, want %s", got, server.Key.Fingerprint())
			}
			ctx := context.Background()
			for _, open := range []func() (*ssh.Stream, error){
				func() (*ssh.Stream, error) { return conn.Subsystem(ctx, "echo") },
				func() (*ssh.Stream, error) { return conn.Shell(ctx, 500, 0) },
			} {
				stream, err := open()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(stream, "hello\n"); err != nil {
					t.Fatal(err)
				}
				if line, err := bufio.NewReader(stream).ReadString('\n'); err != nil || line != "hello!\n" {
					t.Errorf("%q, %v", line, err)
				}
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func stranger(t *testing.T) string {
	_, private := sshtest.NewKey(t)
	return private
}

func TestIPv6(t *testing.T) {
	server := sshtest.StartOn(t, "[::1]:0", sshtest.Handlers{})
	conn, err := dial(t, ssh.Config{
		Address: server.Address, Trust: ssh.Trust{KnownHosts: server.KnownHosts(t, server.Key)},
		Username: is(sshtest.User), Password: is(sshtest.Password),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func TestDialRefuses(t *testing.T) {
	server := sshtest.Start(t, sshtest.Handlers{})
	other, _ := sshtest.NewKey(t)
	elsewhere := sshtest.Raw(t, "127.0.0.1:0", func(net.Conn) {})
	trusted := ssh.Trust{Pin: server.Key.Fingerprint()}
	tests := []struct {
		name string
		cfg  ssh.Config
		is   error
		want string
	}{
		{"no trust", ssh.Config{}, ssh.ErrHostKey, "no SSH settings say whose to take"},
		{"changed key", ssh.Config{Trust: ssh.Trust{KnownHosts: server.KnownHosts(t, other)}}, ssh.ErrHostKey, "it was changed, or another host answers"},
		{"unknown host", ssh.Config{Trust: ssh.Trust{KnownHosts: elsewhere.KnownHosts(t, other)}}, ssh.ErrHostKey, "compare that with the device's console"},
		{"no such file", ssh.Config{Trust: ssh.Trust{KnownHosts: "testdata/none"}}, ssh.ErrHostKey, "no such file"},
		{"another pin", ssh.Config{Trust: ssh.Trust{Pin: other.Fingerprint()}}, ssh.ErrHostKey, "pinned is " + other.Fingerprint()},
		{"wrong password", ssh.Config{Trust: trusted, Password: is("wrong horse")}, ssh.ErrLogin, "unable to authenticate"},
		{"wrong key", ssh.Config{Trust: trusted, PrivateKey: is(stranger(t))}, ssh.ErrLogin, "unable to authenticate"},
		{"no key at all", ssh.Config{Trust: trusted, PrivateKey: is("secret text")}, ssh.ErrLogin, "neither PEM nor OpenSSH"},
		{"nothing to offer", ssh.Config{Trust: trusted}, ssh.ErrLogin, "unable to authenticate"},
		{"secret not there", ssh.Config{Trust: trusted, Password: func() (string, error) { return "", errors.New("file gone") }}, ssh.ErrLogin, "password: file gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Address, tt.cfg.Username = server.Address, is(sshtest.User)
			_, err := dial(t, tt.cfg)
			if !errors.Is(err, tt.is) || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Fatalf("error %v, want %v with %q", err, tt.is, tt.want)
			}
			for _, secret := range []string{sshtest.Password, "wrong horse", "secret text"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows a secret: %v", err)
				}
			}
		})
	}
}

// TestExpired has devices that ask for the password by a dialogue. Only the first question gets it: who answers the next ones
// would set a new password.
func TestExpired(t *testing.T) {
	for _, questions := range [][]string{{"Password: "}, {"Current password: ", "New password: ", "Retype new password: "}} {
		server := sshtest.Start(t, sshtest.Handlers{Shell: echo, Questions: questions})
		conn, err := dial(t, ssh.Config{
			Address: server.Address, Trust: ssh.Trust{Anyone: true}, Username: is(sshtest.User), Password: is(sshtest.Password),
		})
		if len(questions) == 1 {
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			continue
		}
		if !errors.Is(err, ssh.ErrLogin) || !strings.Contains(err.Error(), `asks "New password:"`) {
			t.Errorf("a password that has expired: %v", err)
		}
	}
}

// TestHostile has peers that never say what they should. Each call ends with its context.
func TestHostile(t *testing.T) {
	version := func(c net.Conn) { io.WriteString(c, "SSH-2.0-hostile\r\n") }
	hang := func(c net.Conn) { io.Copy(io.Discard, c) }
	for name, serve := range map[string]func(net.Conn){
		"silent":                hang,
		"silent after version":  func(c net.Conn) { version(c); hang(c) },
		"closes at once":        func(net.Conn) {},
		"closes after version":  version,
		"floods before version": func(c net.Conn) { flood(c, "hello\n") },
		"floods after version":  func(c net.Conn) { version(c); flood(c, "\xff\xff\xff\xff") },
	} {
		t.Run(name, func(t *testing.T) {
			server := sshtest.Raw(t, "127.0.0.1:0", serve)
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			ended := make(chan error, 1)
			go func() {
				_, err := ssh.Dial(ctx, ssh.Config{Address: server.Address, Trust: ssh.Trust{Anyone: true}, Username: is("x"), Password: is("y")})
				ended <- err
			}()
			select {
			case err := <-ended:
				if err == nil {
					t.Error("no error")
				}
				if strings.HasPrefix(name, "silent") && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want that of the context", err)
				}
			case <-time.After(soon):
				t.Fatal("Dial hangs")
			}
		})
	}
}

func flood(w io.Writer, text string) {
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}

// TestSilentChannel has a server that takes the connection and answers no request on it.
func TestSilentChannel(t *testing.T) {
	block := make(chan struct{})
	server := sshtest.Start(t, sshtest.Handlers{Subsystem: func(string, cryptossh.Channel) { <-block }})
	defer close(block)
	conn, err := dial(t, ssh.Config{Address: server.Address, Trust: ssh.Trust{Anyone: true}, Username: is(sshtest.User), Password: is(sshtest.Password)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Shell(context.Background(), 80, 0); err == nil || !strings.Contains(err.Error(), "no terminal") {
		t.Errorf("error %v, want that there is no terminal", err)
	}
	stream, err := conn.Subsystem(context.Background(), "quiet")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := stream.Read(make([]byte, 1))
		ended <- err
	}()
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the read of a closed stream gave no error")
	}
	if err := stream.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

// TestComplaint floods the error stream, which must not stop the other one.
func TestComplaint(t *testing.T) {
	server := sshtest.Start(t, sshtest.Handlers{Subsystem: func(_ string, ch cryptossh.Channel) {
		for range 200 {
			io.WriteString(ch.Stderr(), strings.Repeat("x", 32<<10)) // three times the window
		}
		io.WriteString(ch, "done\n")
	}})
	conn, err := dial(t, ssh.Config{Address: server.Address, Trust: ssh.Trust{Anyone: true}, Username: is(sshtest.User), Password: is(sshtest.Password)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stream, err := conn.Subsystem(context.Background(), "loud")
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stream).ReadString('\n'); err != nil || line != "done\n" {
		t.Errorf("%q, %v", line, err)
	}
	if n := len(stream.Complaint()); n != 1<<10 {
		t.Errorf("%d bytes of the complaint were kept", n)
	}
}

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := ssh.Dial(ctx, ssh.Config{Address: "192.0.2.1:830"})
	fmt.Println(err)
	// Output: host key not trusted: no SSH settings say whose to take: name a known_hosts file or a host_key_sha256
}
