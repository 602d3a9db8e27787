package event

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// BatchStarted says that a run begins the next of several batches of its devices, in the order that it had recorded.
type BatchStarted struct {
	Run     string              `json:"run" jsonschema:"minLength=1"`
	Batch   int                 `json:"batch"` // from 1
	Of      int                 `json:"of"`    // batches
	Canary  bool                `json:"canary,omitempty"`
	Devices []intent.DeviceName `json:"devices,omitempty"`
	Reason  string              `json:"reason,omitempty"` // why these
}

// BatchWaits says that a run pauses before its next batch, as a Rollout asks for.
type BatchWaits struct {
	Run      string    `json:"run" jsonschema:"minLength=1"`
	Batch    int       `json:"batch"` // the next one, from 1
	Of       int       `json:"of"`    // batches
	Until    time.Time `json:"until"`
	Standing string    `json:"standing,omitempty"` // how the run is shown meanwhile
}
