package ssh

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/ssh"
)

// maxComplaint is how much of what a device says on its error stream is kept.
const maxComplaint = 1 << 10

// A Stream is one channel of a connection: bytes in and out. One goroutine may read while another writes.
type Stream struct {
	channel ssh.Channel
	conn    *Conn
	drained chan struct{}

	mu        sync.Mutex
	complaint []byte
}

// Subsystem opens a subsystem, such as "netconf". When ctx ends first, the whole connection is closed.
func (c *Conn) Subsystem(ctx context.Context, name string) (*Stream, error) {
	return c.open(ctx, func(ch ssh.Channel) error {
		ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{name}))
		if err == nil && !ok {
			err = fmt.Errorf("the device has no SSH subsystem %q on this port", name)
		}
		return err
	})
}

// Exec runs a command on the other side. When ctx ends before it has begun, the whole connection is closed.
func (c *Conn) Exec(ctx context.Context, command string) (*Stream, error) {
	return c.open(ctx, func(ch ssh.Channel) error {
		ok, err := ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{command}))
		if err == nil && !ok {
			err = fmt.Errorf("it does not run %q", command)
		}
		return err
	})
}

// Shell opens a shell on a terminal that wraps nothing and pages nothing short of rows lines. When ctx ends first, the
// whole connection is closed.
func (c *Conn) Shell(ctx context.Context, columns, rows uint32) (*Stream, error) {
	return c.open(ctx, func(ch ssh.Channel) error {
		noEcho := string(append(ssh.Marshal(struct {
			Op    byte
			Value uint32
		}{ssh.ECHO, 0}), 0))
		ok, err := ch.SendRequest("pty-req", true, ssh.Marshal(struct {
			Term                         string
			Columns, Rows, Width, Height uint32
			Modes                        string
		}{"dumb", columns, rows, 0, 0, noEcho}))
		if err == nil && !ok {
			err = errors.New("the device gives no terminal")
		}
		if err != nil {
			return err
		}
		if ok, err = ch.SendRequest("shell", true, nil); err == nil && !ok {
			err = errors.New("the device gives no shell")
		}
		return err
	})
}

// open opens a channel and asks what it is for.
func (c *Conn) open(ctx context.Context, ask func(ssh.Channel) error) (*Stream, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	channel, requests, err := c.client.OpenChannel("session", nil)
	if err != nil {
		return nil, ended(ctx, err)
	}
	go ssh.DiscardRequests(requests) // ends with the channel
	if err := ask(channel); err != nil {
		_ = channel.Close() // the reason is in err
		return nil, ended(ctx, err)
	}
	s := &Stream{channel: channel, conn: c, drained: make(chan struct{})}
	go s.drain()
	return s, nil
}

// ended prefers the reason of the context, which closed the connection, to what that looked like.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// drain keeps the beginning of what comes on the error stream: unread, it would stop the other one.
func (s *Stream) drain() {
	defer close(s.drained)
	buf := make([]byte, maxComplaint)
	for {
		n, err := s.channel.Stderr().Read(buf)
		s.mu.Lock()
		s.complaint = append(s.complaint, buf[:min(n, maxComplaint-len(s.complaint))]...)
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Read reads what the device sends. Close ends it.
func (s *Stream) Read(p []byte) (int, error) { return s.channel.Read(p) }

// Write sends to the device. It waits while the device takes nothing; Close ends it.
func (s *Stream) Write(p []byte) (int, error) { return s.channel.Write(p) }

// Complaint returns the beginning of what the device said on its error stream, for an error's text.
func (s *Stream) Complaint() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.complaint)
}

// Ended reports whether the peer has ended the stream, or its connection has broken, as far as that is known here.
func (s *Stream) Ended() bool {
	select {
	case <-s.drained:
		return true
	default:
		return false
	}
}

// Close ends the stream and its connection, whatever the peer does: a channel's own end waits for the peer to
// answer. It returns after what the stream started has ended.
func (s *Stream) Close() error {
	err := s.conn.Close()
	<-s.drained
	return err
}
