package assign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// What a worker may do to a device. Each is a claim of its own.
const (
	write = "device/"
	watch = "watch/"
)

// The roles that make a worker one that writes to devices, or watches them.
const (
	RoleWrite = "reconciler"
	RoleWatch = "monitor"
)

// Options are what an Assigner needs. Close and Devices are for Run only.
type Options struct {
	Store     Store
	Worker    string // no two live processes share one
	Operation string // view.OperationServe, or the command that is carried out
	Roles     []string
	Host      string // where the process is, and its number there; for people
	Process   int
	Lease     time.Duration // how long a dead worker keeps others from its devices, 10 s by default
	Log       *zap.Logger

	// Devices are all that are to be served.
	Devices func(ctx context.Context) ([]intent.DeviceName, error)
	// Close ends the session with a device that is about to be another's.
	Close func(device intent.DeviceName)
}

// Store keeps workers and what they have claimed, on one clock for all.
type Store interface {
	Do(ctx context.Context, fn func(tx event.Tx) error) error
	JoinWorker(tx event.Tx, w view.Worker, ttl time.Duration) (joined view.Worker, before *view.Worker, err error)
	RenewWorker(ctx context.Context, w view.Worker, ttl time.Duration) (view.Worker, error)
	LeaveWorker(tx event.Tx, w view.Worker) (bool, error)
	BuryWorkers(tx event.Tx) ([]view.Worker, error)
	Workers(ctx context.Context) ([]view.Worker, error)
	Claim(ctx context.Context, w view.Worker, keys ...string) ([]view.Lease, error)
	Unclaim(ctx context.Context, leases ...view.Lease) error
	Extend(ctx context.Context, l view.Lease, d time.Duration) error
	Claims(ctx context.Context, prefix string) ([]view.Claim, error)
}

// An Assigner is one process as a worker. It is safe for concurrent use.
type Assigner struct {
	o     Options
	log   *zap.Logger
	kinds []string
	poked chan struct{}

	claiming sync.Mutex // over claims, so that no two callers ask the store for the same

	mu        sync.Mutex
	worker    view.Worker // Token is 0 when this process is none
	ends      time.Time   // nobody else has what this worker claims before
	watchdog  *time.Timer // ends work when ends has come
	grace     time.Time   // until then others may be late because the store was away
	held      map[string]*held
	turn      chan struct{} // closed and made anew when something was released
	listeners []chan struct{}
	stop      context.CancelFunc // of the renewal
	wg        sync.WaitGroup

	// Run's own.
	free  map[string]time.Time // since when nobody has what is suggested to another
	since time.Time            // when this worker began to wait for a device
}

// held is a claim of this process.
type held struct {
	lease   view.Lease
	lost    chan struct{} // closed when it is, or is about to be, somebody else's
	leaving bool
	moving  bool                    // to be handed over when whoever is at work has ended: nobody else begins
	kept    bool                    // Run's: not given up when work ends
	uses    int                     // who watches
	work    context.CancelCauseFunc // of who is at work
}

// New returns an Assigner that is no worker yet.
func New(o Options) *Assigner {
	if o.Lease <= 0 {
		o.Lease = 10 * time.Second
	}
	a := &Assigner{
		o: o, log: o.Log.Named("assign"), poked: make(chan struct{}, 1), held: map[string]*held{}, turn: make(chan struct{}),
		free: map[string]time.Time{},
	}
	if slices.Contains(o.Roles, RoleWrite) {
		a.kinds = append(a.kinds, write)
	}
	if slices.Contains(o.Roles, RoleWatch) && o.Operation == view.OperationServe {
		a.kinds = append(a.kinds, watch)
	}
	return a
}

// join makes this process a worker, unless it is one.
func (a *Assigner) join(ctx context.Context) (view.Worker, error) {
	a.claiming.Lock()
	defer a.claiming.Unlock()
	if w := a.me(); w.Token != 0 {
		return w, nil
	}
	began := time.Now()
	var w view.Worker
	err := a.o.Store.Do(ctx, func(tx event.Tx) error {
		joined, before, err := a.o.Store.JoinWorker(tx, view.Worker{Name: a.o.Worker, Operation: a.o.Operation, Roles: a.o.Roles, Host: a.o.Host, Process: a.o.Process}, a.o.Lease)
		if err != nil {
			return err
		}
		w = joined
		if before != nil {
			if err := left(ctx, tx, *before, "its process ended without leaving, and another one has its name now"); err != nil {
				return err
			}
		}
		if w.Operation != view.OperationServe {
			return nil
		}
		return tx.Append(ctx, event.Draft{Type: event.TypeWorkerJoined, Data: event.Worker{Worker: w.Name, Roles: w.Roles}})
	})
	if err != nil {
		return w, fmt.Errorf("join: %w", err)
	}
	renewal, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.mu.Lock()
	a.worker, a.stop = w, stop
	a.mu.Unlock()
	a.renewed(began)
	a.wg.Go(func() { a.renew(renewal, w) })
	return w, nil
}

