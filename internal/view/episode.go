package view

import (
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

// An Episode is one device's drift from its first leaf to in sync again.
type Episode struct {
	ID          string            `json:"id"`
	Device      intent.DeviceName `json:"device"`
	Opened      time.Time         `json:"opened"`
	Closed      time.Time         `json:"closed,omitzero"` // zero while it is open; a device has at most one open episode
	Mode        string            `json:"mode"`            // observe, adopt, propose, enforce
	Findings    []event.Finding   `json:"findings"`
	Total       int               `json:"total"` // of findings, also those left out
	Plan        string            `json:"plan,omitempty"`
	Run         string            `json:"run,omitempty"`
	By          string            `json:"by,omitempty"` // who closed it: tenter, device, stranger, reading, intents, adopted
	Reason      string            `json:"reason,omitempty"`
	Correlation string            `json:"correlation,omitempty"`
	Severity    string            `json:"severity,omitempty"` // how bad it is by the drift policy: that of its worst finding
	Rule        string            `json:"rule,omitempty"`     // of the policy's table, that Reason comes from
	// Hand is whose hand it was, as far as that is known: one of the Hands; HandDetail says why in a sentence.
	Hand       string    `json:"hand,omitempty"`
	HandDetail string    `json:"hand_detail,omitempty"`
	Grace      time.Time `json:"grace,omitzero"` // until when a part of it is only observed, as what drifted was written only lately
}

// The hands that change what Tenter wrote.
const (
	HandRestart = "restart" // the device's own: it started anew
	HandExpired = "expired" // the device's own: nobody confirmed a commit in time, and it went back
	HandRun     = "run"     // a run of Tenter's, which left it behind
	HandUnknown = "unknown" // nothing tells whose: a stranger's, or the device's own
)

// An EpisodeQuery selects episodes, the newest first. Its zero value selects the newest 100.
type EpisodeQuery struct {
	Device intent.DeviceName
	Open   bool      // only open ones
	Since  time.Time // only those opened later
	Limit  int
}
