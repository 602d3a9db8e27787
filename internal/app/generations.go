package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/loader"
	"github.com/tenter-net/tenter/internal/monitor"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/secret"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/suggest"
	"github.com/tenter-net/tenter/internal/view"
)

// generations compiles the generations of the store and keeps the last few.
type generations struct {
	store    *store.Store
	compiler *compiler
	log      *zap.Logger

	mu   sync.Mutex
	kept []keptGeneration // the newest last
}

type keptGeneration struct {
	id       string
	compiled *Compiled
}

// mostKept is enough for the current generation, the one before it, and one that a run still needs.
const mostKept = 3

// readSecret looks secrets up by name; the name of one that is missing is logged.
func readSecret(r *secret.Reader, log *zap.Logger) func(string) (string, bool) {
	return func(name string) (string, bool) {
		text, err := r.Named(name)
		if err != nil {
			log.Warn("secret", zap.Error(err))
			return "", false
		}
		return text.Reveal(), true
	}
}

// compiled returns what a generation comes to.
func (g *generations) compiled(ctx context.Context, id string) (*Compiled, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range g.kept {
		if k.id == id {
			return k.compiled, nil
		}
	}
	row, err := g.store.Generation(ctx, id)
	if err != nil {
		return nil, err
	}
	c, diags := g.compiler.compileFrom(row.Files, intent.Options{Commit: row.Commit, Author: row.Author})
	if diags.HasErrors() {
		return nil, fmt.Errorf("generation %.8s does not compile any more: %s", id, diags[0])
	}
	g.keep(id, c)
	return c, nil
}

func (g *generations) keep(id string, c *Compiled) {
	if g.kept = append(g.kept, keptGeneration{id, c}); len(g.kept) > mostKept {
		g.kept = slices.Delete(g.kept, 0, 1)
	}
}

// current returns what the generation in force comes to.
func (g *generations) current(ctx context.Context) (*Compiled, error) {
	id, err := g.store.CurrentGenerationID(ctx)
	if err != nil {
		return nil, err
	}
	return g.compiled(ctx, id)
}

// target returns a device as the generation in force wants it.
func (g *generations) target(ctx context.Context, name intent.DeviceName) (*target, error) {
	c, err := g.current(ctx)
	if err != nil {
		return nil, err
	}
	return c.target(name)
}

func (c *Compiled) target(name intent.DeviceName) (*target, error) {
	t, ok := c.targets[name]
	if !ok {
		return nil, &NoDeviceError{Device: name, Nearest: c.nearest(name)}
	}
	return t, nil
}

// nearest returns the device of the intents that was probably meant, or none.
func (c *Compiled) nearest(name intent.DeviceName) intent.DeviceName {
	var known []string
	for n := range c.targets {
		known = append(known, string(n))
	}
	return intent.DeviceName(suggest.Nearest(string(name), known))
}

// A NoDeviceError says that the intents have no device of that name, and which one was probably meant.
type NoDeviceError struct {
	Device, Nearest intent.DeviceName
}

// Error asks whether the nearest name was meant.
func (e *NoDeviceError) Error() string {
	text := fmt.Sprintf("device %q: the intents have no such device", e.Device)
	if e.Nearest != "" {
		text += fmt.Sprintf("; did you mean %q?", e.Nearest)
	}
	return text
}

// validate judges a generation for the loader.
func (g *generations) validate(ctx context.Context, next, previous view.Generation) (loader.Verdict, error) {
	var before *Compiled
	if previous.ID != "" {
		var err error
		if before, err = g.compiled(ctx, previous.ID); err != nil {
			g.log.Warn("the generation in force", zap.Error(err))
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c, diags := g.compiler.compileFrom(next.Files, intent.Options{Commit: next.Commit, Author: next.Author})
	if c != nil && before != nil {
		diags = append(diags, intent.CheckChange(before.Set, c.Set)...).Sort()
	}
	if diags.HasErrors() {
		mistakes := slices.DeleteFunc(diags, func(d intent.Diagnostic) bool { return d.Severity != intent.SeverityError })
		return loader.Verdict{Diagnostics: mistakes.Lines()}, nil
	}
	g.keep(next.ID, c)
	v := loader.Verdict{OK: true, Diagnostics: diags.Lines()}
	for name, t := range c.targets {
		if before == nil || before.targets[name] == nil || before.targets[name].result != t.result {
			v.Devices = append(v.Devices, name)
		}
	}
	slices.Sort(v.Devices)
	return v, nil
}

// planIntents is what the reconciler sees of the intents.
type planIntents struct{ *generations }

// Fabric returns a generation's fabric.
func (p planIntents) Fabric(ctx context.Context, generation string) (*fabric.Fabric, error) {
	c, err := p.compiled(ctx, generation)
	if err != nil {
		return nil, err
	}
	return c.Fabric, nil
}

// Target returns a device as a generation wants it.
func (p planIntents) Target(ctx context.Context, generation string, name intent.DeviceName) (reconcile.Target, error) {
	c, err := p.compiled(ctx, generation)
	if err != nil {
		return reconcile.Target{}, err
	}
	t, err := c.target(name)
	if err != nil {
		return reconcile.Target{}, err
	}
	return reconcile.Target(*t.watch), nil
}

// watchIntents is what the monitor sees of the intents: the generation in force.
type watchIntents struct{ *generations }

// Devices returns all devices; none before there is a generation.
func (w watchIntents) Devices(ctx context.Context) ([]intent.DeviceName, error) {
	c, err := w.current(ctx)
	if errors.Is(err, view.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]intent.DeviceName, 0, len(c.Fabric.Devices))
	for _, d := range c.Fabric.Devices {
		names = append(names, d.Name)
	}
	return names, nil
}

// Target returns a device as the generation in force wants it.
func (w watchIntents) Target(ctx context.Context, name intent.DeviceName) (*monitor.Target, error) {
	t, err := w.generations.target(ctx, name)
	if err != nil {
		return nil, err
	}
	return t.watch, nil
}

// schedules returns what the generation in force schedules; nothing before there is one.
func (g *generations) schedules(ctx context.Context) ([]fabric.Schedule, error) {
	c, err := g.current(ctx)
	if errors.Is(err, view.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.Fabric.Schedules, nil
}

// windows returns the windows of the generation in force; none before there is one.
func (g *generations) windows(ctx context.Context) ([]fabric.Window, error) {
	c, err := g.current(ctx)
	if errors.Is(err, view.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.Fabric.Windows, nil
}
