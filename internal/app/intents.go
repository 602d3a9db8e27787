package app

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/monitor"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// A target is one device as one generation wants it.
type target struct {
	model   *fabric.Device // as the documents have it
	profile *profile.Profile
	result  *render.Result
	watch   *monitor.Target // the same for as long as model and result are; its model is reached as the settings say
}

// Compiled is what one state of the intents comes to.
type Compiled struct {
	Set     *intent.Set
	Fabric  *fabric.Fabric
	Sources *tree.Sources
	targets map[intent.DeviceName]*target
}

// Leaves returns the number of desired leaves on all devices.
func (c *Compiled) Leaves() int {
	n := 0
	for _, t := range c.targets {
		n += t.result.Desired.Len()
	}
	return n
}

// A compiler turns files into targets. It keeps what it compiled last, for generations change a little at a time.
type compiler struct {
	profiles *profile.Set
	devices  []settings.Device           // the address book
	users    []settings.User             // who may approve, but for those who have tokens
	adapted  map[string]*profile.Profile // with the settings' timing, by name
	options  render.Options

	mu       sync.Mutex
	dialects *render.Compiler
	last     *Compiled                     // what came of the last compilation that was sound
	checked  map[intent.DeviceName]checked // by the last compilation
	key      []byte
}

// newCompiler returns a compiler for the settings; secret gives the values of named secrets, and key is the store's key
// of the digests that stand for secrets.
func newCompiler(set *settings.Settings, secret func(string) (string, bool), key []byte) (*compiler, error) {
	profiles, err := LoadProfiles(set)
	if err != nil {
		return nil, err
	}
	c := &compiler{
		profiles: profiles, devices: set.Devices, users: set.Access.Users, adapted: map[string]*profile.Profile{}, key: key,
	}
	for _, name := range profiles.Names() {
		p, err := profiles.Get(name)
		if err != nil {
			return nil, err
		}
		c.adapted[name] = adapt(p, set)
	}
	c.options = render.Options{Roots: profiles.Models(schemas.Named).Roots, Profiles: profiles, Secret: secret}
	c.dialects = render.NewCompiler(c.options)
	return c, nil
}

// adapt puts the timing that the settings say in place of the profile's.
func adapt(p *profile.Profile, set *settings.Settings) *profile.Profile {
	out := *p
	for _, t := range []struct {
		from time.Duration
		to   *time.Duration
	}{
		{set.Monitor.SyncTimeout, &out.Watch.SyncTimeout},
		{set.Monitor.SampleInterval, &out.Watch.SampleInterval},
		{set.Monitor.PollInterval, &out.Watch.PollInterval},
		{set.Monitor.AuditInterval, &out.Watch.AuditInterval},
		{set.Apply.SetTimeout, &out.Limits.Timeout},
	} {
		if t.from > 0 {
			*t.to = t.from
		}
	}
	if !set.Apply.Save {
		out.Save = profile.Save{Method: profile.SaveAlways}
	}
	return &out
}

// compile loads and renders files. The Compiled is nil if the diagnostics hold an error.
func (c *compiler) compile(files map[string][]byte, commit string) (*Compiled, intent.Diagnostics) {
	return c.compileFrom(files, intent.Options{Commit: commit})
}

// compileFrom is compile for files of which more is known.
func (c *compiler) compileFrom(files map[string][]byte, from intent.Options) (*Compiled, intent.Diagnostics) {
	set, diags := intent.LoadFiles(files, from)
	if diags.HasErrors() {
		return nil, diags
	}
	return c.render(set, diags)
}