// left tells of a worker that is not there any more. Of commands nobody was told that they came.
func left(ctx context.Context, tx event.Tx, w view.Worker, reason string) error {
	if w.Operation != view.OperationServe {
		return nil
	}
	return tx.Append(ctx, event.Draft{Type: event.TypeWorkerLeft, Data: event.Worker{Worker: w.Name, Roles: w.Roles, Reason: reason}})
}

func (a *Assigner) me() view.Worker {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.worker
}

// renew keeps the worker live until its context ends, or until there is no such worker any more: then all is lost.
func (a *Assigner) renew(ctx context.Context, w view.Worker) {
	failures := 0
	for pause(ctx, a.o.Lease/3) {
		began := time.Now()
		_, err := a.o.Store.RenewWorker(ctx, w, a.o.Lease)
		switch {
		case err == nil:
			a.renewed(began)
			if failures > 0 {
				a.log.Info("renewed again", zap.Int("failures", failures))
			}
			failures = 0
		case errors.Is(err, view.ErrLeaseLost):
			a.log.Warn("this worker was away for too long: others may have its devices", zap.Error(err))
			a.loseAll()
			return
		case ctx.Err() == nil:
			if failures++; failures == 1 || failures%100 == 0 {
				a.log.Warn("not renewed", zap.Int("failures", failures), zap.Error(err))
			}
		}
	}
}

// renewed notes that the worker is live for a lease from began.
func (a *Assigner) renewed(began time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.ends.IsZero() && began.After(a.ends) {
		a.grace = began.Add(a.o.Lease)
	}
	a.ends = began.Add(a.o.Lease)
	if a.watchdog != nil {
		a.watchdog.Stop()
	}
	a.watchdog = time.AfterFunc(time.Until(a.ends), a.overdue)
}

// overdue ends all work: nobody knows whether the claims are still this worker's.
func (a *Assigner) overdue() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.worker.Token == 0 || time.Now().Before(a.ends) {
		return
	}
	a.log.Warn("the store did not answer for a lease: nothing is written to devices until it does")
	for _, h := range a.held {
		if h.work != nil {
			h.work(view.ErrLeaseLost)
		}
	}
}

// loseAll ends everything that was claimed.
func (a *Assigner) loseAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key := range a.held {
		a.lose(key)
	}
	a.worker.Token = 0
	a.ends = time.Time{}
	a.watchdog.Stop()
	if a.stop != nil {
		a.stop()
		a.stop = nil
	}
	a.tell()
	poke(a.poked)
}

// lose ends what was claimed under the key. The caller has the lock.
func (a *Assigner) lose(key string) {
	h := a.held[key]
	delete(a.held, key)
	if !h.leaving {
		close(h.lost)
	}
	if h.work != nil {
		h.work(view.ErrLeaseLost)
	}
	if d := deviceOf(key); isDevice(key) && a.o.Close != nil && a.held[write+string(d)] == nil && a.held[watch+string(d)] == nil {
		a.wg.Go(func() { a.o.Close(d) }) // another worker may have a session by now
	}
}

// tell wakes all who listen and all who wait for their turn. The caller has the lock.
func (a *Assigner) tell() {
	close(a.turn)
	a.turn = make(chan struct{})
	for _, l := range a.listeners {
		poke(l)
	}
}

// Changed returns a channel that gets a hint whenever the devices that this process serves may be others.
func (a *Assigner) Changed() <-chan struct{} {
	c := make(chan struct{}, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listeners = append(a.listeners, c)
	return c
}

// Poke makes Run look at once: workers or devices may have come or gone.
func (a *Assigner) Poke() { poke(a.poked) }

// Close ends the worker, if there is one: what it has claimed is free at once. All work must have ended.
func (a *Assigner) Close(ctx context.Context) error {
	a.mu.Lock()
	w, stop := a.worker, a.stop
	a.worker.Token, a.stop = 0, nil
	if a.watchdog != nil {
		a.watchdog.Stop()
	}
	for key := range a.held {
		a.lose(key)
	}
	a.mu.Unlock()
	if stop == nil {
		return nil
	}
	stop()
	a.wg.Wait()
	if w.Token == 0 {
		return nil
	}
	err := a.o.Store.Do(ctx, func(tx event.Tx) error {
		was, err := a.o.Store.LeaveWorker(tx, w)
		if err != nil || !was {
			return err
		}
		return left(ctx, tx, w, "")
	})
	if err != nil {
		return fmt.Errorf("leave: %w", err)
	}
	return nil
}

func isDevice(key string) bool { return strings.HasPrefix(key, write) || strings.HasPrefix(key, watch) }

func deviceOf(key string) intent.DeviceName {
	_, name, _ := strings.Cut(key, "/")
	return intent.DeviceName(name)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits for d and reports whether ctx has not ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
