// Package drift tells what somebody else changed on a device from what Tenter has not rolled out yet.
//
// A State holds, for one device, what is desired, what Tenter applied, what a running run is writing, and what
// the device says it has. Updates from the device are folded in one after the other, each in time proportional
// to its own size whatever the size of the tree; what is expected can be swapped at any time. The findings depend
// only on how things stand, never on the order in which they came to stand so.
//
// It is pure: no clock, no I/O, no goroutines. A State has one owner at a time.
package drift

import (
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Class is how one leaf deviates. The empty class means that it does not.
type Class string

// The classes of a finding.
const (
	Missing    Class = "missing"    // applied, and the device does not have it
	Changed    Class = "changed"    // applied, and the device has another value
	Unexpected Class = "unexpected" // in a subtree that Tenter owns, and declared nowhere
	Conflict   Class = "conflict"   // changed by somebody else while other intent for it waits to be rolled out
	Unreadable Class = "unreadable" // the device sent something that has no canonical form
)

// Owned is a leaf that Tenter set out to write: Applied once it was read back from the device.
type Owned struct {
	Path    path.Path
	Value   schema.Value
	Applied bool
}

// A Write is one leaf of the run in flight, absent Before for a creation and absent After for a deletion.
type Write struct {
	Path          path.Path
	Before, After schema.Value
}

// Expected is all that the observed configuration is judged against.
type Expected struct {
	Desired  *tree.Tree
	Owned    []Owned
	InFlight []Write
	// Scope says what Tenter does with a path; nil means merge everywhere.
	Scope func(path.Path) fabric.ScopeAction
	// Digest returns a value as Owned and InFlight have it: the digest of a secret, and every other value as it is.
	// Nil means that there are no secrets.
	Digest func(p path.Path, v schema.Value) schema.Value
	// Implied reports whether a device shows v at p also when nobody configured it: an echoed default, which
	// is not unexpected. Nil means never.
	Implied func(p path.Path, v schema.Value) bool
}

// A Finding is one leaf that is not as it should be.
type Finding struct {
	Path   path.Path
	Class  Class
	Want   schema.Value  // as applied, or as desired where nothing was applied
	Have   schema.Value  // as observed
	Source tree.SourceID // of the desired leaf; set by Findings only
	Report bool          // found, but not to be remediated
	// Stale says that the device has not spoken of this leaf since what was expected of it changed: the
	// leaf must be read again before anybody believes the finding.
	Stale bool
	// Problem is set for an unreadable leaf. Path is then empty if the device's path could not be read either.
	Problem *tree.Problem
}

// Folded is what one update came to.
type Folded struct {
	// Changed has the findings that are new or differ from before, and with an empty class those that are gone.
	Changed []Finding
	// Late counts the leaves that were left alone, since the update was older than what the device had said of
	// them before, and Unclear the deletes by a pattern. What is true only reading tells.
	Late, Unclear int
}
