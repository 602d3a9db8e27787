package view

import "time"

// A Freeze stops all writing to a fabric for a time. The zero value is none.
type Freeze struct {
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by,omitempty"` // the person
	Since  time.Time `json:"since,omitzero"`
	Event  string    `json:"event,omitempty"` // that told of it
}

// At reports whether the freeze stops writing at t.
func (f Freeze) At(t time.Time) bool { return t.Before(f.Until) }

// A Window is what was told last of one Window document.
type Window struct {
	Name  string
	Open  bool
	Since time.Time // when it opened, if it is open
	Turn  time.Time // when it was to turn next; zero for never
}
