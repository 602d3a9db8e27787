package view

import "time"

// A Lock is a lease that somebody holds, as people see it. Times are on the store's clock.
type Lock struct {
	Name    string        `json:"name"`              // the lease's key
	What    string        `json:"what"`              // that it is for
	Holder  Worker        `json:"holder"`            // only its name, when nothing else is known
	Doing   string        `json:"doing,omitempty"`   // what the holder does under it now: a run, watching
	Since   time.Time     `json:"since,omitzero"`    // zero when nobody knows
	Age     time.Duration `json:"age_ns,omitempty"`  // when it was read
	Until   time.Time     `json:"until"`             // unless it is renewed
	Token   int64         `json:"token"`             // grows with every change of hands
	Elected bool          `json:"elected,omitempty"` // it was won by an election
}
