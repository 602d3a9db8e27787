package run

// A Timing is what is recorded of a run about when it may write.
type Timing struct {
	ByHand     bool `json:"by_hand,omitempty"`     // a person wanted it to be run then, and did not only approve it
	BreakGlass bool `json:"break_glass,omitempty"` // a person broke the glass: neither freeze nor windows stop it
	// Waits says that a freeze or a window paused the run, which goes on by itself when that is over.
	Waits bool `json:"waits,omitempty"`
}
