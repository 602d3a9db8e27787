package view

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Worker is a process at work, as the store knows it. Times are on the store's clock.
type Worker struct {
	Name      string    `json:"name"`
	Token     int64     `json:"token"`     // grows with every process that joins under the name
	Operation string    `json:"operation"` // "serve", or the command that it carries out
	Roles     []string  `json:"roles"`
	Host      string    `json:"host,omitempty"`
	Process   int       `json:"process,omitempty"` // its number there
	Joined    time.Time `json:"joined"`
	Expires   time.Time `json:"expires"` // unless it is renewed

	// For and Left are how long it has been there and how long it will be unless renewed, when it was read. Left is not
	// positive for one that died.
	For  time.Duration `json:"for_ns"`
	Left time.Duration `json:"left_ns"`
}

// OperationServe is the operation of a process that does, for as long as it runs, what events ask for.
const OperationServe = "serve"

// Live reports whether the worker's leases were valid when it was read.
func (w Worker) Live() bool { return w.Left > 0 }

// A Claim is a lease of a worker, valid for as long as the worker is.
type Claim struct {
	Lease
	Incarnation int64     // the token that its holder had
	Since       time.Time // when it was claimed, on the store's clock
	Live        bool      // it was valid when it was read
}

// A HeldError says that another worker has the lease that was asked for.
type HeldError struct {
	Key    string
	Holder Worker // only its name, when nothing else is known
}

// Error names the lock and who has it, what it does, and since when.
func (e *HeldError) Error() string {
	const next = "; next: tenter run locks"
	if e.Holder.Operation == "" {
		return fmt.Sprintf("%s is locked by worker %s%s", e.Key, e.Holder.Name, next)
	}
	return fmt.Sprintf("%s is locked by %s, since %s (for %s)%s", e.Key, e.Holder, e.Holder.Joined.UTC().Format(time.RFC3339), e.Holder.For.Round(time.Second), next)
}

// String names the worker, its process and what that does.
func (w Worker) String() string {
	process := ""
	if w.Process != 0 {
		process = fmt.Sprintf(" (process %d on %s)", w.Process, w.Host)
	}
	return fmt.Sprintf("worker %s%s running tenter %s", w.Name, process, w.Operation)
}

// An Ask is what one worker wants to have done by whoever serves a device.
type Ask struct {
	ID       string // the asker's choice; asking again under the name of an open one changes nothing
	Device   intent.DeviceName
	Verb     string
	Body     json.RawMessage
	Asker    string
	Asked    time.Time // on the store's clock
	Answered time.Time // likewise; zero while it is open
	Answer   json.RawMessage
	Error    string // why it could not be done
}
