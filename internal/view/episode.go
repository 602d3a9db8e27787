package view

import (
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

// An Episode is one device's drift from its first leaf to in sync again.
type Episode struct {
	ID          string
	Device      intent.DeviceName
	Opened      time.Time
	Closed      time.Time // zero while it is open; a device has at most one open episode
	Mode        string    // observe, propose, enforce
	Findings    []event.Finding
	Total       int // of findings, also those left out
	Plan        string
	Run         string
	By          string // who closed it: tenter, device, stranger
	Reason      string
	Correlation string
}

// An EpisodeQuery selects episodes, the newest first. Its zero value selects the newest 100.
type EpisodeQuery struct {
	Device intent.DeviceName
	Open   bool      // only open ones
	Since  time.Time // only those opened later
	Limit  int
}
