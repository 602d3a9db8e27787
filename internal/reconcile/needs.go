package reconcile

import (
	"context"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// A Session is the connection to one device. It is shared with whoever else works with the device, and stays open.
// The errors of Set tell what they know of the device by methods Refused, Lost and Unsent that return bool; an error
// without them means that the outcome is not known.
type Session interface {
	Probe(ctx context.Context) (profile.Facts, error)
	Read(ctx context.Context, prefixes []path.Path) (*tree.Tree, []tree.Problem, error)
	// Phases returns in how many parts the edit would be sent, or an error when the device does not take it.
	Phases(ctx context.Context, edit tree.Edit) (int, error)
	Set(ctx context.Context, edit tree.Edit, opts profile.SetOptions) error
	Save(ctx context.Context) error
}

// Sessions gives the session to a device, connecting if there is none. Forget ends that with a device which the intents
// do not have any more.
type Sessions interface {
	Session(ctx context.Context, device intent.DeviceName) (Session, error)
	// Fresh makes a connection beside the session, which the caller closes.
	Fresh(ctx context.Context, device intent.DeviceName) (Fresh, error)
	Forget(device intent.DeviceName)
}

// A Target is one device as one generation of the intents wants it. It is not changed after it was handed out.
type Target struct {
	Model   *fabric.Device
	Profile *profile.Profile
	Table   *tree.Table // of all trees of the device
	Desired *tree.Tree  // secrets as themselves
	Sources *tree.Sources
	Secrets *plan.Secrets
}

// Intents gives what generations of the intents come to.
type Intents interface {
	Fabric(ctx context.Context, generation string) (*fabric.Fabric, error)
	// Target fails for a device that the generation does not have.
	Target(ctx context.Context, generation string, device intent.DeviceName) (Target, error)
}

// Store keeps everything that outlives the process. Its clock decides about leases.
type Store interface {
	Do(ctx context.Context, fn func(tx event.Tx) error) error
	Events(ctx context.Context, q event.Query) ([]event.Event, error)
	CurrentGeneration(ctx context.Context) (view.Generation, error)
	CurrentGenerationIn(tx event.Tx) (string, error)
	planStore
	timingStore
	runStore
	deviceStore
	leafStore
	episodeStore
	askStore
	backupStore
	Guard(tx event.Tx, l view.Lease) error
}

type planStore interface {
	SavePlan(tx event.Tx, p view.Plan) (bool, error)
	SaveVotes(tx event.Tx, id string, votes []event.Vote) error
	SaveApprovals(tx event.Tx, p view.Plan) error
	MovePlan(tx event.Tx, id string, from, to view.PlanStatus, reason string) (bool, error)
	Plan(ctx context.Context, id string) (view.Plan, error)
	PlanIn(tx event.Tx, id string) (view.Plan, error)
	Plans(ctx context.Context, q view.PlanQuery) ([]view.Plan, error)
}

type runStore interface {
	SaveRun(tx event.Tx, r view.Run) error
	Run(ctx context.Context, id string) (view.Run, error)
	Runs(ctx context.Context, q view.RunQuery) ([]view.Run, error)
	SaveRunDevice(tx event.Tx, r view.RunDevice) error
	RunDevices(ctx context.Context, run string) ([]view.RunDevice, error)
	OpenStands(ctx context.Context) ([]view.RunStand, error)
	OpenStandsIn(tx event.Tx, about []intent.DeviceName) ([]view.RunStand, error)
}

type deviceStore interface {
	Devices(ctx context.Context) ([]view.Device, error)
	Device(ctx context.Context, name intent.DeviceName) (view.Device, error)
	UpdateDevice(tx event.Tx, name intent.DeviceName, change func(*view.Device)) error
}

// A leafStore keeps what Tenter owns on each device, and what of it was read back.
type leafStore interface {
	Owned(ctx context.Context, name intent.DeviceName) ([]view.OwnedLeaf, error)
	MarkOwned(tx event.Tx, name intent.DeviceName, paths []path.Path) error
	MarkApplied(tx event.Tx, name intent.DeviceName, leaves []tree.Leaf) error
	MarkShown(tx event.Tx, name intent.DeviceName, shown []tree.Leaf) error
	DropOwned(tx event.Tx, name intent.DeviceName, paths []path.Path) error
}

type episodeStore interface {
	SaveEpisode(tx event.Tx, e view.Episode) error
	EpisodeIn(tx event.Tx, id string) (view.Episode, error)
	OpenEpisode(ctx context.Context, name intent.DeviceName) (view.Episode, error)
	Episodes(ctx context.Context, q view.EpisodeQuery) ([]view.Episode, error)
}

// An askStore keeps what processes want to know of devices that others serve.
type askStore interface {
	AddAsk(tx event.Tx, a view.Ask) error
	OpenAsks(ctx context.Context) ([]view.Ask, error)
	AnsweredAsks(ctx context.Context, asker string) ([]view.Ask, error)
	AnswerAsk(ctx context.Context, a view.Ask) (bool, error)
	DropAsks(ctx context.Context, age time.Duration, ids ...string) error
}
