// Package redistest runs a real redis-server for tests, on a free loopback port and without persistence unless asked.
// It ends only the process that it has started.
package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Hint says how to get the server; a test without it fails, for a skipped check is no check.
const Hint = "redis-server is not installed: run `apt-get install redis-server` or your system's like, or put it on the PATH"

// A Server is a redis-server that can be killed and started again on the same port.
type Server struct {
	Addr string
	dir  string
	args []string

	mu   sync.Mutex
	cmd  *exec.Cmd
	gone chan struct{} // closed when cmd has ended
}

// Start starts a server with its files in dir. More arguments are redis-server's own, such as "--appendonly", "yes".
func Start(dir string, args ...string) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, errors.New(Hint)
	}
	var err error
	for range 5 { // another process may take the port between asking for it and using it
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("redis-server: %w", err)
		}
		s := &Server{Addr: l.Addr().String(), dir: dir, args: args}
		if err = errors.Join(l.Close(), s.Restart()); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// New starts a server that ends with the test.
func New(t testing.TB, args ...string) *Server {
	t.Helper()
	s, err := Start(t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

// URL is the server's URL for a client without a password.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Restart starts the server when it is not running, on the port that it had, and returns when it answers.
func (s *Server) Restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return nil
	}
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return fmt.Errorf("redis-server: %w", err)
	}
	var out strings.Builder
	cmd := exec.Command("redis-server", append([]string{"--bind", host, "--port", port, "--dir", s.dir, "--save", "", "--appendonly", "no"}, s.args...)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("redis-server: %w", err)
	}
	gone := make(chan struct{})
	go func() { defer close(gone); _ = cmd.Wait() }()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if answers(s.Addr) {
			s.cmd, s.gone = cmd, gone
			return nil
		}
		select {
		case <-gone:
			return fmt.Errorf("redis-server ended: %s", out.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	_ = cmd.Process.Kill()
	<-gone
	return fmt.Errorf("redis-server does not answer: %s", out.String())
}

// answers reports whether the server takes commands: one that still loads its file does not.
func answers(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && (strings.HasPrefix(line, "+PONG") || strings.HasPrefix(line, "-NOAUTH"))
}

// Kill ends the server with SIGKILL and waits until it is gone. Killing one that is not running does nothing.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.gone
	s.cmd = nil
}

// Pause stops the server without ending it (SIGSTOP) until Resume.
func (s *Server) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return errors.New("redis-server is not running")
	}
	return s.cmd.Process.Signal(sig)
}
