package reconcile

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// Options are what an Engine needs. Store, Sessions, Intents, Holds, Worker and Log must be set.
type Options struct {
	Store    Store
	Sessions Sessions
	Intents  Intents
	Holds    Holds
	Worker   string // this process, in what it asks others
	Log      *zap.Logger

	AutoApply   bool          // run plans for new intent without asking
	Parallel    int           // devices at once in one run, 8 by default
	MaxFailures int           // devices that may fail before a run starts no further one
	Window      time.Duration // how long a device may take until reading shows what was set, 10 s by default
	// ConfirmWithin is the least that a device keeps a commit which nobody confirms, 5 min by default: a device that takes back
	// what was being verified would look like one that lies.
	ConfirmWithin time.Duration
	OnFailure     run.Mode      // what becomes of a run's devices when one fails, unless whoever starts it says so; put back what failed by default
	PlanExpires   time.Duration // how long a plan waits for approval, 24 h by default
	Lease         time.Duration // how long a dead process keeps others from its runs, 10 s by default
	Leads         func() bool   // whether this process plans what concerns no device alone, without an event; always by default
	Resync        time.Duration // between looks for what is due, 30 s by default

	Person func(author string) string // who the author of a commit is among those who approve, empty for nobody; nobody by default

	Local      *local.Bus    // on which validators vote, one of its own by default
	VoteWithin time.Duration // how long validators may take, 10 s by default

	// Drained, when set, returns what a device of a generation would have if its own AS number stood so many times more before what it
	// announces.
	Drained func(ctx context.Context, generation string, device intent.DeviceName, prepend int) (*tree.Tree, error)

	// Trace, when set, is told that work begins which belongs to a correlation; the work goes on with the context that it
	// returns, and calls end.
	Trace func(ctx context.Context, what, correlation string) (within context.Context, end func(error))
}

// An Engine plans and executes. It is safe for concurrent use, also by several processes over one store.
type Engine struct {
	o         Options
	log       *zap.Logger
	queue     *queue
	votes     *vote.Panel
	approvals *approval.Desk
	now       func() time.Time

	asks       *queue // on workers of their own: those who wait for others must not keep others waiting
	answers    map[string]answerer
	askedAbout chan struct{} // has a token when somebody may have asked
	serving    atomic.Bool

	mu       sync.Mutex
	planned  string // the generation of which nothing is left to plan; none while a run stands in the way
	turn     uint64 // counts the ends of runs on devices
	lastTurn map[intent.DeviceName]uint64
	looks    map[string]look          // at open episodes, by their names
	pokes    map[string]chan struct{} // of the runs that are driven here

	proposing sync.Mutex // held from looking for runs under way until a plan for new intent is stored
}

// workers is how many jobs are done at once. Most of their time they wait for devices, and those that hang must not hold
// up the others.
const workers = 32

// New returns an engine that does nothing until it is asked to, or until Run.
func New(o Options) *Engine {
	if o.Trace == nil {
		o.Trace = func(ctx context.Context, _, _ string) (context.Context, func(error)) { return ctx, func(error) {} }
	}
	byDefault := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	byDefault(&o.Window, 10*time.Second)
	byDefault(&o.ConfirmWithin, 5*time.Minute)
	byDefault(&o.VoteWithin, 10*time.Second)
	byDefault(&o.PlanExpires, 24*time.Hour)
	byDefault(&o.Lease, 10*time.Second)
	byDefault(&o.Resync, 30*time.Second)
	if o.OnFailure == "" {
		o.OnFailure = run.RollbackDevice
	}
	if o.Leads == nil {
		o.Leads = func() bool { return true }
	}
	if o.Local == nil {
		o.Local = local.New(local.Options{})
	}
	if o.Parallel <= 0 {
		o.Parallel = 8
	}
	e := &Engine{o: o, log: o.Log.Named("reconcile"), queue: newQueue(), asks: newQueue(), answers: map[string]answerer{}, askedAbout: make(chan struct{}, 1), now: time.Now, lastTurn: map[intent.DeviceName]uint64{}, looks: map[string]look{}, pokes: map[string]chan struct{}{}}
	e.answers[verbPart], e.answers[verbSurvey], e.answers[verbCompare], e.answers[verbProbe] = e.part, e.answerSurvey, e.answerCompare, e.answerProbe
	e.answers[verbRecheck], e.answers[verbBackup] = e.answerRecheck, e.answerBackup
	now := func() time.Time { return e.now() }
	e.votes = vote.New(vote.Options{Bus: o.Local, Within: o.VoteWithin, Now: now, Intents: inForce{e}, Judge: judge{e}})
	e.approvals = approval.New(approval.Options{
		Store: o.Store, Intents: o.Intents, Validators: e.votes, Now: now, Person: o.Person, Told: toldPlan, Rejected: e.rejected,
	})
	return e
}

