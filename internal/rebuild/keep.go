package rebuild

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// A Store is a log of which snapshots are kept.
type Store interface {
	Live
	Head(ctx context.Context) (event.Seq, []byte, error)
	// Forgotten returns the latest time before which rows that ended were taken away.
	Forgotten(ctx context.Context) (time.Time, error)
	// SaveSnapshot keeps the state and forgets other snapshots, if the lease is held.
	SaveSnapshot(ctx context.Context, s *view.State, drop []event.Seq, guard view.Lease) error
	Elect(ctx context.Context, key, holder string, ttl time.Duration) (view.Lease, bool, error)
	Renew(ctx context.Context, l view.Lease, ttl time.Duration) (view.Lease, error)
	Release(ctx context.Context, l view.Lease) error
}

// Options are what a Keeper needs. Store, Worker and Log must be set.
type Options struct {
	Store  Store
	Worker string // the holder of the lease
	Log    *zap.Logger
	Every  event.Seq // events between two snapshots, 10,000 when 0
}

// election is the lease of whoever keeps the snapshots.
const election = "snapshots"

const (
	lookEvery   = 10 * time.Second // between two looks at what the log has got since
	leaseTime   = time.Minute
	atLeastOnce = 24 * time.Hour // a snapshot is taken after this time, however little has happened
)

// A Keeper takes snapshots. Of several over one store, one does, and goes on from what it folded last: a snapshot costs what
// happened since the one before.
type Keeper struct {
	o     Options
	log   *zap.Logger
	now   func() time.Time
	lease view.Lease
	state *view.State // folded so far; nil when another process may have been at it since
	last  view.Snapshot
}

// NewKeeper returns a Keeper that does nothing until Run.
func NewKeeper(o Options) *Keeper {
	if o.Every == 0 {
		o.Every = 10_000
	}
	return &Keeper{o: o, log: o.Log.Named("snapshots"), now: time.Now}
}

// Run keeps snapshots until ctx ends; then it returns nil. What fails is tried again.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	told := ""
	for {
		err := k.turn(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			told = ""
		case err.Error() != told:
			told = err.Error()
			k.log.Error("no snapshot of what the log tells; looking at the past takes the longer", zap.Error(err), zap.String("next", "tenter events rebuild --check"))
		}
		select {
		case <-ctx.Done():
			k.release()
			return nil
		case <-tick.C:
		}
	}
}

func (k *Keeper) release() {
	if k.lease.Key == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := k.o.Store.Release(ctx, k.lease); err != nil {
		k.log.Debug("lease runs out by itself", zap.Error(err))
	}
}

// turn folds what is new, and takes a snapshot if that is due.
func (k *Keeper) turn(ctx context.Context) error {
	if held, err := k.hold(ctx); err != nil || !held {
		return err
	}
	if k.state == nil {
		if err := k.load(ctx); err != nil {
			return err
		}
	}
	head, _, err := k.o.Store.Head(ctx)
	if err != nil {
		return err
	}
	for k.state.Seq < head {
		// One snapshot's worth at a time: after a long time without a keeper the log is not one step.
		if err := advance(ctx, k.o.Store, k.state, min(head, k.last.Seq+k.o.Every)); err != nil {
			k.state = nil
			return err
		}
		if err := k.keep(ctx); err != nil {
			return err
		}
	}
	return nil
}

// hold takes the lease, or keeps it.
func (k *Keeper) hold(ctx context.Context) (bool, error) {
	if k.lease.Key != "" {
		lease, err := k.o.Store.Renew(ctx, k.lease, leaseTime)
		if err == nil {
			k.lease = lease
			return true, nil
		}
		if !errors.Is(err, view.ErrLeaseLost) {
			return false, err
		}
		k.lease, k.state = view.Lease{}, nil
	}
	lease, held, err := k.o.Store.Elect(ctx, election, k.o.Worker, leaseTime)
	if held {
		k.lease = lease
	}
	return held, err
}

// load begins with the newest snapshot, or with nothing; in a log that an older version began, with what is live.
func (k *Keeper) load(ctx context.Context) error {
	list, err := k.o.Store.Snapshots(ctx)
	if err != nil {
		return err
	}
	k.last = view.Snapshot{}
	if len(list) > 0 {
		k.last = list[0]
	}
	head, _, err := k.o.Store.Head(ctx)
	if err != nil {
		return err
	}
	s, err := begin(ctx, k.o.Store, head, list)
	var untold *UntoldError
	if errors.As(err, &untold) {
		rows, err := k.o.Store.Rows(ctx)
		if err != nil {
			return err
		}
		k.state = rows.State()
		return k.save(ctx)
	}
	if err != nil {
		return err
	}
	k.state = s
	return nil
}

// keep takes a snapshot if enough has happened since the last, or long enough ago.
func (k *Keeper) keep(ctx context.Context) error {
	if k.state.Seq < k.last.Seq+k.o.Every && (k.last.Taken.IsZero() || k.now().Sub(k.last.Taken) < atLeastOnce) {
		return nil
	}
	before, err := k.o.Store.Forgotten(ctx)
	if err != nil {
		return err
	}
	k.state.Forget(before)
	return k.save(ctx)
}

func (k *Keeper) save(ctx context.Context) error {
	list, err := k.o.Store.Snapshots(ctx)
	if err != nil {
		return err
	}
	taken := view.Snapshot{Seq: k.state.Seq, Time: k.state.Time, Taken: k.now()}
	drop := view.Thin(append([]view.Snapshot{taken}, list...), k.now())
	if err := k.o.Store.SaveSnapshot(ctx, k.state, drop, k.lease); err != nil {
		return err
	}
	k.last = taken
	return nil
}
