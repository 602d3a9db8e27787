package run

import "github.com/tenter-net/tenter/internal/intent"

// A Timing is what is recorded of a run about when it may write.
type Timing struct {
	ByHand     bool `json:"by_hand,omitempty"`     // a person wanted it to be run then, and did not only approve it
	BreakGlass bool `json:"break_glass,omitempty"` // a person broke the glass: neither freeze nor windows stop it
	// Late are the devices for which it was not the time when the run began.
	Late []intent.DeviceName `json:"late,omitempty"`
	// Waits says that a freeze or a window paused the run, which goes on by itself when that is over.
	Waits bool `json:"waits,omitempty"`
}
