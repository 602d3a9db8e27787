package plan

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// FormatVersion is the version of a plan's JSON form. It grows when a reader of the old form would misread the new one.
const FormatVersion = 1

// An ID names a plan: the hash of its content and of what caused it, so one cause never makes two plans of the same
// content, and the same content for a new cause is a new plan.
type ID string

// An Action is what happens to a leaf.
type Action string

// The actions. A leaf that is replaced stays as it is, but is sent again as part of a list whose order changes.
const (
	Add     Action = "add"
	Modify  Action = "change"
	Delete  Action = "delete"
	Replace Action = "replace"
)

// A Trigger is why a plan was made, or why one of its changes is in it.
type Trigger string

// The triggers.
const (
	ByIntent   Trigger = "intent"
	ByDrift    Trigger = "drift"
	ByManual   Trigger = "manual"
	BySchedule Trigger = "schedule"
)

// A Part is which of the differences a plan is to take away.
type Part string

// The parts.
const (
	Whole   Part = ""        // all: the device is to be as the intents want it
	Pending Part = "pending" // what was never rolled out: drift is for the drift policy to decide about
	Remedy  Part = "remedy"  // what drifted: restores what was applied, and ships nothing of what was not
	Heeding Part = "heeding" // all but the drift that the drift policy wants to be left alone
	Restore Part = "restore" // all that Tenter may write: the device is to be as in a backup, whatever the intents want
	Reverse Part = "reverse" // what a run wrote: the device is to be as before it, whatever the intents want
)

// A Cause is why a plan was made. Ref identifies this one occasion: the generation, the drift episode or the event.
type Cause struct {
	Trigger Trigger `json:"trigger"`
	Ref     string  `json:"ref,omitempty"`
	Part    Part    `json:"part,omitempty"`
	Attempt int     `json:"attempt,omitempty"` // 0 unless the same occasion may make the same plan again
}

// A Plan is what is to change on a set of devices. It holds no secret.
type Plan struct {
	FormatVersion int    `json:"format_version"`
	ID            ID     `json:"id"`
	Content       string `json:"content"` // hash of all changes and of the state they were computed against
	Cause         Cause  `json:"cause"`
	Generation    string `json:"generation"`        // of the intents
	Commit        string `json:"commit,omitempty"`  // of the intents in git
	Author        string `json:"author,omitempty"`  // of that commit; empty for files that nobody committed
	Subject       string `json:"subject,omitempty"` // the first line of its message
	Policy        string `json:"policy,omitempty"`  // hash of the policy documents in force: PolicyHash
	// Partial says that only some of the fabric's devices were asked for: then it tells nothing of the others. FabricDevices
	// is how many there are, 0 if that is not known.
	Partial       bool         `json:"partial,omitempty"`
	FabricDevices int          `json:"fabric_devices,omitempty"`
	Risk          Risk         `json:"risk"`              // the level of Score
	Score         int          `json:"score"`             // 0 to 100
	Reasons       []RiskReason `json:"reasons,omitempty"` // of the score, the worst first
	Devices       []DevicePlan `json:"devices"`           // sorted by name; also those that have nothing to change but notes
	// Of a plan that is kept outside of the store: until when it may be used, and a hash that binds that, the intents and the
	// plan together.
	Expires time.Time `json:"expires,omitzero"`
	Binding string    `json:"binding,omitempty"`
	// Seal is what only the installation that made the plan can write: nobody else can change what the plan says of itself, its
	// risk among it.
	Seal string `json:"seal,omitempty"`
}

// A DevicePlan is what is to change on one device.
type DevicePlan struct {
	Device   intent.DeviceName `json:"device"`
	Digest   string            `json:"digest"` // of the changes and the base
	Base     []Touched         `json:"base,omitempty"`
	Changes  []Change          `json:"changes,omitempty"` // in canonical path order
	Deletes  []string          `json:"deletes,omitempty"` // the nodes that are deleted, with everything under them
	Replaces []string          `json:"replaces,omitempty"`
	// Claims and Releases are leaves that need no write: already on the device as intended, so Tenter takes them
	// into its care; or gone already, so that it lets go of them.
	Claims   int          `json:"claims,omitempty"`
	Releases int          `json:"releases,omitempty"`
	Risk     Risk         `json:"risk"`
	Score    int          `json:"score"`
	Reasons  []RiskReason `json:"reasons,omitempty"`
	Notes    []Note       `json:"notes,omitempty"`
	Unread   string       `json:"unread,omitempty"` // why the device could not be read: then nothing is known of it
	// Refused is why the device cannot be sent what would change, so that nothing of it is in the plan. Phases is in how many
	// parts it is sent where one is too small: then it is not all or nothing.
	Refused string `json:"refused,omitempty"`
	Phases  int    `json:"phases,omitempty"`
}

