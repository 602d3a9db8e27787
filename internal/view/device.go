package view

import (
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
)

// A Device is what Tenter remembers of one device. The zero value with a name is a device never seen.
type Device struct {
	Name       intent.DeviceName
	Generation string // the intent generation that was last applied
	Run        string // the run in flight, empty for none
	WriteSet   []Write
	Applied    int64  // grows whenever the device's owned or applied leaves change
	Sync       string // InSync, Pending, Drifted, Conflict, Unknown; empty before the first contact
	Health     string // Healthy, Degraded, Unreachable, Held; empty before the first contact
	Reason     string // why Sync or Health is not good
	Stage      string // of the watch ladder
	Identity   string // as enrolled; empty while the device may only be read
	Enrolled   time.Time
	HeldUntil  time.Time // nothing is written to the device before
	HeldReason string
	Updated    time.Time
}

// A Write is one leaf that the run in flight may change. The values of secret leaves are digests.
type Write struct {
	Path   path.Path
	Before schema.Value
	After  schema.Value
}

// An OwnedLeaf is a leaf that Tenter has set out to write. Value is what was last written and read back, and absent
// while Applied is false. The values of secret leaves are digests.
type OwnedLeaf struct {
	Path    path.Path
	Value   schema.Value
	Applied bool
}
