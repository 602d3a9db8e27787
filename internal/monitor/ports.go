package monitor

import (
	"context"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// A Target is what the current intent says of one device. It is not changed after it was handed out.
type Target struct {
	Model   *fabric.Device
	Profile *profile.Profile
	Table   *tree.Table // the same for all Targets of one device, and the table of Desired
	Desired *tree.Tree
	Sources *tree.Sources
	Secrets *plan.Secrets
}

// Intents says what is to be watched. Both methods are called often and should answer from memory while the
// intent stays the same; the same intent must give the same Target pointer.
type Intents interface {
	// Devices returns the names of all devices, in any order.
	Devices(ctx context.Context) ([]intent.DeviceName, error)
	Target(ctx context.Context, name intent.DeviceName) (*Target, error)
}

// Sessions gives the one session with each device. It belongs to the giver: the monitor never closes it, and asks
// again after it broke. Errors may have the method Permanent. Forget tells the giver that the intents do not have the
// device any more.
type Sessions interface {
	Session(ctx context.Context, name intent.DeviceName) (Session, error)
	Forget(name intent.DeviceName)
}

// A Session reads and watches one device.
type Session interface {
	Probe(ctx context.Context) (profile.Facts, error)
	Read(ctx context.Context, prefixes []path.Path) (*tree.Tree, []tree.Problem, error)
	Watch(ctx context.Context, first profile.Stage, opts profile.WatchOptions, emit func(tree.Update) error) error
}

// Store is what the monitor reads and writes. Methods with a transaction see and do everything within it.
type Store interface {
	Do(ctx context.Context, fn func(tx event.Tx) error) error
	Devices
	Episodes
	Leases
}

// Devices keeps what is known of each device.
type Devices interface {
	Device(ctx context.Context, name intent.DeviceName) (view.Device, error)
	DeviceIn(tx event.Tx, name intent.DeviceName) (view.Device, error)
	UpdateDevice(tx event.Tx, name intent.DeviceName, change func(*view.Device)) error
	Owned(ctx context.Context, name intent.DeviceName) ([]view.OwnedLeaf, error)
}

// Episodes keeps the drift episodes, and knows what was done about each. OpenEpisodeIn returns view.ErrNotFound when the device has none.
type Episodes interface {
	Episodes(ctx context.Context, q view.EpisodeQuery) ([]view.Episode, error)
	OpenEpisodeIn(tx event.Tx, name intent.DeviceName) (view.Episode, error)
	SaveEpisode(tx event.Tx, e view.Episode) error
	Plans(ctx context.Context, q view.PlanQuery) ([]view.Plan, error)
	Runs(ctx context.Context, q view.RunQuery) ([]view.Run, error)
	RunDevices(ctx context.Context, run string) ([]view.RunDevice, error)
}

// Assigned says which devices this process is to watch, and gives the lease to do so. Changed returns a channel that gets a hint
// whenever Watched may return others. Lost is closed when the device goes to another process; done says that it is not watched
// any more, and nothing of it used.
type Assigned interface {
	Watched() []intent.DeviceName
	Changed() <-chan struct{}
	Watch(device intent.DeviceName) (lease view.Lease, lost <-chan struct{}, done func(), ok bool)
}

// Leases has Guard, which returns view.ErrLeaseLost when the lease is not held.
type Leases interface {
	Guard(tx event.Tx, l view.Lease) error
}
