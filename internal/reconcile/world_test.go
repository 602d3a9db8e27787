package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/tenter-net/tenter/internal/assign"
	"github.com/tenter-net/tenter/internal/bus/logbus"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is a store, a bus, devices and intents around engines under test.
type world struct {
	t       *testing.T
	dir     string
	store   *store.Store
	profile *profile.Profile
	secrets *plan.Secrets

	mu      sync.Mutex
	devices map[intent.DeviceName]*device
	fabrics map[string]*fabric.Fabric // by generation
	targets map[string]map[intent.DeviceName]Target

	forgotten []intent.DeviceName
}

func newWorld(t *testing.T, names ...intent.DeviceName) *world {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Alone: true, Fabric: "dc1", Worker: "test", Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	by, err := profiles.Get("openconfig-sim")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, dir: dir, store: s, profile: by, secrets: plan.NewSecrets([]byte("a key of the store that is secret"), nil),
		devices: map[intent.DeviceName]*device{}, fabrics: map[string]*fabric.Fabric{}, targets: map[string]map[intent.DeviceName]Target{},
	}
	for _, n := range names {
		w.devices[n] = newDevice(t, n)
	}
	w.enroll(names...)
	return w
}

func (w *world) options(name string) Options {
	return Options{
		Store: w.store, Sessions: w, Intents: w, Worker: name, Log: zaptest.NewLogger(w.t, zaptest.Level(zap.WarnLevel)),
		Holds: w.holds(name, w.store, stall), Window: 300 * time.Millisecond, Lease: 600 * time.Millisecond, Resync: time.Hour,
	}
}

// engineHolds are holds of an assigner.
type engineHolds struct{ *assign.Assigner }

func (h engineHolds) Take(ctx context.Context, key string, wait bool) (context.Context, Hold, error) {
	work, hold, err := h.Assigner.Take(ctx, key, wait)
	if err != nil || hold == nil {
		return nil, nil, err
	}
	return work, hold, nil
}

// Serves is of a process alone: all devices are its own.
func (engineHolds) Serves(intent.DeviceName) bool { return true }

// stall is how long a process may stand still, as on a machine that has much else to do, before its leases run out.
const stall = 20 * time.Second

// holds are those of a process that serves no devices, and takes each for as long as it works with it.
func (w *world) holds(name string, s assign.Store, lease time.Duration) Holds {
	a := assign.New(assign.Options{
		Store: s, Worker: name, Operation: "test", Roles: []string{assign.RoleWrite}, Lease: lease, Log: zap.NewNop(),
	})
	w.t.Cleanup(func() { _ = a.Close(context.Background()) }) // one that was killed does not leave
	return engineHolds{a}
}

// hints lets the engine hear what every process hears.
func (w *world) hints(ctx context.Context, e *Engine) error {
	at, _, err := w.store.Head(ctx)
	for err == nil {
		if err = w.store.Wait(ctx, at); err != nil {
			return err
		}
		var list []event.Event
		if list, err = w.store.Events(ctx, event.Query{After: at}); err != nil {
			return err
		}
		for _, ev := range list {
			at = ev.Seq
			if slices.Contains(HintTypes(), ev.Type) {
				if err := e.Hint(ev); err != nil {
					return err
				}
			}
		}
	}
	return err
}

// serve runs an engine with its bus until the returned function is called, or the test ends.
func (w *world) serve(o Options) (e *Engine, stop func()) {
	w.t.Helper()
	e = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	bus := logbus.New(logbus.Options{Store: w.store, Worker: o.Worker, Lease: stall})
	bus.Replay(Group, nil, Types(), e.Handle)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := bus.Run(ctx); err != nil && ctx.Err() == nil {
			w.t.Error(err)
		}
	})
	wg.Go(func() {
		if err := w.hints(ctx, e); err != nil && ctx.Err() == nil {
			w.t.Error(err)
		}
	})
	wg.Go(func() {
		if err := e.Run(ctx); err != nil {
			w.t.Error(err)
		}
	})
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); wg.Wait() }) }
	w.t.Cleanup(stop)
	return e, stop
}

