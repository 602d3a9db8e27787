package gnmi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/device/fault"
)

// words are what a user reads about each kind, and what to do then.
var words = fault.Words{Writes: func(call string) bool { return call == "set" }, Says: map[fault.Kind]fault.Saying{
	fault.Refused:         {What: "refused", Next: "the device's own log says more"},
	fault.Lost:            {What: "no answer", Next: "read the device to see what it did"},
	fault.Unreachable:     {What: "unreachable", Next: "check the address, the route to it and that the device's gNMI server is enabled"},
	fault.Unauthenticated: {What: "login failed", Next: "check the user and password in Tenter's settings, the client certificate, and what the device lets that user do"},
	fault.Untrusted:       {What: "certificate not trusted", Next: "check the CA, the pinned certificate and the server name in Tenter's TLS settings"},
	fault.TooLarge:        {What: "too large", Next: "raise the message size in the profile if the device takes more, let it be split (phasing: split), or narrow the scope"},
	fault.Unsupported:     {What: "not supported", Next: "choose a profile that fits the device"},
}}

// fail makes an Error of what an RPC returned on a connection that was ready. It keeps an Error as it is.
func (s *Session) fail(call string, err error) error {
	var known *fault.Error
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

func (s *Session) failure(call string, kind fault.Kind, err error) *fault.Error {
	return &fault.Error{Device: s.cfg.Name, Address: s.cfg.Address, Call: call, Kind: kind, Words: &words, Err: err}
}

func kindOf(err error) fault.Kind {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Lost
	}
	st, ok := status.FromError(err)
	if !ok {
		return fault.Lost
	}
	switch st.Code() {
	case codes.Unauthenticated, codes.PermissionDenied:
		return fault.Unauthenticated
	case codes.Unimplemented:
		return fault.Unsupported
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return fault.Lost
	case codes.ResourceExhausted:
		if strings.Contains(st.Message(), "larger than max") {
			return fault.TooLarge
		}
	}
	return fault.Refused
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
