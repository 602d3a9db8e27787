package event

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// Drift is the state of one device's drift episode. Values of secret leaves are digests.
type Drift struct {
	Episode   string            `json:"episode" jsonschema:"minLength=1"`
	Device    intent.DeviceName `json:"device" jsonschema:"minLength=1"`
	Findings  []Finding         `json:"findings,omitempty"` // shortened when there are very many; Total is not
	Total     int               `json:"total"`
	News      int               `json:"news,omitempty"` // of drift.updated: paths that the episode did not have before
	Mode      string            `json:"mode"`           // observe, propose, enforce
	Reason    string            `json:"reason,omitempty"`
	FirstSeen time.Time         `json:"first_seen"`
	Held      string            `json:"held,omitempty"` // why it is not put back; empty while nothing stands against that
	Plan      string            `json:"plan,omitempty"` // the one that puts it back
	Run       string            `json:"run,omitempty"`  // of that plan
	State     *DeviceState      `json:"state,omitempty"`
}

// Finding is one leaf or list entry that is not as it was applied.
type Finding struct {
	Path   string `json:"path"`
	Class  string `json:"class"`            // missing, changed, unexpected, conflict, unreadable
	Before string `json:"before,omitempty"` // as applied, for people
	After  string `json:"after,omitempty"`  // as observed, for people
	Source string `json:"source,omitempty"` // file:line
}

// DriftRemediated closes an episode: the device is in sync again.
type DriftRemediated struct {
	Episode  string            `json:"episode" jsonschema:"minLength=1"`
	Device   intent.DeviceName `json:"device" jsonschema:"minLength=1"`
	Plan     string            `json:"plan,omitempty"`
	Run      string            `json:"run,omitempty"`
	By       string            `json:"by"` // tenter, device, stranger; reading when that showed what the stream did not tell; intents when these do not have the device any more
	Findings []Finding         `json:"findings,omitempty"`
	Duration time.Duration     `json:"duration_ns"`
	State    *DeviceState      `json:"state,omitempty"`
}
