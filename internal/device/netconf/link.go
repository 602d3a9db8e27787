package netconf

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tenter-net/tenter/internal/device/ssh"
)

// maxHello bounds a device's hello. The longest known name some thousand modules.
const maxHello = 1 << 20

// goodbye is how long a device may take to answer close-session.
const goodbye = time.Second

// A link is one NETCONF session on one connection. Calls on it come one after the other.
type link struct {
	stream *ssh.Stream
	frames *framer
	caps   *capabilities
	calls  int
	broken bool
}

// open starts NETCONF on a connection, which it closes when that fails.
func open(ctx context.Context, conn *ssh.Conn, limit int) (*link, error) {
	stream, err := conn.Subsystem(ctx, "netconf")
	if err != nil {
		_ = conn.Close() // the reason is in err
		return nil, err
	}
	l := &link{stream: stream, frames: newFramer(stream, maxHello)}
	err = l.within(ctx, func() error {
		if err := l.frames.write([]byte(clientHello)); err != nil {
			return err
		}
		message, err := l.frames.read()
		if err != nil {
			return err
		}
		l.caps, err = parseHello(message)
		return err
	})
	if err != nil {
		l.close()
		return nil, fmt.Errorf("hello: %w%s", err, complaint(stream))
	}
	l.frames.chunked, l.frames.limit = l.caps.version == "1.1", limit
	return l, nil
}

// complaint returns what the device says on its error stream, to be put behind an error.
func complaint(s *ssh.Stream) string {
	if text := s.Complaint(); text != "" {
		return fmt.Sprintf(" (it says %q)", text)
	}
	return ""
}

// within does fn, and closes the connection when ctx ends first: nothing else ends a read of a silent device.
func (l *link) within(ctx context.Context, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.stream.Close() })
	err := fn()
	if !stop() {
		l.broken = true
		if err != nil {
			err = ctx.Err()
		}
	}
	return err
}

// An unsent error is of a call whose request did not leave in full.
type unsentError struct{ error }

// Unwrap returns the cause.
func (e unsentError) Unwrap() error { return e.error }

// call sends one operation and returns the data of its reply, nil where it has none. Errors of the device are rpcErrors;
// after any other the link is broken.
func (l *link) call(ctx context.Context, operation []byte) (data *element, warnings rpcErrors, err error) {
	l.calls++
	id := strconv.Itoa(l.calls)
	var request bytes.Buffer
	request.WriteString(xml.Header)
	fmt.Fprintf(&request, `<rpc xmlns="%s" message-id="%s">`, nsBase, id)
	request.Write(operation)
	request.WriteString("</rpc>")
	if !l.frames.chunked && bytes.Contains(request.Bytes(), []byte(endOfMessage)) {
		return nil, nil, unsentError{errors.New("NETCONF 1.0 cannot carry a value with ]]>]]> in it")}
	}
	sent := false
	err = l.within(ctx, func() error {
		if err := l.frames.write(request.Bytes()); err != nil {
			return err
		}
		sent = true
		for err = errNotification; errors.Is(err, errNotification); {
			message, failed := l.frames.read()
			if failed != nil {
				return failed
			}
			data, warnings, err = parseReply(message, id)
		}
		return err
	})
	if err == nil {
		return data, warnings, nil
	}
	var said rpcErrors
	if !errors.As(err, &said) {
		l.broken = true
	}
	if !sent {
		err = unsentError{err}
	}
	return nil, warnings, err
}

// leave ends the session the way that devices like, which takes a moment at most, and the connection anyway.
func (l *link) leave() {
	if !l.broken {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		_, _, _ = l.call(ctx, []byte("<close-session/>")) // it may hang up instead of answering
	}
	l.close()
}

// close ends the connection, whatever the device does.
func (l *link) close() {
	l.broken = true
	_ = l.stream.Close() // there is nothing left to be done about it
}