// Run does the work that handlers queue and what it finds due, until ctx ends. What it is in the middle of then is
// left as recorded, for whoever runs next.
func (e *Engine) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, q := range []*queue{e.queue, e.asks} {
		for range workers {
			wg.Go(func() {
				for {
					j, err := q.next(ctx)
					if err != nil {
						return
					}
					e.work(ctx, j)
					q.done(j)
				}
			})
		}
	}
	e.serving.Store(true)
	defer e.serving.Store(false)
	wg.Go(func() { e.attendAsks(ctx) })
	defer wg.Wait()
	tick := time.NewTicker(e.o.Resync)
	defer tick.Stop()
	first, failures := true, 0
	for {
		if err := e.resync(ctx, first); err == nil || ctx.Err() != nil {
			first, failures = false, 0
		} else if failures++; failures == 1 || failures%100 == 0 {
			e.log.Error("cannot look for what is due", zap.Int("failures", failures), zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// work does one job and logs how it failed: whatever it left undone is found again by resync.
func (e *Engine) work(ctx context.Context, j job) {
	var err error
	if j.kind == kindDrift || j.kind == kindBack {
		if elses, err := e.Elsewhere(ctx, j.device); err == nil && elses {
			return // who serves the device has the same hint, and the same look for what is due
		}
	}
	switch j.kind {
	case kindRun:
		err = e.pursue(ctx, j)
	case kindDrift:
		err = e.planDrift(ctx, j)
	case kindIntent:
		err = e.planIntent(ctx)
	case kindBack:
		err = e.planBack(ctx, j)
	case kindCommand:
		err = e.command(ctx, j)
	case kindEscalate:
		err = e.approvals.Escalate(ctx, j.run)
	case kindOpening:
		err = e.opening(ctx)
	case kindAsk:
		err = e.reply(ctx, j.ask)
	}
	var away *unreachable
	switch {
	case err == nil || ctx.Err() != nil:
	case errors.As(err, &away):
		e.log.Warn("device cannot be read", zap.String("job", j.key), zap.String("device", string(away.device)), zap.Error(err))
	default:
		e.log.Error("work failed", zap.String("job", j.key), zap.String("device", string(j.device)),
			zap.String("correlation", j.cause.Correlation), zap.Error(err))
	}
}

// pursue executes a run, or comes back to it: its driver may have died, and holds the lease a little longer.
func (e *Engine) pursue(ctx context.Context, j job) error {
	row, err := e.Execute(ctx, j.run)
	if err == nil || ctx.Err() != nil {
		return err
	}
	j.due = e.now().Add(e.o.Lease / 6)
	if !errors.Is(err, ErrElsewhere) {
		e.queue.add(j)
		return err
	}
	if row, err = e.o.Store.Run(ctx, j.run); err == nil && row.Ended.IsZero() {
		e.queue.add(j)
	}
	return err
}

// resync queues what is due whether or not an event told of it: runs that nobody drives, drift without a plan, devices
// that a run left unclear, intent without a plan and, when a process begins, commands that its forerunner took and did not carry out.
func (e *Engine) resync(ctx context.Context, first bool) error {
	runs, err := e.o.Store.Runs(ctx, view.RunQuery{Status: []view.RunStatus{view.RunRunning, view.RunPaused}})
	if err != nil {
		return err
	}
	for _, r := range runs {
		e.queue.add(job{key: "run/" + r.ID, kind: kindRun, run: r.ID})
	}
	episodes, err := e.o.Store.Episodes(ctx, view.EpisodeQuery{Open: true, Limit: 10_000})
	if err != nil {
		return err
	}
	e.forget(episodes)
	for _, ep := range episodes {
		due, err := e.driftDue(ctx, ep)
		if err != nil {
			return err
		}
		if due {
			e.queue.add(job{key: "drift/" + string(ep.Device), kind: kindDrift, device: ep.Device})
		}
	}
	if err := e.resyncUnclear(ctx); err != nil {
		return err
	}
	if e.o.Leads() {
		if err := e.resyncIntent(ctx); err != nil {
			return err
		}
		if err := e.approvals.Expire(ctx); err != nil {
			return err
		}
		if err := e.resyncEscalations(ctx); err != nil {
			return err
		}
		if err := e.resyncTimely(ctx); err != nil {
			return err
		}
	}
	if first {
		return e.resyncCommands(ctx)
	}
	return nil
}

// resyncUnclear queues the devices of which a run left open what they have, and which answer by now: reading them when
// they came back may have failed too.
func (e *Engine) resyncUnclear(ctx context.Context) error {
	devices, err := e.o.Store.Devices(ctx)
	if err != nil {
		return err
	}
	for _, d := range devices {
		if d.Run == "" && len(d.WriteSet) > 0 && d.Health != view.Unreachable {
			e.queue.add(job{key: "back/" + string(d.Name), kind: kindBack, device: d.Name})
		}
	}
	return nil
}

// resyncIntent queues the current generation if this process has not planned it yet. A plan that is there
// already comes out again under the same name, so planning twice does no harm.
func (e *Engine) resyncIntent(ctx context.Context) error {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if errors.Is(err, view.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if e.lastPlanned() != g.ID {
		e.queue.add(job{key: "intent", kind: kindIntent})
	}
	return nil
}

// resyncWaiting plans anew for devices that new intent may be rolled out to by now without asking: no event tells that a
// hold is over.
func (e *Engine) resyncWaiting(ctx context.Context) error {
	unasked, err := e.unasked(ctx)
	if errors.Is(err, view.ErrNotFound) {
		return nil // no intents are in force yet, so there are no policies
	}
	if err != nil || !unasked {
		return err
	}
	open, err := e.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Limit: 10_000, Bodies: true})
	if err != nil {
		return err
	}
	for _, row := range open {
		if row.Cause != string(plan.ByIntent) {
			continue
		}
		p, err := plan.Parse(row.Body)
		if err != nil {
			return err
		}
		rulings, err := e.rule(ctx, p, e.byIntent(p))
		if err != nil {
			return err
		}
		for _, name := range may(rulings) {
			e.queue.add(job{key: "back/" + string(name), kind: kindBack, device: name})
		}
	}
	return nil
}

// ErrElsewhere says that another process drives the run.
var ErrElsewhere = errors.New("another process drives this run")
