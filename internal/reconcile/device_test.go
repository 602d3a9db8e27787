package reconcile

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// A device keeps a configuration and does as it is told, except for what its faults say.
type device struct {
	name  intent.DeviceName
	table *tree.Table

	mu      sync.Mutex
	running *tree.Tree
	startup *tree.Tree
	sets    int
	until   time.Time // the deadline of the last Set
	down    bool
	reads   int
	read    []path.Path // what the last reading was of
	probed  int
	probes  func(n int) string // the serial number that the nth probe is told, if set
	serial  string
	onSet   func(d *device, edit tree.Edit) error // instead of applying; called with the lock held
	asked   []profile.SetOptions                  // of each Set
	closed  bool                                  // for new connections
	before  *tree.Tree                            // what a commit that waits goes back to; nil for none
	backIn  int                                   // readings until a commit that nobody confirmed is taken back
	state   []profile.StateLeaf                   // what gates read
	blind   error                                 // what they get instead
	phases  func(edit tree.Edit) (int, error)     // in how many Sets an edit goes; one if not set
}

func (d *device) Phases(_ context.Context, edit tree.Edit) (int, error) {
	if d.phases == nil {
		return 1, nil
	}
	return d.phases(edit)
}

// A fault is an error of a session with the methods that the engine reads.
type fault struct{ text, kind string }

func (f *fault) Error() string { return f.text }
func (f *fault) Refused() bool { return f.kind == "refused" }
func (f *fault) Unsent() bool  { return f.kind == "unsent" }

func newDevice(t testing.TB, name intent.DeviceName) *device {
	table := tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"openconfig": schemas.OpenConfig()}))
	return &device{name: name, table: table, running: parseTree(t, table, "", 0), serial: string(name)}
}

func (d *device) is(what func() bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return what()
}

func (d *device) Probe(context.Context) (profile.Facts, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return profile.Facts{}, &fault{"no route to host", "unsent"}
	}
	if d.probes != nil {
		d.probed++
		return profile.Facts{Serial: d.probes(d.probed)}, nil
	}
	return profile.Facts{Serial: d.serial}, nil
}

func (d *device) Read(_ context.Context, prefixes []path.Path) (*tree.Tree, []tree.Problem, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return nil, nil, errors.New("no route to host")
	}
	d.reads++
	d.read = prefixes
	if d.backIn--; d.backIn == 0 && d.before != nil {
		d.running, d.before = d.before, nil
	}
	b := tree.NewBuilder(d.table)
	for _, p := range prefixes {
		for l := range d.running.Under(p) {
			if err := b.Set(l); err != nil {
				return nil, nil, err
			}
		}
	}
	return b.Build(), nil, nil
}

func (d *device) Set(ctx context.Context, edit tree.Edit, opts profile.SetOptions) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sets++
	d.asked = append(d.asked, opts)
	d.until, _ = ctx.Deadline()
	if d.onSet != nil {
		return d.onSet(d, edit)
	}
	return d.apply(edit)
}

func (d *device) apply(edit tree.Edit) error {
	b := d.running.Builder()
	for _, p := range edit.Deletes {
		b.Delete(p)
	}
	for _, r := range edit.Replaces {
		b.Delete(r.Path)
		for _, l := range r.Leaves {
			if err := b.Set(l); err != nil {
				return err
			}
		}
	}
	for _, l := range edit.Updates {
		if err := b.Set(tree.Leaf{Path: l.Path, Value: l.Value}); err != nil {
			return err
		}
	}
	d.running = b.Build()
	return nil
}

func (d *device) Save(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.startup = d.running
	return nil
}

// has returns the value at a path as text, empty for none.
func (d *device) has(text string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, err := path.Parse(text)
	if err != nil {
		return err.Error()
	}
	l, _ := d.running.Get(p)
	return l.Value.Text()
}

// change is what somebody else does to the device; an empty value deletes.
func (d *device) change(t testing.TB, text, value string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	p, err := path.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if value == "" {
		err = d.apply(tree.Edit{Deletes: []path.Path{p}})
	} else {
		var v schema.Value
		if v, err = d.table.Roots().Canonical(p, schema.Text(value)); err == nil {
			err = d.apply(tree.Edit{Updates: []tree.Leaf{{Path: p, Value: v}}})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (d *device) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sets
}
