package assign_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/assign"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const lease = 400 * time.Millisecond

// A gate is the store of a process that can be stopped: then nothing that it asks comes back until it goes on.
type gate struct {
	*store.Store
	mu   sync.Mutex
	open chan struct{}
}

func newGate(s *store.Store) *gate {
	g := &gate{Store: s, open: make(chan struct{})}
	close(g.open)
	return g
}

func (g *gate) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *gate) resume() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

func (g *gate) pass() {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	<-open
}

func (g *gate) Do(ctx context.Context, fn func(tx event.Tx) error) error {
	g.pass()
	return g.Store.Do(ctx, fn)
}

func (g *gate) RenewWorker(ctx context.Context, w view.Worker, ttl time.Duration) (view.Worker, error) {
	g.pass()
	return g.Store.RenewWorker(ctx, w, ttl)
}

func (g *gate) Claim(ctx context.Context, w view.Worker, keys ...string) ([]view.Lease, error) {
	g.pass()
	return g.Store.Claim(ctx, w, keys...)
}

func (g *gate) Unclaim(ctx context.Context, leases ...view.Lease) error {
	g.pass()
	return g.Store.Unclaim(ctx, leases...)
}

// Extend is where a process that is stopped right before a Set is.
func (g *gate) Extend(ctx context.Context, l view.Lease, d time.Duration) error {
	g.pass()
	err := g.Store.Extend(ctx, l, d)
	g.pass()
	return err
}

// A fabric is what the devices see of all processes, and what their log has of each.
type fabric struct {
	t     *testing.T
	store *store.Store
	names []intent.DeviceName

	mu     sync.Mutex
	inside map[intent.DeviceName]string // who has a Set under way
	tokens map[intent.DeviceName]int64  // of who committed a step last
	sets   int
	moved  *sync.Cond
}

func newFabric(t *testing.T, devices int) *fabric {
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Alone: true, Worker: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &fabric{
		t: t, store: s, inside: map[intent.DeviceName]string{}, tokens: map[intent.DeviceName]int64{},
	}
	f.moved = sync.NewCond(&f.mu)
	for i := range devices {
		f.names = append(f.names, intent.DeviceName(fmt.Sprintf("leaf%d", i+1)))
	}
	return f
}

// A process is one replica: it serves devices until it is told to leave.
type process struct {
	*fabric
	name string
	gate *gate
	a    *assign.Assigner
	end  func()
}

func (f *fabric) start(name string) *process {
	p := &process{fabric: f, name: name, gate: newGate(f.store)}
	p.a = assign.New(assign.Options{
		Store: p.gate, Worker: name, Operation: view.OperationServe, Roles: []string{assign.RoleWrite, assign.RoleWatch}, Lease: lease, Log: zap.NewNop(),
		Devices: func(context.Context) ([]intent.DeviceName, error) { return f.names, nil },
		Close:   func(intent.DeviceName) {},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.a.Run(ctx); err != nil {
			f.t.Error(err)
		}
	})
	for _, d := range f.names {
		wg.Go(func() { p.serve(ctx, d) })
	}
	p.end = func() { cancel(); p.gate.resume(); wg.Wait() }
	return p
}

// serve does one run after the other on a device, while that is this process's.
func (p *process) serve(ctx context.Context, d intent.DeviceName) {
	changed := p.a.Changed()
	for ctx.Err() == nil {
		if !p.a.Serves(d) {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		err := p.run(ctx, d)
		var held *view.HeldError
		if err != nil && ctx.Err() == nil && !errors.Is(err, view.ErrLeaseLost) && !errors.As(err, &held) && !errors.Is(err, context.Canceled) {
			p.t.Errorf("%s: %s: %v", p.name, d, err)
			return
		}
	}
}

// run is one Set with a step before and after it.
func (p *process) run(ctx context.Context, d intent.DeviceName) error {
	work, hold, err := p.a.Take(ctx, "device/"+string(d), false)
	if err != nil || hold == nil {
		return err
	}
	defer hold.Release()
	if err := p.step(work, d, hold); err != nil {
		return err
	}
	within, done, err := hold.Secure(work, 20*time.Millisecond)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) || within == nil {
			return view.ErrLeaseLost // it was stopped: nothing was sent
		}
		return err
	}
	p.set(within, d)
	done()
	return p.step(work, d, hold)
}

