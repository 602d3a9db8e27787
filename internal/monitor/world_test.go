package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/assign"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/monitor"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
	"github.com/tenter-net/tenter/schemas"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

const (
	leaf1  = intent.DeviceName("leaf1")
	desc1  = "/interfaces/interface[name=Ethernet1]/config/description"
	desc2  = "/interfaces/interface[name=Ethernet2]/config/description"
	secret = "/system/aaa/authentication/users/user[username=bob]/config/password"
	rogue  = "/network-instances/network-instance[name=red]/vlans/vlan[vlan-id=99]/config/name"
)

var roots = schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})

func at(t testing.TB, s string) path.Path {
	p, err := path.Parse(s)
	if err == nil {
		p, err = roots.Normalize(p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func leaf(t testing.TB, p string, v any) tree.Leaf {
	c, err := roots.Canonical(at(t, p), v)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Leaf{Path: at(t, p), Value: c}
}

// A device is a simulated one at the seam of monitor.Session: a set of leaves, of which it can be asked, and of which
// it streams every change, unless it is told to misbehave.
type device struct {
	t     testing.TB
	table *tree.Table

	mu      sync.Mutex
	have    map[string]tree.Leaf
	streams map[*stream]bool
	mute    map[profile.Stage]bool // rungs on which nothing comes after the snapshot
	slow    map[profile.Stage]bool // rungs on which no snapshot comes in time
	lacks   map[profile.Stage]bool // rungs that it does not have
	breaks  map[profile.Stage]bool // rungs that end the connection
	partial string                 // a path that no stream ever tells of
	away    error
	unread  error // Read fails with it
	stages  []profile.Stage
	facts   profile.Facts
	reads   int
}

type stream struct {
	stage profile.Stage
	wake  chan struct{}
	queue []tree.Update
	end   error
}

func (d *device) Probe(context.Context) (profile.Facts, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.facts, d.away
}

func (d *device) Read(_ context.Context, prefixes []path.Path) (*tree.Tree, []tree.Problem, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	if err := errors.Join(d.away, d.unread); err != nil {
		return nil, nil, err
	}
	b := tree.NewBuilder(d.table)
	for _, l := range d.have {
		if slices.ContainsFunc(prefixes, l.Path.HasPrefix) {
			if err := b.Set(l); err != nil {
				d.t.Error(err)
			}
		}
	}
	return b.Build(), nil, nil
}

func (d *device) Watch(ctx context.Context, first profile.Stage, opts profile.WatchOptions, emit func(tree.Update) error) error {
	if first == "" {
		first = profile.StageOnChange
	}
	opts.OnStage(profile.Rung{Stage: first})
	first, err := d.descend(ctx, first, opts)
	if err != nil {
		return err
	}
	d.mu.Lock()
	if d.away != nil {
		d.mu.Unlock()
		return d.away
	}
	s := &stream{stage: first, wake: make(chan struct{}, 1)}
	for _, l := range d.have {
		if l.Path.String() != d.partial {
			s.queue = append(s.queue, tree.Update{Leaves: []tree.Leaf{l}})
		}
	}
	s.queue = append(s.queue, tree.Update{Sync: true})
	d.streams[s] = true
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.streams, s)
	}()
	for {
		d.mu.Lock()
		queue, end := s.queue, s.end
		s.queue = nil
		d.mu.Unlock()
		for _, u := range queue {
			if err := emit(u); err != nil {
				return err
			}
		}
		if end != nil {
			return end
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		}
	}
}

// change changes leaves, an empty text deletes, and streams that as one notification.
func (d *device) change(leaves map[string]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := tree.Update{Time: time.Now()}
	for _, p := range slices.Sorted(maps.Keys(leaves)) {
		if leaves[p] == "" {
			delete(d.have, p)
			u.Deletes = append(u.Deletes, at(d.t, p))
			continue
		}
		d.have[p] = leaf(d.t, p, leaves[p])
		if p != d.partial {
			u.Leaves = append(u.Leaves, d.have[p])
		}
	}
	for s := range d.streams {
		if !d.mute[s.stage] {
			s.queue = append(s.queue, u)
			poke(s.wake)
		}
	}
}

// hint changes one leaf, and streams only that something is otherwise, n times in a row.
func (d *device) hint(p, text string, n int, u tree.Update) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if delete(d.have, p); text != "" {
		d.have[p] = leaf(d.t, p, text)
	}
	for s := range d.streams {
		for range n {
			s.queue = append(s.queue, u)
		}
		poke(s.wake)
	}
}

