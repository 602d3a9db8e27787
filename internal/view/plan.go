package view

import (
	"encoding/json"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

// A PlanStatus is how far a plan has come.
type PlanStatus string

// The states of a plan.
const (
	PlanOpen     PlanStatus = "open"
	PlanApproved PlanStatus = "approved"
	PlanRejected PlanStatus = "rejected"
	PlanRunning  PlanStatus = "running"
	PlanDone     PlanStatus = "done"
	PlanExpired  PlanStatus = "expired"
	PlanStale    PlanStatus = "stale"
)

// A Plan is a stored plan.
type Plan struct {
	ID          string              `json:"id"`
	Content     string              `json:"content"` // hash of the changes and their base: at most one open plan has it
	Status      PlanStatus          `json:"status"`
	Reason      string              `json:"reason,omitempty"` // of the last change of status
	Cause       string              `json:"cause"`
	Episode     string              `json:"episode,omitempty"`
	Generation  string              `json:"generation,omitempty"`
	Correlation string              `json:"correlation,omitempty"`
	Created     time.Time           `json:"created"`
	Expires     time.Time           `json:"expires,omitzero"` // zero for never
	Devices     []intent.DeviceName `json:"devices"`
	Votes       []event.Vote        `json:"votes,omitempty"` // of the validators, when it was last to be approved

	Requester string               `json:"requester,omitempty"` // who made it by hand; empty for nobody
	Needs     []event.ApprovalNeed `json:"needs,omitempty"`     // what the policies asked for when that was counted last
	Given     []event.Approver     `json:"given,omitempty"`     // who has approved it, the first first
	Escalated time.Time            `json:"escalated,omitzero"`  // when others were told that it waits

	Body json.RawMessage `json:"body,omitempty"`
}

// A PlanQuery selects plans, the newest first. Its zero value selects the newest 100.
type PlanQuery struct {
	Status  []PlanStatus // any of them
	Device  intent.DeviceName
	Episode string
	Limit   int
	Bodies  bool // with their bodies, which may be large; else these are empty
}

// A RunStatus is how far a run has come, or how it ended.
type RunStatus string

// The states of a run.
const (
	RunRunning    RunStatus = "running"
	RunPaused     RunStatus = "paused" // begins nothing new until somebody resumes it
	RunDone       RunStatus = "done"
	RunPartial    RunStatus = "partial"
	RunFailed     RunStatus = "failed"
	RunRolledBack RunStatus = "rolled-back" // nothing of it is left on its devices, as reading has proven
	RunAborted    RunStatus = "aborted"     // a person ended it; what was done before is there
)

// A Run is one execution of a plan.
type Run struct {
	ID          string          `json:"id"`
	Plan        string          `json:"plan,omitempty"`
	Status      RunStatus       `json:"status"`
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
	Status []RunStatus // any of them
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

// A RunStand is where a run that is not over stands on one device.
type RunStand struct {
	Run    string
	Status RunStatus // of the run as a whole
	Device intent.DeviceName
	Step   string
}
