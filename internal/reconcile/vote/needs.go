package vote

import (
	"context"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// Intents are those in force, as validators look a plan's devices up in them.
type Intents interface {
	// Current returns the generation that is in force.
	Current(ctx context.Context) (string, error)
	// Wants reports whether a generation has the device.
	Wants(ctx context.Context, generation string, device intent.DeviceName) (bool, error)
	// Device fails for a device that the generation does not have.
	Device(ctx context.Context, generation string, device intent.DeviceName) (Device, error)
}

// A Device is what may be written to one device at all.
type Device struct {
	Model   *fabric.Device
	Profile *profile.Profile
	Table   *tree.Table
}

// A Judge says what validators have no rules of their own for.
type Judge interface {
	// Unbound says what of the intents and policies that a plan was made from is not in force any more, empty for nothing.
	Unbound(ctx context.Context, p plan.Plan) (string, error)
	// Rule decides about each device of a plan by what can stop a write.
	Rule(ctx context.Context, p plan.Plan, a Asking) (Ruling, error)
	// See asks a device what it is.
	See(ctx context.Context, generation string, device intent.DeviceName) (Sight, error)
}

// A Ruling is what was decided about the devices of a plan.
type Ruling struct {
	Refused bool   // no device at all may be written to
	Reasons string // why some are not, empty if all are
}

// A Sight is what came of asking a device what it is.
type Sight struct {
	Away     error  // why it could not be asked, nil if it could
	Mismatch string // why it is not the device that was enrolled, empty if it is
}
