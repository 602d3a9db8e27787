package profile

import (
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/path"
)

// Facts are what a probe learns about one device. A field that the device doesn't tell is zero.
type Facts struct {
	GNMIVersion       string
	Encodings         []Encoding // in the device's order, those that Tenter knows
	Models            []Model    // sorted by name
	SoftwareVersion   string
	Serial            string
	BootTime          time.Time // as the device tells it, which may be some seconds otherwise each time (view.SameStart)
	ChassisMAC        string    // lower-case, colons
	CertificateSHA256 string    // of the certificate that the device showed: lower-case hex without separators
	HostKeySHA256     string    // of the SSH host key that the device showed, as ssh-keygen prints it: SHA256:…
}

// MAC returns a MAC address in the one form that Facts have: lower-case, with colons.
func MAC(text string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), "-", ":"))
}

// A StateLeaf is one leaf as the device shows it: state or configuration, as text that no schema has judged.
type StateLeaf struct {
	Path  path.Path
	Value string
}

// A Model is a YANG module that the device says it supports.
type Model struct {
	Name         string
	Organization string
	Version      string
}

// WatchOptions is what a session is to watch.
type WatchOptions struct {
	Paths []path.Path // configuration subtrees; none means everything
	// OnStage, if set, is told each rung of the ladder as it is entered. It must not block.
	OnStage func(Rung)
}

// A Rung is one that a watch enters.
type Rung struct {
	Stage   Stage
	Reason  string // why the one above was left, empty for the first of a watch
	Refused bool   // the device said that it does not have the one above, and not only for the moment
}

// SetOptions accompany one Set. The zero value is a plain Set.
type SetOptions struct {
	Commit   CommitAction  // of a device with CommitConfirmed
	CommitID string        // names the commit to open, confirm or cancel
	Rollback time.Duration // of CommitOpen: how long the device waits to be confirmed
	Election uint64        // master arbitration id, 0 for none; of a device with Arbitration
}

// A CommitAction is a step of a confirmed commit.
type CommitAction string

// The commit actions. A confirm or cancel goes with an empty edit.
const (
	CommitPlain   CommitAction = ""        // not a confirmed commit
	CommitOpen    CommitAction = "open"    // apply, and roll back unless confirmed in time
	CommitConfirm CommitAction = "confirm" // keep what was applied
	CommitCancel  CommitAction = "cancel"  // roll back now
)
