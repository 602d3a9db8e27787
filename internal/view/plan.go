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
	ID          string
	Content     string // hash of the changes and their base: at most one open plan has it
	Status      string
	Reason      string // of the last change of status
	Cause       string
	Episode     string
	Generation  string
	Correlation string
	Created     time.Time
	Expires     time.Time // zero for never
	Devices     []intent.DeviceName
	Body        json.RawMessage
}

// A PlanQuery selects plans, the newest first. Its zero value selects the newest 100.
type PlanQuery struct {
	Status  []string // any of them
	Device  intent.DeviceName
	Episode string
	Limit   int
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
	ID          string
	Plan        string
	Status      string
	Reason      string
	Cause       string
	Episode     string
	Correlation string
	Created     time.Time
	Ended       time.Time
	Body        json.RawMessage
}

// A RunQuery selects runs, the newest first. Its zero value selects the newest 100.
type RunQuery struct {
	Status []string // any of them
	Plan   string
	Limit  int
}

// A RunDevice is where a run stands on one device. Step is recorded before it is acted on.
type RunDevice struct {
	Run     string
	Device  intent.DeviceName
	Step    string
	Outcome string // empty while it runs
	Detail  string
	State   json.RawMessage // of the step machine
	Updated time.Time
}
