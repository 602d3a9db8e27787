package event

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// Approval is a request for, or the decision on, one plan. The decision's author is the event's actor.
type Approval struct {
	Plan    string              `json:"plan" jsonschema:"minLength=1"`
	Content string              `json:"content,omitempty"`
	Devices []intent.DeviceName `json:"devices,omitempty"`
	Reason  string              `json:"reason,omitempty"`
	Episode string              `json:"episode,omitempty"`
	Votes   []Vote              `json:"votes,omitempty"` // of the validators
	// Of a denial: validators were against it now; the plan can be approved later. Of a grant: more approvals are needed.
	Waits bool `json:"waits,omitempty"`
	// Of a request: the plan was approved, and that is not enough any more.
	Again bool `json:"again,omitempty"`
	// What the policies in force ask for, and who has approved the plan so far.
	Needs []ApprovalNeed `json:"needs,omitempty"`
	Given []Approver     `json:"given,omitempty"`
}

// ApprovalNeed is what one ApprovalPolicy asks of a plan.
type ApprovalNeed struct {
	Policy        string        `json:"policy"`
	Source        string        `json:"source,omitempty"` // file:line of the document
	Deny          bool          `json:"deny,omitempty"`   // it never runs; then nothing else is said
	Approvals     int           `json:"approvals,omitempty"`
	Groups        []string      `json:"groups,omitempty"`            // whose approvals count; everybody's for none
	ExpiresAfter  time.Duration `json:"expires_after_ns,omitempty"`  // how long an approval counts; 0 for as long as the plan waits
	EscalateAfter time.Duration `json:"escalate_after_ns,omitempty"` // 0 for never
	EscalateTo    []string      `json:"escalate_to,omitempty"`       // whose approvals count too from then on
	Reason        string        `json:"reason,omitempty"`            // the document's own
}

// Approver is who approved a plan, and when.
type Approver struct {
	Name   string    `json:"name"`
	Groups []string  `json:"groups,omitempty"` // that the person was in then
	Via    string    `json:"via,omitempty"`    // how the person proved it: socket, token, self
	At     time.Time `json:"at"`
}

// ApprovalOverridden says that somebody ran a plan without what it needed: approvals, or a window that is open.
type ApprovalOverridden struct {
	Plan    string              `json:"plan" jsonschema:"minLength=1"`
	Devices []intent.DeviceName `json:"devices,omitempty"`
	Reason  string              `json:"reason" jsonschema:"minLength=1"` // the person's own
	Missing string              `json:"missing,omitempty"`               // what stood against the run
	Episode string              `json:"episode,omitempty"`
}

// Token says that somebody was given access to the API, or that it was taken away. The token itself is never told.
type Token struct {
	ID      string    `json:"id" jsonschema:"minLength=1"`
	User    string    `json:"user" jsonschema:"minLength=1"`
	Role    string    `json:"role"`
	Groups  []string  `json:"groups,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}
