package tree

import (
	"time"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// A SourceID is a number into Sources: which intent a leaf came from. 0 is unknown.
type SourceID uint32

// A Source is the position in an intent document that a leaf came from.
type Source struct {
	File   string // relative to the intent directory
	Line   int    // from 1
	Column int    // from 1
	Kind   string // "Vlan"
	Name   string // metadata.name
	Commit string // git commit, empty outside git
	Author string // of the commit
}

// A Leaf is one configuration leaf, leaf-list, presence container or user-ordered key sequence.
type Leaf struct {
	Path   path.Path
	Value  schema.Value
	Source SourceID
}

// A Change is one leaf that differs between two trees: Before is absent for an addition, After for a removal.
type Change struct {
	Path          path.Path
	Before, After schema.Value
	Source        SourceID // of the After side, else of the Before side
}

// A Problem is something a device sent that could not be made canonical. It is a finding of its own.
type Problem struct {
	Path   string // as the device sent it
	Reason string // why; never the value itself, which may be a secret
}

// An Update is what a device said at one moment, in canonical form and in this order: deletes first, then leaves
// (gNMI specification §3.5.2.3). Sync marks the end of the initial snapshot and then carries nothing else.
type Update struct {
	Time     time.Time   // the device's own timestamp
	Deletes  []path.Path // subtrees that are gone, also the prefix of an atomic notification
	Leaves   []Leaf
	Problems []Problem
	Unclear  int // deletes by a pattern: only reading tells what is gone
	Sync     bool
}

// A Subtree is a node and all leaves that are to be under it.
type Subtree struct {
	Path   path.Path
	Leaves []Leaf
}

// An Edit is one transaction on a device, in the order that gNMI prescribes (specification §3.4.3): deletes, replaces, updates.
type Edit struct {
	Deletes  []path.Path
	Replaces []Subtree
	Updates  []Leaf
}

// Empty reports whether the edit would change nothing.
func (e Edit) Empty() bool { return len(e.Deletes)+len(e.Replaces)+len(e.Updates) == 0 }
