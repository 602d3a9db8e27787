// Package fault is what can go wrong with a call to a device, the same for every transport: engines decide by it whether to
// read, to try again or to give up. What a transport says to people about it is the transport's own.
package fault

import (
	"cmp"
	"fmt"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Kind is what went wrong with a call, as far as it decides what to do next.
type Kind int

// The kinds of errors.
const (
	Refused         Kind = iota // the device answered no
	Lost                        // sent, and no answer came: whether it was done is not known
	Unreachable                 // there is no connection, or it broke before anything was to change
	Unauthenticated             // the device does not let the user in
	Untrusted                   // the device's certificate or host key is not the one to trust, and nothing was sent
	TooLarge                    // the request or the answer is larger than the profile allows
	Unsupported                 // the device cannot do it
	Locked                      // somebody else holds the device's lock, and nothing was changed
	Untrue                      // the device answered ok, and reading showed that it did something else
	Degraded                    // a part of the device does not run, so what it shows is short
)

// Words are how one transport tells people of errors.
type Words struct {
	Says   map[Kind]Saying
	Writes func(call string) bool // whether the call is one that changes the device
}

// A Saying is what happened, and what to do next.
type Saying struct{ What, Next string }

// An Error is what went wrong with one call to one device. Its text names the device, its address and the next step,
// and never holds a secret.
type Error struct {
	Device  intent.DeviceName
	Address string
	Call    string // connect, get, set, or the transport's operation: edit-config, commit, …
	Kind    Kind
	Words   *Words
	Next    string // what to do next, where that is more than the kind tells; empty for what Words say
	Err     error  // the device's or the network's own words
}

// Error returns the one line that a user reads.
func (e *Error) Error() string {
	says := e.Words.Says[e.Kind]
	if e.Kind == Lost && !e.Words.Writes(e.Call) { // nothing was to be done, so there is nothing to read
		says.Next = e.Words.Says[Unreachable].Next
	}
	says.Next = cmp.Or(e.Next, says.Next)
	return fmt.Sprintf("device %q at %s: %s: %s: %v; %s", e.Device, e.Address, e.Call, says.What, e.Err, says.Next)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Refused reports whether the device did not do what it was asked, by its own word or by what was read. It may have done
// some or all of it all the same.
func (e *Error) Refused() bool {
	switch e.Kind {
	case Refused, Unauthenticated, Unsupported, Untrue, Degraded:
		return true
	}
	return false
}

// Lost reports whether the request was sent and its outcome is not known.
func (e *Error) Lost() bool { return e.Kind == Lost }

// Unsent reports whether the device cannot have changed anything.
func (e *Error) Unsent() bool {
	switch e.Kind {
	case Unreachable, Untrusted, TooLarge, Locked:
		return true
	}
	return false
}

// Permanent reports whether the same call will fail again until somebody changes something.
func (e *Error) Permanent() bool {
	switch e.Kind {
	case Lost, Unreachable, Locked, Degraded:
		return false
	}
	return true
}