// A Change is one leaf that will be different.
type Change struct {
	Action  Action   `json:"action"`
	Path    string   `json:"path"`
	Before  string   `json:"before,omitempty"` // for people; secrets as a part of their digest
	After   string   `json:"after,omitempty"`
	Subtree string   `json:"subtree"`          // the list entry, or else the container, that the leaf belongs to
	Cause   Trigger  `json:"cause"`            // intent or drift
	Source  *Source  `json:"source,omitempty"` // where the intent says so
	Risk    Risk     `json:"risk"`
	Score   int      `json:"score,omitempty"` // of the risk, 1 to 100
	Code    RiskCode `json:"code,omitempty"`
	Reason  string   `json:"reason,omitempty"` // of the risk, for people
}

// A Source is the position of an intent.
type Source struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Kind   string `json:"kind,omitempty"`
	Name   string `json:"name,omitempty"`
	Commit string `json:"commit,omitempty"`
}

// A Note tells of something that the plan leaves as it is, and why.
type Note struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// Counts is how many leaves a plan adds, changes and deletes.
type Counts struct{ Add, Change, Delete int }

// Counts returns the plan's numbers for the device. Leaves that are only sent again count as nothing.
func (d DevicePlan) Counts() Counts {
	var c Counts
	for _, ch := range d.Changes {
		switch ch.Action {
		case Add:
			c.Add++
		case Modify:
			c.Change++
		case Delete:
			c.Delete++
		case Replace:
		}
	}
	return c
}

// Idle reports whether there is nothing to do on the device, not even to claim or to release.
func (d DevicePlan) Idle() bool { return len(d.Changes) == 0 && d.Claims == 0 && d.Releases == 0 }

// Counts returns the sum over all devices.
func (p Plan) Counts() Counts {
	var sum Counts
	for _, d := range p.Devices {
		c := d.Counts()
		sum.Add += c.Add
		sum.Change += c.Change
		sum.Delete += c.Delete
	}
	return sum
}

// Changes returns the number of changes on all devices.
func (p Plan) Changes() int {
	n := 0
	for _, d := range p.Devices {
		n += len(d.Changes)
	}
	return n
}

// Idle reports whether running the plan would do nothing at all.
func (p Plan) Idle() bool {
	for _, d := range p.Devices {
		if !d.Idle() {
			return false
		}
	}
	return true
}

// Busy returns the devices that the plan has something to do on, in its order.
func (p Plan) Busy() []intent.DeviceName {
	var names []intent.DeviceName
	for _, d := range p.Devices {
		if !d.Idle() {
			names = append(names, d.Device)
		}
	}
	return names
}

// InSync reports whether the plan shows that the whole fabric is as the intents want it: every device was asked for and read,
// and nothing is different, not even something that Tenter leaves as it is.
func (p Plan) InSync() bool {
	if p.Partial || p.FabricDevices == 0 || len(p.Devices) != p.FabricDevices || p.Cause.Part != Whole {
		return false
	}
	for _, d := range p.Devices {
		if !d.silent() {
			return false
		}
	}
	return true
}

// Device returns the named device's part.
func (p Plan) Device(name intent.DeviceName) (DevicePlan, bool) {
	for _, d := range p.Devices {
		if d.Device == name {
			return d, true
		}
	}
	return DevicePlan{}, false
}

func sourceOf(sources *tree.Sources, id tree.SourceID) *Source {
	if sources == nil || id == 0 {
		return nil
	}
	s := sources.Get(id)
	return &Source{File: s.File, Line: s.Line, Kind: s.Kind, Name: s.Name, Commit: s.Commit}
}