// render renders documents; diags are what was said of them before.
func (c *compiler) render(set *intent.Set, diags intent.Diagnostics) (*Compiled, intent.Diagnostics) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var before *fabric.Fabric
	if c.last != nil {
		before = c.last.Fabric
	}
	f, more := fabric.Compile(set, before)
	if diags = append(diags, more...).Sort(); diags.HasErrors() {
		return nil, diags
	}
	results, more := c.dialects.Compile(f)
	if diags = append(diags, set.Illustrate(more)...).Sort(); diags.HasErrors() {
		return nil, diags
	}
	out := &Compiled{Set: set, Fabric: f, Sources: c.dialects.Sources(), targets: map[intent.DeviceName]*target{}}
	for i, r := range results {
		out.targets[r.Device] = c.target(f.Devices[i], r)
	}
	if diags = append(diags, set.Illustrate(c.check(out))...).Sort(); diags.HasErrors() {
		return nil, diags
	}
	c.last = out
	return out, diags
}

// target returns the last compilation's target as long as it is the same, so that nobody need look at it anew.
func (c *compiler) target(m *fabric.Device, r *render.Result) *target {
	if c.last != nil {
		if t := c.last.targets[m.Name]; t != nil && t.model == m && t.result == r {
			return t
		}
	}
	t := &target{model: m, profile: c.adapted[m.Access.Profile], result: r}
	reached := *m
	reached.Access = c.book(m)
	reached.Scope = ofDevice(m.Scope, r.Desired.Table().Roots())
	t.watch = &monitor.Target{
		Model: &reached, Profile: t.profile, Table: r.Desired.Table(), Desired: r.Desired, Sources: c.dialects.Sources(),
		Secrets: plan.NewSecrets(c.key, r.Secrets).Disguised(r.Desired.Table().Roots(), t.profile.Secrets),
	}
	return t
}

// ofDevice returns the rules of trees that the device has: a policy for a fabric of several dialects has rules of them all.
func ofDevice(rules []fabric.ScopeRule, roots *schema.Roots) []fabric.ScopeRule {
	return slices.DeleteFunc(slices.Clone(rules), func(r fabric.ScopeRule) bool {
		p, err := path.ParsePattern(r.Pattern)
		return err == nil && !slices.Contains(roots.Origins(), p.Origin()) // a mistake is for whoever uses the rule
	})
}

// book returns how to reach a device: what its document says, and instead what the settings' address book says.
func (c *compiler) book(m *fabric.Device) fabric.Access {
	a := m.Access
	for _, d := range c.devices {
		if d.Name == m.Name {
			a.Address, a.Credentials = cmp.Or(d.Address, a.Address), cmp.Or(d.Credentials, a.Credentials)
			a.TLS, a.SSH = cmp.Or(d.TLS, a.TLS), cmp.Or(d.SSH, a.SSH)
		}
	}
	return a
}

// CompileDirectory compiles the intents of the settings' directory without a store, or those that were fetched last from the
// repository that the settings name instead. Secrets need not be there.
func CompileDirectory(ctx context.Context, set *settings.Settings) (*Compiled, intent.Diagnostics, error) {
	if FromGit(set) {
		return compileLast(ctx, set)
	}
	if info, err := os.Stat(set.Intents); err != nil || !info.IsDir() {
		return nil, nil, fmt.Errorf("intents: there is no directory %s", set.Intents)
	}
	c, err := newCompiler(set, func(string) (string, bool) { return "secret", true }, nil)
	if err != nil {
		return nil, nil, err
	}
	root, err := os.OpenRoot(set.Intents) // as the loader reads them: a link that leads out is an error
	if err != nil {
		return nil, nil, fmt.Errorf("intents: %w", err)
	}
	defer func() { _ = root.Close() }() // read only
	docs, diags := intent.Load(root.FS(), intent.Options{})
	if diags.HasErrors() {
		return nil, diags, nil
	}
	out, diags := c.render(docs, diags)
	return out, diags, nil
}

// compileLast compiles what was fetched last.
func compileLast(ctx context.Context, set *settings.Settings) (*Compiled, intent.Diagnostics, error) {
	g, err := newRemote(set, nil, zap.NewNop()).Last(ctx)
	if err != nil {
		return nil, nil, err
	}
	c, err := newCompiler(set, func(string) (string, bool) { return "secret", true }, nil)
	if err != nil {
		return nil, nil, err
	}
	out, diags := c.compile(g.Files, g.Commit)
	return out, diags, nil
}
