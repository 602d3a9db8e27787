package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/ssh"
)

// words are what a user reads about each kind, and what to do then.
var words = fault.Words{Writes: func(call string) bool { return call == "set" }, Says: map[fault.Kind]fault.Saying{
	fault.Refused:         {What: "refused", Next: "write the line as the device shows it, or ask its own log"},
	fault.Lost:            {What: "no answer", Next: "read the device to see what it did"},
	fault.Unreachable:     {What: "unreachable", Next: "check the address, the route to it and that the device's SSH server is enabled"},
	fault.Unauthenticated: {What: "not let in", Next: "check the user, the password and the private key in Tenter's settings"},
	fault.Untrusted:       {What: "not connected", Next: "check the known_hosts file or the pinned host key in Tenter's SSH settings"},
	fault.TooLarge:        {What: "too large", Next: "raise limits.maxMessage in the profile"},
	fault.Degraded:        {What: "incomplete", Next: "start it again on the device"},
}}

func (s *Session) failure(call string, kind fault.Kind, err error) *fault.Error {
	return &fault.Error{Device: s.cfg.Name, Address: s.cfg.Address, Call: call, Kind: kind, Words: &words, Err: err}
}

// fail makes an Error of what went wrong in a call. It keeps an Error as it is.
func (s *Session) fail(call string, err error) error {
	var known *fault.Error
	var kind *kindError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.As(err, &kind):
		return s.failure(call, kind.kind, kind.err)
	}
	return s.failure(call, fault.Lost, err)
}

// A kindError is an error whose kind is known already.
type kindError struct {
	kind fault.Kind
	err  error
}

// Error returns the words.
func (e *kindError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *kindError) Unwrap() error { return e.err }

func refused(format string, args ...any) error {
	return &kindError{fault.Refused, fmt.Errorf(format, args...)}
}

// connectKind tells why there is no connection.
func connectKind(err error) fault.Kind {
	switch {
	case errors.Is(err, ssh.ErrHostKey):
		return fault.Untrusted
	case errors.Is(err, ssh.ErrLogin):
		return fault.Unauthenticated
	}
	return fault.Unreachable
}

// because prefers why a context ended to what that looked like.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}
