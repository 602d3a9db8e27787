package event

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// PlanGenerated says that a plan stands and what it would change.
type PlanGenerated struct {
	Plan          string       `json:"plan" jsonschema:"minLength=1"`
	Content       string       `json:"content"`                        // hash of the changes and their base
	Cause         string       `json:"cause" jsonschema:"minLength=1"` // intent, drift, manual, schedule
	Devices       []PlanDevice `json:"devices,omitempty"`
	Risk          string       `json:"risk,omitempty"`
	Score         int          `json:"score,omitempty"` // of the risk, 0 to 100
	Risks         []string     `json:"risks,omitempty"` // why, the worst first, ten at most
	NeedsApproval bool         `json:"needs_approval,omitempty"`
	Reason        string       `json:"reason,omitempty"`
	Episode       string       `json:"episode,omitempty"`
	Generation    string       `json:"generation,omitempty"`
	Expires       time.Time    `json:"expires,omitzero"` // when it can not be approved any more
	Votes         []Vote       `json:"votes,omitempty"`  // of the validators, of a plan that was to run without asking

	Needs []ApprovalNeed `json:"needs,omitempty"` // what the policies in force ask for
	// Requester is who made the plan by hand; empty for nobody.
	Requester string `json:"requester,omitempty"`
}

// PlanDevice counts a plan's changes on one device.
type PlanDevice struct {
	Device intent.DeviceName `json:"device"`
	Add    int               `json:"add"`
	Change int               `json:"change"`
	Delete int               `json:"delete"`
}

// PlanExpired says that a plan can not be run any more, and why.
type PlanExpired struct {
	Plan   string `json:"plan" jsonschema:"minLength=1"`
	Reason string `json:"reason"`
}

// ApplyStarted says that a run of a plan was committed.
type ApplyStarted struct {
	Run     string              `json:"run" jsonschema:"minLength=1"`
	Plan    string              `json:"plan"`
	Devices []intent.DeviceName `json:"devices,omitempty"`
	Cause   string              `json:"cause"`
	Episode string              `json:"episode,omitempty"`
	// OnFailure is what becomes of the devices when one fails: stop, rollback-device, rollback-all.
	OnFailure string `json:"on_failure,omitempty"`
	Votes     []Vote `json:"votes,omitempty"` // of the validators, where nobody approved the plan before
	// BreakGlass is why somebody ran it without what it needed; empty for a run that had that.
	BreakGlass string `json:"break_glass,omitempty"`
}

// StepCompleted says how one step of a run ended on one device.
type StepCompleted struct {
	Run     string            `json:"run" jsonschema:"minLength=1"`
	Device  intent.DeviceName `json:"device" jsonschema:"minLength=1"`
	Step    string            `json:"step" jsonschema:"minLength=1"`
	Outcome string            `json:"outcome"`
	Detail  string            `json:"detail,omitempty"`
	Next    string            `json:"next,omitempty"` // the step that the device is at now; ended for none
	State   *DeviceState      `json:"state,omitempty"`
}

// ApplyCompleted says that a run ended without a failure; Outcome is partial when devices are left.
type ApplyCompleted struct {
	Run      string        `json:"run" jsonschema:"minLength=1"`
	Plan     string        `json:"plan"`
	Cause    string        `json:"cause"`
	Episode  string        `json:"episode,omitempty"`
	Outcome  string        `json:"outcome"` // done, partial
	Devices  []RunDevice   `json:"devices,omitempty"`
	Duration time.Duration `json:"duration_ns"`
	Reason   string        `json:"reason,omitempty"`      // of partial: the devices on which it is not done
	Used     string        `json:"plan_status,omitempty"` // what became of the plan: done, stale
}

// ApplyFailed says that a run ended with a failure.
type ApplyFailed struct {
	Run      string        `json:"run" jsonschema:"minLength=1"`
	Plan     string        `json:"plan"`
	Cause    string        `json:"cause"`
	Episode  string        `json:"episode,omitempty"`
	Outcome  string        `json:"outcome"`
	Devices  []RunDevice   `json:"devices,omitempty"`
	Duration time.Duration `json:"duration_ns"`
	Error    string        `json:"error"`
	Used     string        `json:"plan_status,omitempty"` // what became of the plan: done, stale
}

// RunDevice is the outcome of a run on one device.
type RunDevice struct {
	Device  intent.DeviceName `json:"device"`
	Outcome string            `json:"outcome"`
	Changes int               `json:"changes"`
	Detail  string            `json:"detail,omitempty"`
}

// RolledBack says that a device was put back, whether reading it proved that, and what is left as it was not ours any more.
type RolledBack struct {
	Run    string            `json:"run" jsonschema:"minLength=1"`
	Device intent.DeviceName `json:"device" jsonschema:"minLength=1"`
	Proven bool              `json:"proven"`
	Left   []string          `json:"left,omitempty"` // paths
}

// The verdicts of a Vote.
const (
	VoteYes  = "yes"
	VoteNo   = "no"
	VoteNone = "none" // it did not answer, or could not say
)

// Vote is what one validator said of a plan that was to be approved.
type Vote struct {
	Validator string        `json:"validator"` // schema, policy, device
	Verdict   string        `json:"verdict"`   // yes, no, none
	Reason    string        `json:"reason,omitempty"`
	Took      time.Duration `json:"took_ns"`
}

// Command asks the reconciler for work, or a run that is under way to pause, go on or end.
type Command struct {
	Verb     string              `json:"verb" jsonschema:"minLength=1"` // plan, reconcile; pause, resume, abort, confirm, cancel with Run
	Run      string              `json:"run,omitempty"`
	Devices  []intent.DeviceName `json:"devices,omitempty"`
	Labels   map[string]string   `json:"labels,omitempty"`
	Schedule string              `json:"schedule,omitempty"` // the Schedule document that is due
	Reason   string              `json:"reason,omitempty"`
}

// CommandAck says what became of a command that was given to a run: the event's causation is the command.
type CommandAck struct {
	Verb    string `json:"verb" jsonschema:"minLength=1"`
	Run     string `json:"run" jsonschema:"minLength=1"`
	Outcome string `json:"outcome"` // done, refused
	Reason  string `json:"reason,omitempty"`
	// How the run stands then, if it has not ended, and why: running, paused.
	Status   string `json:"run_status,omitempty"`
	Standing string `json:"run_reason,omitempty"`
}
