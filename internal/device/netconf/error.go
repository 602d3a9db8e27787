package netconf

import "github.com/tenter-net/tenter/internal/device/fault"

// writes reports whether the operation changes the device (RFC 6241, section 7).
func writes(operation string) bool {
	switch operation {
	case "connect", "hello", "wait", "get", "get-config", "lock", "unlock", "validate":
		return false
	}
	return true
}

// words are what a user reads about each kind, and what to do then.
var words = fault.Words{Writes: writes, Says: map[fault.Kind]fault.Saying{
	fault.Refused:         {What: "refused", Next: "the device's own log says more"},
	fault.Lost:            {What: "no answer", Next: "read the device to see what it did"},
	fault.Unreachable:     {What: "unreachable", Next: "check the address, the route to it and that the device's NETCONF server is enabled"},
	fault.Unauthenticated: {What: "login failed", Next: "check the user, password and private key in Tenter's settings, and what the device lets that user do"},
	fault.Untrusted:       {What: "not connected", Next: "check the ssh entry in Tenter's settings against what the device's console shows"},
	fault.TooLarge:        {What: "too large", Next: "raise limits.maxMessage in the profile, or narrow the scope"},
	fault.Unsupported:     {What: "not supported", Next: "choose a profile that fits the device"},
	fault.Locked:          {What: "locked", Next: "end that session on the device, or wait for it"},
	fault.Untrue:          {What: "answered ok and did not do it", Next: "read the device; its profile must say what it does not do"},
}}

func (s *Session) failure(call string, kind fault.Kind, err error) *fault.Error {
	return &fault.Error{Device: s.cfg.Name, Address: s.cfg.Address, Call: call, Kind: kind, Words: &words, Err: err}
}
