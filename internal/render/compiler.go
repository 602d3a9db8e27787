package render

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// Options are what a Compiler needs besides fabrics. Roots and Profiles are mandatory.
type Options struct {
	// Roots returns the schemas of the devices of a profile: the same ones for the same profile.
	Roots    func(*profile.Profile) (*schema.Roots, error)
	Profiles *profile.Set
	// Sources numbers the positions of the trees' leaves; nil makes one.
	Sources *tree.Sources
	// Secret returns the value of a named secret; nil knows none. It is called from several goroutines.
	Secret func(name string) (string, bool)
}

// A Result is what one device should have. It is immutable.
type Result struct {
	Device     intent.DeviceName
	Desired    *tree.Tree
	Overridden []Overridden // in canonical order
	Secrets    []path.Path  // leaves whose values come from named secrets, in canonical order
}

// An Overridden leaf is one that a Config document of higher priority replaced.
type Overridden struct {
	tree.Leaf               // as it would have been
	By        tree.SourceID // the Config document
}

// A Compiler renders fabrics, each faster for the one before. It is not safe for concurrent use.
type Compiler struct {
	opts    Options
	devices map[intent.DeviceName]*device
}

// NewCompiler returns a Compiler that has rendered nothing.
func NewCompiler(opts Options) *Compiler {
	if opts.Sources == nil {
		opts.Sources = &tree.Sources{}
	}
	if opts.Secret == nil {
		opts.Secret = func(string) (string, bool) { return "", false }
	}
	return &Compiler{opts: opts, devices: map[intent.DeviceName]*device{}}
}

// Sources resolves the sources of all leaves that the compiler made.
func (c *Compiler) Sources() *tree.Sources { return c.opts.Sources }

// Compile renders every device, in the fabric's order and several at a time. A device that comes out as it was before
// has the same *Result as before. The results are nil if the diagnostics hold an error.
func (c *Compiler) Compile(f *fabric.Fabric) ([]*Result, intent.Diagnostics) {
	devices := make([]*device, len(f.Devices))
	for i, m := range f.Devices {
		if devices[i] = c.devices[m.Name]; devices[i] == nil {
			devices[i] = &device{name: m.Name, opts: &c.opts}
		}
	}
	found := make([]intent.Diagnostics, len(devices))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(devices)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(devices)); i = next.Add(1) - 1 {
				found[i] = devices[i].compile(f.Devices[i])
			}
		})
	}
	workers.Wait()
	c.devices = make(map[intent.DeviceName]*device, len(devices))
	results := make([]*Result, len(devices))
	for i, d := range devices {
		c.devices[d.name], results[i] = d, d.result
	}
	out := slices.Concat(found...).Sort()
	if out.HasErrors() {
		return nil, out
	}
	return results, out
}
