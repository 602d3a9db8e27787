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
	Mode      string            `json:"mode"`           // observe, adopt, propose, enforce
	Reason    string            `json:"reason,omitempty"`
	FirstSeen time.Time         `json:"first_seen"`
	Held      string            `json:"held,omitempty"`     // why it is not put back; empty while nothing stands against that
	Plan      string            `json:"plan,omitempty"`     // the one that puts it back
	Run       string            `json:"run,omitempty"`      // of that plan
	Severity  string            `json:"severity,omitempty"` // by the drift policy: that of the worst finding
	Rule      string            `json:"rule,omitempty"`     // of the policy's table, that Held comes from
	// Hand is whose hand it was, as far as that is known: restart, expired (a commit that nobody confirmed in time), run (one of Tenter's
	// before), unknown; HandDetail says why in a sentence.
	Hand       string       `json:"hand,omitempty"`
	HandDetail string       `json:"hand_detail,omitempty"`
	Grace      time.Time    `json:"grace,omitzero"` // until when a part of it is only observed, as what drifted was written only lately
	Next       string       `json:"next,omitempty"` // the command that somebody has to run next
	State      *DeviceState `json:"state,omitempty"`
}

// Finding is one leaf or list entry that is not as it was applied.
type Finding struct {
	Path   string `json:"path"`
	Class  string `json:"class"`            // missing, changed, unexpected, conflict, unreadable
	Before string `json:"before,omitempty"` // as applied, for people
	After  string `json:"after,omitempty"`  // as observed, for people
	Source string `json:"source,omitempty"` // file:line
	Mode   string `json:"mode,omitempty"`   // of the drift policy, where it is not the episode's
}

// DriftRemediated closes an episode: the device is in sync again.
type DriftRemediated struct {
	Episode  string            `json:"episode" jsonschema:"minLength=1"`
	Device   intent.DeviceName `json:"device" jsonschema:"minLength=1"`
	Plan     string            `json:"plan,omitempty"`
	Run      string            `json:"run,omitempty"`
	By       string            `json:"by"` // tenter, device, stranger; reading when that showed what the stream did not tell; intents when these do not have the device any more; adopted when they want now what it has
	Findings []Finding         `json:"findings,omitempty"`
	Duration time.Duration     `json:"duration_ns"`
	Severity string            `json:"severity,omitempty"` // of the drift that is over
	State    *DeviceState      `json:"state,omitempty"`
}

// DriftAdopted tells that the intents want by now what somebody had changed on a device.
type DriftAdopted struct {
	Episode  string            `json:"episode" jsonschema:"minLength=1"`
	Device   intent.DeviceName `json:"device" jsonschema:"minLength=1"`
	Findings []Finding         `json:"findings,omitempty"` // as they were last
	Commit   string            `json:"commit,omitempty"`   // of the intents that took it over; empty where they are in no git
	Author   string            `json:"author,omitempty"`   // of the commit
}

// DriftReleased tells that somebody has looked at drift that went round in circles: what was put back before counts no more.
type DriftReleased struct {
	Device intent.DeviceName `json:"device" jsonschema:"minLength=1"`
	Reason string            `json:"reason"`
}
