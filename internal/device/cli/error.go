package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/intent"
)

// A Kind is what went wrong with a call, as far as it decides what to do next.
type Kind int

// The kinds of errors.
const (
	KindRefused         Kind = iota // the device complained, and what was done is undone as far as the text says
	KindLost                        // the connection broke, or no answer came: what was done is not known
	KindUnreachable                 // there is no connection, and nothing was sent
	KindUnauthenticated             // the device takes neither key nor password
	KindHostKey                     // the device's host key is not the one to trust, and nothing was sent
	KindTooLarge                    // an answer is larger than the profile allows
	KindDegraded                    // a part of the device does not run, so what it shows is short
)

// next is what to do about each kind.
var next = map[Kind]string{
	KindRefused:         "write the line as the device shows it, or ask its own log",
	KindLost:            "read the device to see what it did",
	KindUnreachable:     "check the address, the route to it and that the device's SSH server is enabled",
	KindUnauthenticated: "check the user, the password and the private key in Tenter's settings",
	KindHostKey:         "check the known_hosts file or the pinned host key in Tenter's SSH settings",
	KindTooLarge:        "raise limits.maxMessage in the profile",
	KindDegraded:        "start it again on the device",
}

var kindText = map[Kind]string{
	KindRefused: "refused", KindLost: "no answer", KindUnreachable: "unreachable", KindUnauthenticated: "not let in",
	KindHostKey: "not connected", KindTooLarge: "too large", KindDegraded: "incomplete",
}

// An Error is what went wrong with one call to one device. Its text names the device, its address and the next step,
// and never holds a secret.
type Error struct {
	Device  intent.DeviceName
	Address string
	Call    string // connect, read, set, save, probe
	Kind    Kind
	Err     error
}

// Error returns the one line that a user reads.
func (e *Error) Error() string {
	do := next[e.Kind]
	if e.Kind == KindLost && e.Call != "set" { // nothing was to be done, so there is nothing to read
		do = next[KindUnreachable]
	}
	return fmt.Sprintf("device %q at %s: %s: %s: %v; %s", e.Device, e.Address, e.Call, kindText[e.Kind], e.Err, do)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Refused reports whether the device did not do what it was asked, or did it and it was undone.
func (e *Error) Refused() bool {
	return e.Kind == KindRefused || e.Kind == KindUnauthenticated || e.Kind == KindDegraded
}

// Lost reports whether the outcome is not known.
func (e *Error) Lost() bool { return e.Kind == KindLost }

// Unsent reports whether the device cannot have got any command that changes it.
func (e *Error) Unsent() bool {
	return e.Kind == KindUnreachable || e.Kind == KindHostKey || e.Kind == KindTooLarge
}

// Permanent reports whether the same call will fail again until somebody changes something.
func (e *Error) Permanent() bool {
	return e.Kind != KindLost && e.Kind != KindUnreachable && e.Kind != KindDegraded
}

func (s *Session) failure(call string, kind Kind, err error) *Error {
	return &Error{Device: s.cfg.Name, Address: s.cfg.Address, Call: call, Kind: kind, Err: err}
}

// fail makes an Error of what went wrong in a call. It keeps an Error as it is.
func (s *Session) fail(call string, err error) error {
	var known *Error
	var kind *kindError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.As(err, &kind):
		return s.failure(call, kind.kind, kind.err)
	}
	return s.failure(call, KindLost, err)
}

// A kindError is an error whose kind is known already.
type kindError struct {
	kind Kind
	err  error
}

// Error returns the words.
func (e *kindError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *kindError) Unwrap() error { return e.err }

func refused(format string, args ...any) error {
	return &kindError{KindRefused, fmt.Errorf(format, args...)}
}

// connectKind tells why there is no connection.
func connectKind(err error) Kind {
	switch {
	case errors.Is(err, ssh.ErrHostKey):
		return KindHostKey
	case errors.Is(err, ssh.ErrLogin):
		return KindUnauthenticated
	}
	return KindUnreachable
}

// because prefers why a context ended to what that looked like.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}
