package view

import (
	"encoding/json"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// The states of a plan.
const (
	PlanOpen     = "open"
	PlanApproved = "approved"
	PlanRejected = "rejected"
	PlanRunning  = "running"
	PlanDone     = "done"
	PlanExpired  = "expired"
	PlanStale    = "stale"
)

// A Plan is a stored plan.
type Plan struct {
	ID          string              `json:"id"`
	Content     string              `json:"content"` // hash of the changes and their base: at most one open plan has it
	Status      string              `json:"status"`
	Reason      string              `json:"reason,omitempty"` // of the last change of status
	Cause       string              `json:"cause"`
	Episode     string              `json:"episode,omitempty"`
	Generation  string              `json:"generation,omitempty"`
	Correlation string              `json:"correlation,omitempty"`
	Created     time.Time           `json:"created"`
	Expires     time.Time           `json:"expires,omitzero"` // zero for never
	Devices     []intent.DeviceName `json:"devices"`
	Body        json.RawMessage     `json:"body,omitempty"`
}

// A PlanQuery selects plans, the newest first. Its zero value selects the newest 100.
type PlanQuery struct {
	Status  []string // any of them
	Device  intent.DeviceName
	Episode string
	Limit   int
	Bodies  bool // with their bodies, which may be large; else these are empty
}

// The states of a run.
const (
	RunRunning    = "running"
	RunDone       = "done"
	RunPartial    = "partial"
	RunFailed     = "failed"
	RunRolledBack = "rolled_back"
)

// A Run is one execution of a plan.
type Run struct {
	ID          string          `json:"id"`
	Plan        string          `json:"plan,omitempty"`
	Status      string          `json:"status"`
	Reason      string          `json:"reason,omitempty"`
	Cause       string          `json:"cause"`
	Episode     string          `json:"episode,omitempty"`
	Correlation string          `json:"correlation,omitempty"`
	Created     time.Time       `json:"created"`
	Ended       time.Time       `json:"ended,omitzero"`
	Body        json.RawMessage `json:"body,omitempty"`
}

// A RunQuery selects runs, the newest first. Its zero value selects the newest 100.
type RunQuery struct {
	Status []string // any of them
	Plan   string
	Limit  int
}

// A RunDevice is where a run stands on one device. Step is recorded before it is acted on.
type RunDevice struct {
	Run     string            `json:"-"`
	Device  intent.DeviceName `json:"device"`
	Step    string            `json:"step"`
	Outcome string            `json:"outcome,omitempty"` // empty while it runs
	Detail  string            `json:"detail,omitempty"`
	State   json.RawMessage   `json:"state,omitempty"` // of the step machine
	Updated time.Time         `json:"updated,omitzero"`
}