// intend makes a generation current in which each device wants the lines given for it.
func (w *world) intend(generation string, wants map[intent.DeviceName]string, change func(*fabric.Device)) {
	w.t.Helper()
	f := &fabric.Fabric{Name: "dc1"}
	targets := map[intent.DeviceName]Target{}
	sources := &tree.Sources{}
	for _, d := range w.devices {
		lines, ok := wants[d.name]
		if !ok {
			continue
		}
		model := &fabric.Device{Name: d.name, Role: "leaf"}
		if strings.HasPrefix(string(d.name), "spine") {
			model.Role = "spine"
		}
		if change != nil {
			change(model)
		}
		f.Devices = append(f.Devices, model)
		targets[d.name] = Target{
			Model: model, Profile: w.profile, Table: d.table, Sources: sources, Secrets: w.secrets,
			Desired: parseTree(w.t, d.table, lines, sources.Add(tree.Source{File: "all.yaml", Line: 1})),
		}
	}
	for i := range f.Devices { // by name
		for j := range i {
			if f.Devices[i].Name < f.Devices[j].Name {
				f.Devices[i], f.Devices[j] = f.Devices[j], f.Devices[i]
			}
		}
	}
	w.mu.Lock()
	w.fabrics[generation], w.targets[generation] = f, targets
	w.mu.Unlock()
	w.do(func(tx event.Tx) error {
		if err := w.store.SaveGeneration(tx, view.Generation{ID: generation, Fabric: "dc1", Created: time.Now()}); err != nil {
			return err
		}
		if err := w.store.SetCurrentGeneration(tx, generation); err != nil {
			return err
		}
		return tx.Append(w.t.Context(), event.Draft{
			Type: event.TypeIntentValidated, Correlation: generation, Data: event.IntentValidated{Generation: generation},
		})
	})
}

func (w *world) do(fn func(tx event.Tx) error) {
	w.t.Helper()
	if err := w.store.Do(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

// Fabric and Target are the engine's intents.
func (w *world) Fabric(_ context.Context, generation string) (*fabric.Fabric, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fabrics[generation], nil
}

func (w *world) Target(_ context.Context, generation string, name intent.DeviceName) (Target, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, ok := w.targets[generation][name]
	if !ok {
		return t, fmt.Errorf("device %q: not in generation %q", name, generation)
	}
	return t, nil
}

// Session is the engine's way to a device.
func (w *world) Session(_ context.Context, name intent.DeviceName) (Session, error) {
	d := w.devices[name]
	if d.is(func() bool { return d.down }) {
		return nil, &fault{"no route to host", "unsent"}
	}
	return d, nil
}

// Fresh is a connection beside the session.
func (w *world) Fresh(_ context.Context, name intent.DeviceName) (Fresh, error) {
	d := w.devices[name]
	if d.is(func() bool { return d.down || d.closed }) {
		return nil, &fault{"connection refused", "unsent"}
	}
	return fresh{d}, nil
}

type fresh struct{ d *device }

// State returns what the device was given to show.
func (f fresh) State(context.Context, []path.Path) ([]profile.StateLeaf, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return f.d.state, f.d.blind
}

// Close ends nothing.
func (fresh) Close() error { return nil }

// Forget is told of devices that nobody wants any more.
func (w *world) Forget(name intent.DeviceName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgotten = append(w.forgotten, name)
}

// enroll lets policies write to the device without asking.
func (w *world) enroll(names ...intent.DeviceName) {
	w.t.Helper()
	for _, n := range names {
		w.do(func(tx event.Tx) error {
			return w.store.UpdateDevice(tx, n, func(d *view.Device) { d.Identity, d.Enrolled = view.Identity{Serial: string(n)}, time.Now() })
		})
	}
}

// unenroll makes devices read-only, as those are that nobody has enrolled yet.
func (w *world) unenroll(names ...intent.DeviceName) {
	w.t.Helper()
	for _, n := range names {
		w.do(func(tx event.Tx) error {
			return w.store.UpdateDevice(tx, n, func(d *view.Device) { d.Identity, d.Enrolled = view.Identity{}, time.Time{} })
		})
	}
}

// drift opens an episode, as a monitor does, and tells of it.
func (w *world) drift(name intent.DeviceName, episode string, findings ...event.Finding) {
	w.t.Helper()
	w.do(func(tx event.Tx) error {
		if err := w.store.SaveEpisode(tx, view.Episode{
			ID: episode, Device: name, Opened: time.Now(), Mode: "enforce", Correlation: episode, Findings: findings, Total: len(findings),
		}); err != nil {
			return err
		}
		return tx.Append(w.t.Context(), event.Draft{
			Type: event.TypeDriftDetected, Subject: string(name), Correlation: episode,
			Data: event.Drift{Episode: episode, Device: name, Findings: findings, Total: len(findings)},
		})
	})
}

// remediated closes an episode.
func (w *world) remediated(episode string) {
	w.t.Helper()
	w.do(func(tx event.Tx) error {
		ep, err := w.store.EpisodeIn(tx, episode)
		if err != nil {
			return err
		}
		ep.Closed, ep.By = time.Now(), "tenter"
		return w.store.SaveEpisode(tx, ep)
	})
}

// await waits until the log has an event of the type with the correlation, or of any, and reads its data into data.
func (w *world) await(t event.Type, correlation string, data any) event.Event {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 3*stall)
	defer cancel()
	for {
		head, _, err := w.store.Head(ctx) // before looking: what comes in between must not be waited past
		if err != nil {
			w.t.Fatal(err)
		}
		list, err := w.store.Events(ctx, event.Query{Types: []event.Type{t}, Correlation: correlation, Limit: 1000})
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) > 0 {
			last := list[len(list)-1]
			if err := json.Unmarshal(last.Data, data); err != nil {
				w.t.Fatal(err)
			}
			return last
		}
		if err := w.store.Wait(ctx, head); err != nil {
			w.t.Fatalf("no %s of %q: %v\n%s", t, correlation, err, w.log())
		}
	}
}

