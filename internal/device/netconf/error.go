package netconf

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Kind is what went wrong with a call, as far as it decides what to do next.
type Kind int

// The kinds of errors.
const (
	KindRefused         Kind = iota // the device answered no
	KindLost                        // sent, and no answer came: whether it was done is not known
	KindUnreachable                 // there is no connection, or it broke before anything was to change
	KindUnauthenticated             // the device takes neither key nor password of the user
	KindHostKey                     // the device's host key is not the one to trust, and nothing was sent
	KindTooLarge                    // the answer is larger than the profile allows
	KindUnsupported                 // the device cannot do it
	KindLocked                      // somebody else holds the lock, and nothing was changed
	KindUntrue                      // the device answered ok, and reading showed that it did something else
)

// next is what to do about each kind.
var next = map[Kind]string{
	KindRefused:         "the device's own log says more",
	KindLost:            "read the device to see what it did",
	KindUnreachable:     "check the address, the route to it and that the device's NETCONF server is enabled",
	KindUnauthenticated: "check the user, password and private key in Tenter's settings, and what the device lets that user do",
	KindHostKey:         "check the ssh entry in Tenter's settings against what the device's console shows",
	KindTooLarge:        "raise limits.maxMessage in the profile, or narrow the scope",
	KindUnsupported:     "choose a profile that fits the device",
	KindLocked:          "end that session on the device, or wait for it",
	KindUntrue:          "read the device; its profile must say what it does not do",
}

var kindText = map[Kind]string{
	KindRefused: "refused", KindLost: "no answer", KindUnreachable: "unreachable", KindUnauthenticated: "login failed",
	KindHostKey: "host key not trusted", KindTooLarge: "too large", KindUnsupported: "not supported", KindLocked: "locked",
	KindUntrue: "answered ok and did not do it",
}

// An Error is what went wrong with one call to one device. Its text names the device, its address and the next step,
// and never holds a secret.
type Error struct {
	Device  intent.DeviceName
	Address string
	Call    string // connect, hello, or the operation: get-config, edit-config, commit, …
	Kind    Kind
	Err     error // the device's or the network's own words
}

// Error returns the one line that a user reads.
func (e *Error) Error() string {
	return fmt.Sprintf("device %q at %s: %s: %s: %v; %s", e.Device, e.Address, e.Call, kindText[e.Kind], e.Err, next[e.Kind])
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Refused reports whether the device did not do what it was asked, by its own word or by what was read. It may have
// done some of it all the same.
func (e *Error) Refused() bool {
	return e.Kind == KindRefused || e.Kind == KindUnauthenticated || e.Kind == KindUnsupported || e.Kind == KindUntrue
}

// Lost reports whether the request was sent and its outcome is not known.
func (e *Error) Lost() bool { return e.Kind == KindLost }

// Unsent reports whether the device cannot have changed anything.
func (e *Error) Unsent() bool {
	return e.Kind == KindUnreachable || e.Kind == KindHostKey || e.Kind == KindTooLarge || e.Kind == KindLocked
}

// Permanent reports whether the same call will fail again until somebody changes something.
func (e *Error) Permanent() bool {
	return e.Kind != KindLost && e.Kind != KindUnreachable && e.Kind != KindLocked
}

func (s *Session) failure(call string, kind Kind, err error) *Error {
	return &Error{Device: s.cfg.Name, Address: s.cfg.Address, Call: call, Kind: kind, Err: err}
}
