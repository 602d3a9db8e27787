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
	Mode        string            `json:"mode"`            // observe, propose, enforce
	Findings    []event.Finding   `json:"findings"`
	Total       int               `json:"total"` // of findings, also those left out
	Plan        string            `json:"plan,omitempty"`
	Run         string            `json:"run,omitempty"`
	By          string            `json:"by,omitempty"` // who closed it: tenter, device, stranger, reading, intents
	Reason      string            `json:"reason,omitempty"`
	Correlation string            `json:"correlation,omitempty"`
}

// An EpisodeQuery selects episodes, the newest first. Its zero value selects the newest 100.
type EpisodeQuery struct {
	Device intent.DeviceName
	Open   bool      // only open ones
	Since  time.Time // only those opened later
	Limit  int
}
