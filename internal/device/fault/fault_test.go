package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/device/fault"
)

var words = fault.Words{
	Writes: func(call string) bool { return call == "set" },
	Says: map[fault.Kind]fault.Saying{
		fault.Lost:        {What: "no answer", Next: "read the device to see what it did"},
		fault.Unreachable: {What: "unreachable", Next: "check the address"},
		fault.Locked:      {What: "locked", Next: "end that session on the device, or wait for it"},
	},
}

// What an engine may do after each kind: a request that may have changed the device is never taken for one that did not.
func TestKinds(t *testing.T) {
	for kind, want := range map[fault.Kind]string{
		fault.Refused:         "refused permanent",
		fault.Lost:            "lost",
		fault.Unreachable:     "unsent",
		fault.Unauthenticated: "refused permanent",
		fault.Untrusted:       "unsent permanent",
		fault.TooLarge:        "unsent permanent",
		fault.Unsupported:     "refused permanent",
		fault.Locked:          "unsent",
		fault.Untrue:          "refused permanent",
		fault.Degraded:        "refused",
	} {
		e := &fault.Error{Kind: kind}
		var got []string
		for _, is := range []struct {
			name string
			is   bool
		}{{"refused", e.Refused()}, {"lost", e.Lost()}, {"unsent", e.Unsent()}, {"permanent", e.Permanent()}} {
			if is.is {
				got = append(got, is.name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("kind %d is %v, want %s", kind, got, want)
		}
	}
}

// Whoever lost the answer to a reading has nothing to look for on the device.
func TestLost(t *testing.T) {
	for call, want := range map[string]string{"set": "read the device to see what it did", "get": "check the address"} {
		e := &fault.Error{Device: "leaf1", Call: call, Kind: fault.Lost, Words: &words, Err: errors.New("EOF")}
		if !strings.HasSuffix(e.Error(), "no answer: EOF; "+want) {
			t.Errorf("%s: %v", call, e)
		}
	}
}

func Example() {
	err := error(&fault.Error{
		Device: "leaf1", Address: "192.0.2.1:830", Call: "lock", Kind: fault.Locked, Words: &words, Err: errors.New("candidate: by session 7"),
	})
	var e *fault.Error
	fmt.Println(err)
	fmt.Println(errors.As(err, &e) && e.Unsent())
	// Output:
	// device "leaf1" at 192.0.2.1:830: lock: locked: candidate: by session 7; end that session on the device, or wait for it
	// true
}
