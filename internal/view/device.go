package view

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// The sync states of a device.
const (
	InSync   = "InSync"
	Pending  = "Pending"
	Drifted  = "Drifted"
	Conflict = "Conflict"
	Unknown  = "Unknown"
)

// The health states of a device.
const (
	Healthy     = "Healthy"
	Degraded    = "Degraded"
	Unreachable = "Unreachable"
	Held        = "Held"
	Unmanaged   = "Unmanaged" // no longer in the intents
)

// A Device is what Tenter remembers of one device. The zero value with a name is a device never seen.
type Device struct {
	Name            intent.DeviceName `json:"name"`
	Generation      string            `json:"generation,omitempty"` // the intent generation that was last applied
	Run             string            `json:"run,omitempty"`        // the run in flight, empty for none
	WriteSet        []Write           `json:"-"`
	Applied         int64             `json:"-"`                     // grows whenever the device's owned or applied leaves change
	Sync            string            `json:"sync"`                  // InSync, Pending, Drifted, Conflict, Unknown; empty before the first contact
	Health          string            `json:"health"`                // Healthy, Degraded, Unreachable, Held, Unmanaged; empty before the first contact
	Reason          string            `json:"reason,omitempty"`      // why Sync or Health is not good
	Stage           string            `json:"stage,omitempty"`       // of the watch ladder
	Identity        Identity          `json:"identity,omitzero"`     // as enrolled
	Enrolled        time.Time         `json:"enrolled,omitzero"`     // zero while the device may only be read
	EnrolledBy      string            `json:"enrolled_by,omitempty"` // the person who enrolled it
	Mismatch        string            `json:"mismatch,omitempty"`    // why it is not the device that was enrolled or that the intents name; nothing is written meanwhile
	HeldUntil       time.Time         `json:"held_until,omitzero"`   // nothing is written to the device before
	HeldReason      string            `json:"held_reason,omitempty"`
	Known           Known             `json:"known,omitzero"`            // what the device was when it was last found as applied
	CommitConfirmed Proof             `json:"commit_confirmed,omitzero"` // of what the device's profile says that it has
	Updated         time.Time         `json:"updated,omitzero"`
	Looked          time.Time         `json:"looked,omitzero"` // when somebody released its loop breaker last: what was put back before counts no more
}

// A Proof is what came of trying what a device is said to be able to do. The zero Proof: nobody tried.
type Proof struct {
	Works    bool      `json:"works"`
	Detail   string    `json:"detail,omitempty"` // why it does not
	At       time.Time `json:"at"`
	Software string    `json:"software,omitempty"` // that it was seen of
	Serial   string    `json:"serial,omitempty"`
}

// Holds reports whether the proof is of the device as it is now: the same, with the same software.
func (p Proof) Holds(now Known) bool {
	return !p.At.IsZero() && p.Software == now.Software && p.Serial == now.Serial
}

// String is the proof in a few words.
func (p Proof) String() string {
	switch {
	case p.At.IsZero():
		return "not proven yet"
	case p.Works:
		return "proven at " + p.At.UTC().Format(time.RFC3339)
	}
	return "does not work: " + p.Detail
}

// A Known is what one start of one device is known by. What the device does not tell is empty.
type Known struct {
	Software string    `json:"software,omitempty"`
	Serial   string    `json:"serial,omitempty"`
	Booted   time.Time `json:"booted,omitzero"`
}

// bootSlack is by how much two boot times of one start may differ: many devices compute it from their uptime, in whole seconds
// and by a clock that is being set, each time that they are asked. Two starts are further apart, by how long the device was up
// between them and what it took to start.
const bootSlack = 30 * time.Second

// SameStart reports whether two boot times are of one start, as far as devices tell it.
func SameStart(a, b time.Time) bool { return a.Sub(b).Abs() <= bootSlack }

// Differs says what is not the same any more, empty for nothing. What either does not know is no difference.
func (k Known) Differs(now Known) string {
	switch {
	case k.Serial != "" && now.Serial != "" && k.Serial != now.Serial:
		return fmt.Sprintf("it is another device: serial number %s, it was %s", now.Serial, k.Serial)
	case k.Software != "" && now.Software != "" && k.Software != now.Software:
		return fmt.Sprintf("it has other software: %s, it had %s", now.Software, k.Software)
	case !k.Booted.IsZero() && !now.Booted.IsZero() && !SameStart(k.Booted, now.Booted):
		return fmt.Sprintf("it restarted at %s", now.Booted.UTC().Format(time.RFC3339))
	}
	return ""
}

// A Write is one leaf that the run in flight may change. The values of secret leaves are digests.
type Write struct {
	Path   path.Path
	Before schema.Value
	After  schema.Value
}

// An OwnedLeaf is a leaf that Tenter has set out to write. Value is what was last written and read back, and absent
// while Applied is false. The values of secret leaves are digests. Shown is what the device shows for Value,
// where that is another text; else it is empty.
type OwnedLeaf struct {
	Path    path.Path
	Value   schema.Value
	Applied bool
	Shown   schema.Value
	Since   time.Time // when it got the value; zero where that is not known
}