// lie streams a change that there is not.
func (d *device) lie(p, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.streams {
		s.queue = append(s.queue, tree.Update{Time: time.Now(), Leaves: []tree.Leaf{leaf(d.t, p, text)}})
		poke(s.wake)
	}
}

// leave makes the device unreachable, back lets it return.
func (d *device) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = errors.New("no route to host")
	for s := range d.streams {
		s.end = d.away
		poke(s.wake)
	}
}

func (d *device) back() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = nil
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// A world is a store, one device and its intent.
type world struct {
	t      *testing.T
	store  *store.Store
	device *device

	mu     sync.Mutex
	target *monitor.Target
	gone   bool // leaf1 is not in the intents, but a leaf2 that nobody can reach
	seen   event.Seq
	forgot []intent.DeviceName
}

func (w *world) Forget(name intent.DeviceName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgot = append(w.forgot, name)
}

func (w *world) Devices(context.Context) ([]intent.DeviceName, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return []intent.DeviceName{"leaf2"}, nil
	}
	return []intent.DeviceName{leaf1}, nil
}

func (w *world) Target(context.Context, intent.DeviceName) (*monitor.Target, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return nil, errors.New("the intents have no such device")
	}
	return w.target, nil
}

func (w *world) Session(context.Context, intent.DeviceName) (monitor.Session, error) {
	w.device.mu.Lock()
	defer w.device.mu.Unlock()
	return w.device, w.device.away
}

