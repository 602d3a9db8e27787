package fabric

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// A ConfigLeaf is a path with its value as a Config document gives them. Higher Priority wins over a lower one and over
// everything that has none (0).
type ConfigLeaf struct {
	Origin   string // "" is openconfig
	Path     string // as written, in the grammar of path.Parse, without origin
	Value    any    // string, bool, json.Number, []any or map[string]any as in JSON; nil for a secret
	Secret   string // name of the secret that holds the value
	Omit     bool   // nothing that has less priority is meant at and under Path
	Priority int
	Source   tree.Source
}

// A ScopeAction is what Tenter does with a path of a device.
type ScopeAction string

// The scope actions.
const (
	Own    ScopeAction = "own"    // authoritative: what no intent declares is deleted
	Merge  ScopeAction = "merge"  // only what is declared
	Report ScopeAction = "report" // look, never write
	Ignore ScopeAction = "ignore" // don't even look
)

// A ScopeRule gives an action to the paths that match Pattern, and to all below them.
type ScopeRule struct {
	Pattern string // in the grammar of path.ParsePattern
	Action  ScopeAction
	Source  tree.Source
}

// A DriftMode is what Tenter does about drift.
type DriftMode string

// The drift modes.
const (
	DriftObserve DriftMode = "observe" // say so
	DriftPropose DriftMode = "propose" // say so and make a plan that waits for approval
	DriftEnforce DriftMode = "enforce" // say so, make a plan and run it
	DriftAdopt   DriftMode = "adopt"   // say so and wait for the intents to take over what the device has
	DriftIgnore  DriftMode = "ignore"  // say nothing until a date
)

// A DriftRule gives a mode to the paths that match Pattern, and to all below them.
type DriftRule struct {
	Pattern string // in the grammar of path.ParsePattern
	Mode    DriftMode
	Until   time.Time // of DriftIgnore; after it the rule no longer counts
	Reason  string
	// Severity is how bad drift is here: info, warning, error, critical; empty for what is usual, which is warning.
	Severity string
	Grace    time.Duration // how long a leaf that got another value is only observed
	Source   tree.Source
}

// A DeleteBound is how much of one device may be deleted by a plan that nobody asked for. The zero value allows nothing.
type DeleteBound struct {
	Leaves  int
	Percent int // of the leaves that are applied
	Source  tree.Source
}

// UsualDeletes is the bound of a device without another one.
var UsualDeletes = DeleteBound{Leaves: 50, Percent: 10}

// A Protected is a pattern of paths that are never deleted or replaced.
type Protected struct {
	Pattern string
	Source  tree.Source
}

// A Schedule is a run that starts on time.
type Schedule struct {
	Name    string
	Source  tree.Source
	Cron    string // five fields, checked
	Zone    string // IANA time zone, checked
	Action  ScheduleAction
	Devices []intent.DeviceName // sorted, never empty
}

// A ScheduleAction is what a Schedule starts.
type ScheduleAction string

// The schedule actions.
const (
	SchedulePlan      ScheduleAction = "plan"
	ScheduleReconcile ScheduleAction = "reconcile"
)