// count returns how many events of the type there are.
func (w *world) count(t event.Type) int {
	w.t.Helper()
	list, err := w.store.Events(w.t.Context(), event.Query{Types: []event.Type{t}, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(list)
}

// log returns all events as lines.
func (w *world) log() string {
	list, err := w.store.Events(context.Background(), event.Query{Limit: 1000})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "%d %s %s %s\n", e.Seq, e.Type, e.Subject, e.Data)
	}
	return b.String()
}

// propose plans everything and has the plan stored.
func (w *world) propose(e *Engine) plan.ID {
	w.t.Helper()
	planned, err := e.Plan(w.t.Context(), Request{})
	if err != nil {
		w.t.Fatal(err)
	}
	id, err := e.Propose(w.t.Context(), planned.Plan, "ann")
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// begin plans everything and commits the run, without executing it.
func (w *world) begin(e *Engine) (run string) {
	w.t.Helper()
	return w.commit(e, w.propose(e))
}

func (w *world) commit(e *Engine, id plan.ID) (run string) {
	w.t.Helper()
	run, err := e.Start(w.t.Context(), id, byAnn(""))
	if err != nil {
		w.t.Fatal(err)
	}
	return run
}

// apply plans everything and runs it, in this process.
func (w *world) apply(e *Engine) view.Run {
	w.t.Helper()
	return w.start(e, w.propose(e))
}

func (w *world) start(e *Engine, id plan.ID) view.Run {
	w.t.Helper()
	row, err := e.Execute(w.t.Context(), w.commit(e, id))
	if err != nil {
		w.t.Fatal(err)
	}
	return row
}

// outcomes returns how a run ended on each device.
func (w *world) outcomes(run string) map[intent.DeviceName]string {
	w.t.Helper()
	rows, err := w.store.RunDevices(w.t.Context(), run)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[intent.DeviceName]string{}
	for _, r := range rows {
		out[r.Device] = r.Outcome
	}
	return out
}

func parseTree(t testing.TB, table *tree.Table, lines string, from tree.SourceID) *tree.Tree {
	t.Helper()
	b := tree.NewBuilder(table)
	for line := range strings.Lines(lines) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		where, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		p, err := path.Parse(where)
		if err != nil {
			t.Fatal(err)
		}
		v, err := table.Roots().Canonical(p, schema.Text(value))
		if err == nil {
			err = b.Set(tree.Leaf{Path: p, Value: v, Source: from})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}