// intend makes the leaves the desired configuration.
func (w *world) intend(leaves map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var sources tree.Sources
	b := tree.NewBuilder(w.device.table)
	for _, p := range slices.Sorted(maps.Keys(leaves)) {
		l := leaf(w.t, p, leaves[p])
		l.Source = sources.Add(tree.Source{File: "ports.yaml", Line: 7})
		if err := b.Set(l); err != nil {
			w.t.Fatal(err)
		}
	}
	set, err := profile.Load(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	shipped, err := set.Get("openconfig")
	if err != nil {
		w.t.Fatal(err)
	}
	p := *shipped
	p.Watch.AuditInterval = time.Minute
	w.target = &monitor.Target{
		Model: &fabric.Device{
			Name: leaf1, Access: fabric.Access{Address: "192.0.2.1:6030"},
			Scope: []fabric.ScopeRule{{Pattern: "/network-instances/**", Action: fabric.Own}, {Pattern: "/system/config/motd-banner", Action: fabric.Ignore}},
			Drift: []fabric.DriftRule{
				{Pattern: "/interfaces/interface[name=Ethernet2]/**", Mode: fabric.DriftObserve}, {Pattern: "/**", Mode: fabric.DriftEnforce},
			},
		},
		Profile: &p, Table: w.device.table, Desired: b.Build(), Sources: &sources,
		Secrets: plan.NewSecrets([]byte("a key of the store"), nil),
	}
}

func (w *world) do(fn func(tx event.Tx) error) {
	w.t.Helper()
	if err := w.store.Do(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

// applied records that Tenter wrote the leaves and read them back.
func (w *world) applied(leaves map[string]string) {
	w.do(func(tx event.Tx) error {
		var list []tree.Leaf
		for p, v := range leaves {
			l := leaf(w.t, p, v)
			l.Value = w.target.Secrets.Digest(l.Path, l.Value)
			list = append(list, l)
		}
		return w.store.MarkApplied(tx, leaf1, list)
	})
}

// run records a run in flight that changes leaves from before to after.
func (w *world) run(id string, before, after map[string]string) {
	w.do(func(tx event.Tx) error {
		return w.store.UpdateDevice(tx, leaf1, func(d *view.Device) {
			d.Run = id
			for p := range after {
				wr := view.Write{Path: at(w.t, p), After: leaf(w.t, p, after[p]).Value}
				if before[p] != "" {
					wr.Before = leaf(w.t, p, before[p]).Value
				}
				d.WriteSet = append(d.WriteSet, wr)
			}
		})
	})
}

// ran records that the run verified what it wrote.
func (w *world) ran(after map[string]string) {
	w.do(func(tx event.Tx) error {
		var list []tree.Leaf
		for p, v := range after {
			list = append(list, leaf(w.t, p, v))
		}
		if err := w.store.MarkApplied(tx, leaf1, list); err != nil {
			return err
		}
		return w.store.UpdateDevice(tx, leaf1, func(d *view.Device) { d.Run, d.WriteSet = "", nil })
	})
}

// events returns what was said since the last call, one a line: type and what matters of its data. What the device's row shows
// without anything else having been said (device.changed) is left out: tests look at the row.
func (w *world) events() []string {
	w.t.Helper()
	list, err := w.store.Events(w.t.Context(), event.Query{After: w.seen})
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, e := range list {
		w.seen = e.Seq
		if e.Type != event.TypeDeviceChanged {
			lines = append(lines, describe(w.t, e))
		}
	}
	return lines
}

func describe(t testing.TB, e event.Event) string {
	line := string(e.Type)
	findings := func(list []event.Finding) {
		for _, f := range list {
			line += " | " + strings.TrimSpace(f.Class+" "+f.Path+" "+f.Before+" -> "+f.After)
		}
	}
	switch e.Type {
	case event.TypeDriftDetected, event.TypeDriftUpdated:
		d, err := event.Decode[event.Drift](e)
		if err != nil {
			t.Fatal(err)
		}
		line += " " + d.Mode
		if d.News > 0 {
			line += fmt.Sprintf(", %d new", d.News)
		}
		findings(d.Findings)
	case event.TypeDriftRemediated:
		d, err := event.Decode[event.DriftRemediated](e)
		if err != nil {
			t.Fatal(err)
		}
		line += strings.TrimRight(" by "+d.By+" "+d.Run, " ")
	}
	return line
}

// start runs a monitor in a synctest bubble over a store of its own.
func bubble(t *testing.T, settle time.Duration, body func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Alone: true, Worker: "w1", Log: zap.NewNop()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}()
		w := &world{t: t, store: st}
		w.device = &device{
			t: t, table: tree.NewTable(roots), have: map[string]tree.Leaf{}, streams: map[*stream]bool{}, mute: map[profile.Stage]bool{},
			slow: map[profile.Stage]bool{}, lacks: map[profile.Stage]bool{}, breaks: map[profile.Stage]bool{},
		}
		w.intend(map[string]string{desc1: "a", desc2: "b"})
		w.applied(map[string]string{desc1: "a", desc2: "b"})
		w.device.change(map[string]string{desc1: "a", desc2: "b"})
		a, leave := assigned(t, st, w.Devices)
		defer leave()
		synctest.Wait()
		w.events() // the worker came
		m := monitor.New(monitor.Options{Assigned: a, Settle: settle, Intents: w, Sessions: w, Store: st, Log: zap.NewNop()})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		body(w)
	})
}

// assigned is a worker that serves all devices, those of the intents and those that are not let go of yet.
func assigned(t testing.TB, st *store.Store, devices func(context.Context) ([]intent.DeviceName, error)) (a *assign.Assigner, leave func()) {
	a = assign.New(assign.Options{
		Store: st, Worker: "w1", Operation: view.OperationServe, Roles: []string{assign.RoleWatch}, Log: zap.NewNop(),
		Close: func(intent.DeviceName) {},
		Devices: func(ctx context.Context) ([]intent.DeviceName, error) {
			names, err := devices(ctx)
			if err != nil {
				return nil, err
			}
			rows, err := st.Devices(ctx)
			for _, r := range rows {
				if r.Health != view.Unmanaged && !slices.Contains(names, r.Name) {
					names = append(names, r.Name)
				}
			}
			return names, err
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	return a, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// pass lets time go by and everything come to rest.
func pass(d time.Duration) {
	time.Sleep(d) // in the bubble
	synctest.Wait()
}
