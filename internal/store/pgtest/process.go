package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Restart starts the server when it is not running, on the port that it had, and returns when it answers.
func (s *Server) Restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return nil
	}
	deadline := time.Now().Add(patience)
	for {
		err := s.start(deadline)
		var again againError
		if !errors.As(err, &again) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// againError is a server that could not start because the killed one's processes have not all ended yet.
type againError struct{ error }

func (s *Server) start(deadline time.Time) error {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	args := []string{"-D", s.data(), "-h", host, "-p", port, "-k", s.dir, "-c", "max_connections=200", "-c", "log_min_messages=warning", "-c", "shared_buffers=64MB"}
	if s.opts.Unsafe {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	for _, set := range s.opts.Settings {
		args = append(args, "-c", set)
	}
	cmd, out, err := s.command("postgres", args...)
	if err != nil {
		return err
	}
	gone, started := make(chan struct{}), make(chan error)
	go func() {
		// The kernel takes the end of the thread that has started the server for the end of its parent.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(gone)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	for time.Now().Before(deadline) {
		if s.answers() {
			s.cmd, s.gone = cmd, gone
			return nil
		}
		select {
		case <-gone:
			if text := out.String(); strings.Contains(text, "still in use") || strings.Contains(text, "postmaster.pid") {
				return againError{fmt.Errorf("postgres ended: %s", text)}
			}
			return fmt.Errorf("postgres ended: %s", out)
		case <-time.After(5 * time.Millisecond):
		}
	}
	_ = cmd.Process.Kill()
	<-gone
	return fmt.Errorf("postgres does not answer: %s", out)
}

// answers reports whether the server lets one in: one that still recovers does not.
func (s *Server) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return false
	}
	return c.Close(ctx) == nil
}

// PID is the running server's process, that of the postmaster; 0 when none runs.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// Stop ends the server as an operator does: what runs is broken off, what is committed stays. It waits until the server is gone.
func (s *Server) Stop() { s.end(syscall.SIGINT) }

// Kill ends the server with SIGKILL, as a crash would, and waits until it is gone.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// end ends the server by the signal. Ending one that is not running does nothing.
func (s *Server) end(sig os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig)
	select {
	case <-s.gone:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.gone
	}
	s.cmd = nil
}

// Remove ends the server and deletes its files.
func (s *Server) Remove() {
	s.end(syscall.SIGQUIT) // without the flush of an orderly end: nobody needs the files
	for range 100 {        // its last processes may still write
		if os.RemoveAll(s.dir) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
