// Package redistest runs real redis-servers for tests, on free loopback ports and without persistence unless asked: one alone, a
// master with replicas and Sentinels, or a cluster. It ends only the processes that it has started. On Linux they end with the process
// that started them, also when that is killed or runs into its time limit.
package redistest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/loopback"
)

// Hint says how to get the server; a test without it fails, for a skipped check is no check.
const Hint = "redis-server is not installed: run `apt-get install redis-server` or your system's like, or put it on the PATH"

// startTime is how long a server may take until it answers; a busy machine is slow.
const startTime = 60 * time.Second

// attempts is how often a server is started that ends at once.
const attempts = 5

// A Server is a redis-server that can be killed and started again on the same port.
type Server struct {
	Addr string
	args func(host, port string) []string
	tls  *tls.Config // of a client; nil without TLS

	gossip string // port of a cluster's node on which the others talk to it

	mu   sync.Mutex
	cmd  *exec.Cmd
	gone chan struct{} // closed when cmd has ended
}

// Start starts a server with its files in dir. More arguments are redis-server's own, such as "--appendonly", "yes".
func Start(dir string, args ...string) (*Server, error) {
	return start(nil, func(host, port string) []string {
		return append([]string{"--bind", host, "--port", port, "--dir", dir, "--save", "", "--appendonly", "no"}, args...)
	})
}

// quiet silences the client's own logger: that a server does not answer yet is nothing to tell.
var quiet = sync.OnceFunc(func() { redis.SetLogger(discard{}) })

type discard struct{}

func (discard) Printf(context.Context, string, ...any) {}

// start starts a server with what args gives for the host and a free port.
func start(conf *tls.Config, args func(host, port string) []string) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, errors.New(Hint)
	}
	quiet()
	var err error
	for range attempts { // another process may take the port between asking for it and using it
		var addr string
		if addr, err = loopback.Free(); err != nil {
			return nil, err
		}
		s := &Server{Addr: addr, args: args, tls: conf}
		if err = s.Restart(); err == nil {
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
func (s *Server) URL() string {
	if s.tls != nil {
		return "rediss://" + s.Addr
	}
	return "redis://" + s.Addr
}

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
	cmd := exec.Command("redis-server", s.args(host, port)...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &out, &out, endWithUs()
	gone, err := run(cmd)
	if err != nil {
		return fmt.Errorf("redis-server: %w", err)
	}
	c := s.Client()
	defer c.Close()
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); {
		if answers(c) {
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

// run starts the command, and closes gone when it has ended.
func run(cmd *exec.Cmd) (gone chan struct{}, err error) {
	gone = make(chan struct{})
	started := make(chan error)
	go func() {
		// The kernel takes the end of the thread that has started a process for the end of its parent.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(gone)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	return gone, <-started
}

// Client returns a client of this one server; the caller closes it.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.Addr, TLSConfig: s.tls, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
}

// answers reports whether the server takes commands: one that still loads its file does not.
func answers(c *redis.Client) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := c.Ping(ctx).Err()
	return err == nil || redis.HasErrorPrefix(err, "NOAUTH") || redis.HasErrorPrefix(err, "NOPERM")
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

// within calls ready until it reports no error, for startTime at most.
func within(what string, ready func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %v: %w", what, startTime, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