// set is a Set under way: no two processes may have one on a device, and what comes late is not sent.
func (p *process) set(ctx context.Context, d intent.DeviceName) {
	if ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	if other := p.inside[d]; other != "" {
		p.t.Errorf("%s: %s and %s both have a Set under way", d, other, p.name)
	}
	p.inside[d] = p.name
	p.mu.Unlock()
	timer := time.NewTimer(rand.N(4 * time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inside[d] = ""
	p.sets++
	p.moved.Broadcast()
}

// step is a transaction under the lease: none may commit after one of a later holder.
func (p *process) step(ctx context.Context, d intent.DeviceName, hold *assign.Hold) error {
	return p.gate.Do(ctx, func(tx event.Tx) error {
		if err := p.store.Guard(tx, hold.Lease()); err != nil {
			return err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if last := p.tokens[d]; hold.Lease().Token < last {
			p.t.Errorf("%s: %s commits with token %d after %d", d, p.name, hold.Lease().Token, last)
		}
		p.tokens[d] = hold.Lease().Token
		return nil
	})
}

// progress waits until so many more Sets were done.
func (f *fabric) progress(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for until := f.sets + n; f.sets < until; {
		f.moved.Wait()
	}
}

// settled waits until every device is served by exactly one of the processes, nobody has more than the bound, and that stays.
func (f *fabric) settled(list ...*process) {
	f.t.Helper()
	most := max((len(f.names)+len(list)-1)/len(list), 5*len(f.names)/(4*len(list)))
	last := ""
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); f.progress(5) {
		last = ""
		for _, d := range f.names {
			n := 0
			for _, p := range list {
				if p.a.Serves(d) {
					n++
				}
			}
			if n != 1 {
				last = fmt.Sprintf("%s is served by %d", d, n)
			}
		}
		for _, p := range list {
			if n := len(p.a.Watched()); n > most {
				last = fmt.Sprintf("%s watches %d, more than %d", p.name, n, most)
			}
			for _, d := range p.a.Watched() {
				if !p.a.Serves(d) {
					last = fmt.Sprintf("%s is watched by %s and written to by another", d, p.name)
				}
			}
		}
		if last == "" {
			return
		}
	}
	f.t.Fatalf("not settled: %s", last)
}

// TestNoDeviceByTwo lets processes come, go, be stopped and go on at random. No two ever have a Set under way on one device, no
// step of an earlier holder commits after one of a later, and in the end every device is served, once.
func TestNoDeviceByTwo(t *testing.T) {
	f := newFabric(t, 12)
	all := []*process{f.start("a")}
	stopped := map[*process]bool{}
	next := 'b'
	for step := range 24 {
		switch i := rand.IntN(len(all)); {
		case len(all) < 4 && step%4 == 0:
			all = append(all, f.start(string(next)))
			next++
		case len(stopped) < len(all)-1 && !stopped[all[i]] && step%2 == 0:
			all[i].gate.stop()
			stopped[all[i]] = true
		case stopped[all[i]]:
			all[i].gate.resume()
			delete(stopped, all[i])
		case len(all)-len(stopped) > 1 && step%5 == 0:
			all[i].end()
			all = append(all[:i], all[i+1:]...)
		}
		f.progress(20)
	}
	for p := range stopped {
		p.gate.resume()
	}
	f.settled(all...)
	for _, p := range all {
		p.end()
	}
	if workers, err := f.store.Workers(t.Context()); err != nil || len(workers) != 0 {
		t.Errorf("%v: all have left, and there are %+v", err, workers)
	}
}
