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
	DriftIgnore  DriftMode = "ignore"  // say nothing until a date
)

// A DriftRule gives a mode to the paths that match Pattern, and to all below them.
type DriftRule struct {
	Pattern string // in the grammar of path.ParsePattern
	Mode    DriftMode
	Until   time.Time // of DriftIgnore; after it the rule no longer counts
	Reason  string
	Source  tree.Source
}

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
