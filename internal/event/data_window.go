package event

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// Window tells that a window opened or closed.
type Window struct {
	Window  string              `json:"window" jsonschema:"minLength=1"` // the document's name
	Mode    string              `json:"mode" jsonschema:"enum=allow,enum=deny"`
	Devices []intent.DeviceName `json:"devices,omitempty"` // that it concerns
	At      time.Time           `json:"at"`                // when it opened or closed, which may be a while ago if nobody looked
	Turns   time.Time           `json:"turns,omitzero"`    // when it closes or opens next; absent for never
	Reason  string              `json:"reason,omitempty"`  // unless the clock is: the document changed
}

// Freeze tells that the whole fabric is frozen, or not any more.
type Freeze struct {
	Until  time.Time `json:"until"`
	Reason string    `json:"reason" jsonschema:"minLength=1"`
	By     string    `json:"by,omitempty"` // who froze it, where somebody else tells
}

// Unlocked tells that a lock was taken away from its holder, whose work under it cannot be recorded any more.
type Unlocked struct {
	Lock   string        `json:"lock" jsonschema:"minLength=1"` // device/NAME, watch/NAME, run/NAME, or an election
	Holder string        `json:"holder"`                        // the worker
	Doing  string        `json:"doing,omitempty"`               // what it did
	Held   time.Duration `json:"held_ns,omitempty"`             // for how long
	Reason string        `json:"reason" jsonschema:"minLength=1"`
}
