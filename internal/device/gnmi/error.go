package gnmi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Kind is what went wrong with a call, as far as it decides what to do next.
type Kind int

// The kinds of errors.
const (
	KindRefused         Kind = iota // the device answered no
	KindLost                        // sent, and no answer came: whether it was done is not known
	KindUnreachable                 // there is no connection, and nothing was sent
	KindUnauthenticated             // the device does not accept user, password or client certificate
	KindCertificate                 // the device's certificate is not the one to trust, and nothing was sent
	KindTooLarge                    // the request or the answer is larger than the profile allows
	KindUnsupported                 // the device does not implement the call
)

// next is what to do about each kind.
var next = map[Kind]string{
	KindRefused:         "the device's own log says more",
	KindLost:            "read the device to see what it did",
	KindUnreachable:     "check the address, the route to it and that the device's gNMI server is enabled",
	KindUnauthenticated: "check the user and password in Tenter's settings, the client certificate, and what the device lets that user do",
	KindCertificate:     "check the CA, the pinned certificate and the server name in Tenter's TLS settings",
	KindTooLarge:        "raise the message size in the profile if the device takes more, let it be split (phasing: split), or narrow the scope",
	KindUnsupported:     "choose a profile that fits the device",
}

var kindText = map[Kind]string{
	KindRefused: "refused", KindLost: "no answer", KindUnreachable: "unreachable", KindUnauthenticated: "login failed",
	KindCertificate: "certificate not trusted", KindTooLarge: "too large", KindUnsupported: "not supported",
}

// An Error is what went wrong with one call to one device. Its text names the device, its address and the next step,
// and never holds a secret.
type Error struct {
	Device  intent.DeviceName
	Address string
	Call    string // connect, capabilities, get, set, subscribe
	Kind    Kind
	Err     error // the device's or the network's own words
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

// Refused reports whether the device answered that it did not do what it was asked. It may have done it all the same.
func (e *Error) Refused() bool {
	return e.Kind == KindRefused || e.Kind == KindUnauthenticated || e.Kind == KindUnsupported
}

// Lost reports whether the request was sent and its outcome is not known.
func (e *Error) Lost() bool { return e.Kind == KindLost }

// Unsent reports whether the device cannot have got the request.
func (e *Error) Unsent() bool {
	return e.Kind == KindUnreachable || e.Kind == KindCertificate || e.Kind == KindTooLarge
}

// Permanent reports whether the same call will fail again until somebody changes something.
func (e *Error) Permanent() bool { return e.Kind != KindLost && e.Kind != KindUnreachable }

// fail makes an Error of what an RPC returned on a connection that was ready. It keeps an Error as it is.
func (s *Session) fail(call string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return s.failure(call, kindOf(err), s.scrub(plain(err)))
}

// scrub takes what must not be seen out of a device's words: the password, which some devices repeat, and whatever
// else is named.
func (s *Session) scrub(err error, hide ...string) error {
	if s.cfg.Password != nil {
		if pw, readErr := s.cfg.Password(); readErr == nil {
			hide = append(hide, pw)
		}
	}
	var said *answer
	if !errors.As(err, &said) {
		return err
	}
	text := said.st.Message()
	for _, h := range hide {
		if h != "" {
			text = strings.ReplaceAll(text, h, "(secret)")
		}
	}
	return &answer{status.New(said.st.Code(), text)}
}

func (s *Session) failure(call string, kind Kind, err error) *Error {
	return &Error{Device: s.cfg.Name, Address: s.cfg.Address, Call: call, Kind: kind, Err: err}
}

func kindOf(err error) Kind {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return KindLost
	}
	st, ok := status.FromError(err)
	if !ok {
		return KindLost
	}
	switch st.Code() {
	case codes.Unauthenticated, codes.PermissionDenied:
		return KindUnauthenticated
	case codes.Unimplemented:
		return KindUnsupported
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return KindLost
	case codes.ResourceExhausted:
		if strings.Contains(st.Message(), "larger than max") {
			return KindTooLarge
		}
	}
	return KindRefused
}

// plain returns the words of a gRPC error without gRPC's own wrapping.
func plain(err error) error {
	st, ok := status.FromError(err)
	if !ok || st.Code() == codes.OK {
		return err
	}
	message := strings.TrimPrefix(st.Message(), "transport: per-RPC creds failed due to error: ")
	return &answer{status.New(st.Code(), message)}
}

// An answer is a device's own status.
type answer struct{ st *status.Status }

// Error returns the device's words, after the gRPC code.
func (a *answer) Error() string { return fmt.Sprintf("%s: %s", a.st.Code(), a.st.Message()) }

// GRPCStatus keeps the code readable by status.FromError.
func (a *answer) GRPCStatus() *status.Status { return a.st }
