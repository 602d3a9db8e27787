// Package sshtest is an SSH server for tests: as polite or as hostile as the test wants it.
package sshtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// User and Password log in to every Server.
const (
	User     = "tenter"
	Password = "correct horse"
)

// A Key is a host's or a user's key.
type Key struct{ ssh.Signer }

// NewKey makes a key, and returns its private part as OpenSSH writes it.
func NewKey(t testing.TB) (Key, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return Key{signer}, string(pem.EncodeToMemory(block))
}

// Fingerprint returns the key's SHA-256 as ssh-keygen -l prints it.
func (k Key) Fingerprint() string { return ssh.FingerprintSHA256(k.PublicKey()) }

// Line returns the key as a line of authorized_keys or, after a host's name, of known_hosts has it.
func (k Key) Line() string { return string(ssh.MarshalAuthorizedKey(k.PublicKey())) }

// A Server is a listening SSH server. All that it started has ended when its test has.
type Server struct {
	Address string
	Key     Key

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	running  sync.WaitGroup
}

// Handlers are what a Server does. One that is nil refuses.
type Handlers struct {
	Subsystem func(name string, ch ssh.Channel) // serves one channel; it is closed afterwards
	Shell     func(ch ssh.Channel)
	Exec      func(command string, ch ssh.Channel)
	User      ssh.PublicKey // may log in with this key, too
	// Questions, if any, are asked one after the other in the place of taking the password as it is; the first is for the password.
	Questions []string
}

// Raw returns a server that hands each TCP connection to serve as it is; it is closed afterwards.
func Raw(t testing.TB, listen string, serve func(net.Conn)) *Server {
	t.Helper()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: l.Addr().String(), listener: l}
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.running.Add(1)
			go func() {
				defer s.running.Done()
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		s.Hangup()
		s.running.Wait()
	})
	return s
}

// Start returns a server that speaks SSH with a new host key on a free port of 127.0.0.1.
func Start(t testing.TB, h Handlers) *Server {
	t.Helper()
	return StartOn(t, "127.0.0.1:0", h)
}

// StartOn is Start at an address.
func StartOn(t testing.TB, listen string, h Handlers) *Server {
	t.Helper()
	key, _ := NewKey(t)
	config := &ssh.ServerConfig{
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if c.User() != User || string(password) != Password {
				return nil, io.EOF
			}
			return nil, nil
		},
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if h.User == nil || c.User() != User || string(key.Marshal()) != string(h.User.Marshal()) {
				return nil, io.EOF
			}
			return nil, nil
		},
	}
	if len(h.Questions) > 0 {
		config.PasswordCallback = nil
		config.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			for i, q := range h.Questions {
				if said, err := ask("", "", []string{q}, []bool{false}); err != nil || i == 0 && said[0] != Password {
					return nil, io.EOF
				}
			}
			return nil, nil
		}
	}
	var s *Server
	ready := make(chan struct{})
	s = Raw(t, listen, func(conn net.Conn) {
		<-ready
		s.mu.Lock()
		now := *config
		now.AddHostKey(s.Key)
		s.mu.Unlock()
		serve(conn, &now, h)
	})
	s.Key = key
	close(ready)
	return s
}

// Rekey gives the server another host key, for connections from now on.
func (s *Server) Rekey(t testing.TB) {
	t.Helper()
	key, _ := NewKey(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Key = key
}

// Hangup closes every connection that is open.
func (s *Server) Hangup() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// KnownHosts writes a known_hosts file that has a key for the server's address, and returns its name.
func (s *Server) KnownHosts(t testing.TB, key Key) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known_hosts")
	line := knownhosts.Line([]string{knownhosts.Normalize(s.Address)}, key.PublicKey()) + "\n"
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func serve(conn net.Conn, config *ssh.ServerConfig, h Handlers) {
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return // the client went away, or did not log in
	}
	defer server.Close()
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { ssh.DiscardRequests(requests) })
	for wanted := range channels {
		if wanted.ChannelType() != "session" {
			_ = wanted.Reject(ssh.UnknownChannelType, "")
			continue
		}
		ch, requests, err := wanted.Accept()
		if err != nil {
			continue
		}
		running.Go(func() {
			defer ch.Close()
			for r := range requests {
				h.request(r, ch, &running)
			}
		})
	}
}

// request answers one request of a channel.
func (h Handlers) request(r *ssh.Request, ch ssh.Channel, running *sync.WaitGroup) {
	var start func()
	switch r.Type {
	case "pty-req":
		_ = r.Reply(h.Shell != nil, nil)
		return
	case "subsystem":
		var p struct{ Name string }
		if ssh.Unmarshal(r.Payload, &p) == nil && h.Subsystem != nil {
			start = func() { h.Subsystem(p.Name, ch) }
		}
	case "exec":
		var p struct{ Command string }
		if ssh.Unmarshal(r.Payload, &p) == nil && h.Exec != nil {
			start = func() { h.Exec(p.Command, ch) }
		}
	case "shell":
		if h.Shell != nil {
			start = func() { h.Shell(ch) }
		}
	}
	if err := r.Reply(start != nil, nil); err != nil || start == nil {
		return
	}
	running.Go(func() {
		defer ch.Close()
		start()
	})
}
