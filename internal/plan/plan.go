package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
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
	FormatVersion int          `json:"format_version"`
	ID            ID           `json:"id"`
	Content       string       `json:"content"` // hash of all changes and of the state they were computed against
	Cause         Cause        `json:"cause"`
	Generation    string       `json:"generation"`        // of the intents
	Commit        string       `json:"commit,omitempty"`  // of the intents in git
	Risk          Risk         `json:"risk"`              // the level of Score
	Score         int          `json:"score"`             // 0 to 100
	Reasons       []RiskReason `json:"reasons,omitempty"` // of the score, the worst first
	Devices       []DevicePlan `json:"devices"`           // sorted by name; also those that have nothing to change but notes
	// Of a plan that is kept outside of the store: until when it may be used, and a hash that binds that, the intents and the
	// plan together.
	Expires time.Time `json:"expires,omitzero"`
	Binding string    `json:"binding,omitempty"`
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

// A Touched is a subtree that the plan changes, with the keyed digest of what the device had there.
type Touched struct {
	Path   string `json:"path"`
	Digest string `json:"digest"`
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

// Device returns the named device's part.
func (p Plan) Device(name intent.DeviceName) (DevicePlan, bool) {
	for _, d := range p.Devices {
		if d.Device == name {
			return d, true
		}
	}
	return DevicePlan{}, false
}

// Origin says which intents a plan was made from.
type Origin struct {
	Generation string
	Commit     string
}

// New puts the parts of devices, sorted by name, into a plan and names it.
func New(cause Cause, from Origin, devices []DevicePlan) Plan {
	p := Plan{FormatVersion: FormatVersion, Cause: cause, Generation: from.Generation, Commit: from.Commit, Devices: devices}
	h := sha256.New()
	hashStrings(h, string(cause.Part))
	for _, d := range devices {
		hashStrings(h, string(d.Device), d.Digest)
	}
	p.assess()
	p.Content = hex.EncodeToString(h.Sum(nil))
	p.ID = identify(p.Content, cause)
	return p
}

// Of returns the plan for only those devices that which picks, under a name of its own.
func (p Plan) Of(which func(DevicePlan) bool) Plan {
	var devices []DevicePlan
	for _, d := range p.Devices {
		if which(d) {
			devices = append(devices, d)
		}
	}
	return New(p.Cause, Origin{Generation: p.Generation, Commit: p.Commit}, devices)
}

// Bound returns the plan as it may be kept outside of the store, to be used until expires.
func (p Plan) Bound(expires time.Time) Plan {
	p.Expires = expires.UTC().Truncate(time.Second)
	p.Binding = p.bind()
	return p
}

// bind is the hash of all that the plan's name leaves open.
func (p Plan) bind() string {
	h := sha256.New()
	hashStrings(h, string(p.ID), p.Generation, p.Commit, p.Expires.Format(time.RFC3339))
	return hex.EncodeToString(h.Sum(nil))
}

// Again returns the plan as made once more for the same occasion, under a name of its own.
func (p Plan) Again() Plan {
	p.Cause.Attempt++
	p.ID = identify(p.Content, p.Cause)
	return p
}

func identify(content string, cause Cause) ID {
	h := sha256.New()
	hashStrings(h, content, string(cause.Trigger), cause.Ref, strconv.Itoa(cause.Attempt))
	return ID(hex.EncodeToString(h.Sum(nil))[:12])
}

// hashStrings writes each string with its length, so that no two lists of strings look alike.
func hashStrings(w io.Writer, all ...string) {
	var b []byte
	for _, s := range all {
		b = appendHashed(b, s)
	}
	_, _ = w.Write(b) // a hash takes everything
}

// appendHashed appends a string in a way that no two sequences of strings have in common.
func appendHashed[T ~string | ~[]byte](b []byte, s T) []byte {
	b = append(strconv.AppendInt(b, int64(len(s)), 10), ':')
	return append(b, s...)
}

// JSON returns the plan as indented JSON, which Parse reads back.
func (p Plan) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", p.ID, err)
	}
	return append(b, '\n'), nil
}

// Parse reads a plan's JSON form. It refuses another format version and a plan whose parts do not add up to its name, or to
// what binds them if it was kept outside of the store.
func Parse(b []byte) (Plan, error) {
	var p Plan
	if err := json.Unmarshal(b, &p); err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	if p.FormatVersion != FormatVersion {
		return Plan{}, fmt.Errorf("plan: format version %d, this build reads %d", p.FormatVersion, FormatVersion)
	}
	if q := New(p.Cause, Origin{}, p.Devices); q.ID != p.ID || q.Content != p.Content {
		return Plan{}, fmt.Errorf("plan %s: was altered: its parts make %s", p.ID, q.ID)
	}
	if p.Binding != "" && p.Binding != p.bind() || p.Binding == "" && !p.Expires.IsZero() {
		return Plan{}, fmt.Errorf("plan %s: was altered: its intents or its time are not the ones that it was made with", p.ID)
	}
	return p, nil
}

func sourceOf(sources *tree.Sources, id tree.SourceID) *Source {
	if sources == nil || id == 0 {
		return nil
	}
	s := sources.Get(id)
	return &Source{File: s.File, Line: s.Line, Kind: s.Kind, Name: s.Name, Commit: s.Commit}
}
