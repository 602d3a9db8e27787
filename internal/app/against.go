package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/secret"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/source"
	"github.com/tenter-net/tenter/internal/telemetry"
	"github.com/tenter-net/tenter/internal/tree"
)

// An AgainstRequest asks what a change of the intents would do: those in the directory now, compared with what was committed at Ref.
type AgainstRequest struct {
	Ref      string
	Devices  []intent.DeviceName
	Labels   map[string]string
	Observed bool // compared with what the devices have, where the change concerns them
}

// An AgainstReply is the plan. It was made without the store and is not for being applied.
type AgainstReply struct {
	PlanReply
	Base  string // the commit that the intents were compared with
	Exact bool   // it is where the work tree and Ref parted; else it is Ref itself
}

// PlanAgainst plans the difference between two states of the intents. It needs no store, no server and no credentials unless devices
// are to be read: what the intents at Ref say is taken for what the devices have. Nothing comes into force and nothing is written.
func PlanAgainst(ctx context.Context, set *settings.Settings, log *zap.Logger, req AgainstRequest) (AgainstReply, error) {
	work, err := source.OpenWorkTree(set.Intents)
	if err != nil {
		return AgainstReply{}, err
	}
	var out AgainstReply
	files, base, exact, err := work.At(ctx, req.Ref)
	if err != nil {
		return AgainstReply{}, err
	}
	out.Base, out.Exact = base, exact
	next, err := source.NewDirectory(set.Intents, sourcePoll, log).Snapshot(ctx)
	if err != nil {
		return AgainstReply{}, err
	}
	secrets := secret.NewReader(set.Secrets.Dir, set.Secrets.EnvPrefix, nil)
	c, err := newCompiler(set, standIn(secrets, req.Observed), []byte("against"))
	if err != nil {
		return AgainstReply{}, err
	}
	was := &Compiled{Fabric: &fabric.Fabric{}}
	if len(files) > 0 {
		var diags intent.Diagnostics
		if was, diags = c.compile(files, base); diags.HasErrors() {
			return AgainstReply{}, fmt.Errorf("the intents at %s (commit %.8s) have mistakes themselves, so there is nothing to compare with:\n%s", req.Ref, base, strings.Join(diags.Lines(), "\n"))
		}
	}
	now, diags := c.compile(next.Files, next.Commit)
	if diags.HasErrors() {
		return AgainstReply{}, &IntentsError{fmt.Errorf("intents %s: they have mistakes:\n%s", set.Intents, strings.Join(inDirectory(set.Intents, diags), "\n"))}
	}
	cmp := comparison{was: was, now: now, req: req}
	if req.Observed {
		cmp.pool = newPool(set, secrets, log)
		cmp.pool.observer = observer{metrics: telemetry.NewMetrics(telemetry.Process{Version: buildVersion()})}
		cmp.pool.target = func(_ context.Context, name intent.DeviceName) (*target, error) { return now.target(name) }
		defer func() { err = errors.Join(err, cmp.pool.close()) }()
	}
	parts, err := cmp.parts(ctx)
	if err != nil {
		return AgainstReply{}, err
	}
	for _, p := range parts {
		if p.Unread != "" {
			out.Unreachable = append(out.Unreachable, p.Device)
		}
	}
	// Of what is to be rolled out: it tells nothing of whether the fabric is in sync.
	out.Plan = plan.New(plan.Cause{Trigger: plan.ByIntent, Ref: base, Part: plan.Pending}, plan.Origin{
		Generation: next.ID, Commit: next.Commit, Author: next.Author, Subject: next.Subject,
		Policy: plan.PolicyHash(now.Fabric.Policies()), Devices: len(now.Fabric.Devices), Partial: len(parts) < len(now.Fabric.Devices),
	}, parts)
	return out, nil
}

// inDirectory puts the directory in front of what diagnostics begin with.
func inDirectory(dir string, diags intent.Diagnostics) []string {
	lines := diags.Lines()
	for i, d := range diags {
		if d.File != "" && i < len(lines) {
			lines[i] = strings.TrimSuffix(dir, "/") + "/" + lines[i]
		}
	}
	return lines
}

// standIn gives secrets a value of their own that is not theirs: so a change from one secret to another shows, and none is
// needed. Where devices are read it is theirs, if it is there.
func standIn(secrets *secret.Reader, real bool) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if real {
			if text, err := secrets.Named(name); err == nil {
				return text.Reveal(), true
			}
		}
		sum := sha256.Sum256([]byte(name))
		return fmt.Sprintf("secret%x", sum[:4]), true
	}
}

// A comparison is of two states of the intents.
type comparison struct {
	was, now *Compiled
	req      AgainstRequest
	pool     *pool // nil where no device is read
}

// parts plans for every device of either state that is asked for, sorted by name.
func (c comparison) parts(ctx context.Context) ([]plan.DevicePlan, error) {
	var names []intent.DeviceName
	for _, f := range []*fabric.Fabric{c.was.Fabric, c.now.Fabric} {
		for _, d := range f.Devices {
			if c.wanted(d) && !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	if len(names) == 0 {
		return nil, errors.New("there is no such device, before or after the change")
	}
	slices.Sort(names)
	parts, errs := make([]plan.DevicePlan, len(names)), make([]error, len(names))
	free := make(chan struct{}, mostReadAtOnce)
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			parts[i], errs[i] = c.part(ctx, name)
		})
	}
	wg.Wait()
	return parts, errors.Join(errs...)
}

// mostReadAtOnce bounds how many devices are compared, and read, at once.
const mostReadAtOnce = 16

func (c comparison) wanted(d *fabric.Device) bool {
	all := len(c.req.Devices) == 0 && len(c.req.Labels) == 0
	labels := len(c.req.Labels) > 0
	for k, v := range c.req.Labels {
		labels = labels && d.Labels[k] == v
	}
	return all || labels || slices.Contains(c.req.Devices, d.Name)
}

// part plans for one device.
func (c comparison) part(ctx context.Context, name intent.DeviceName) (plan.DevicePlan, error) {
	t, before := c.now.targets[name], c.was.targets[name]
	if t == nil {
		return plan.DevicePlan{Device: name, Notes: []plan.Note{{
			Path: "/", Text: fmt.Sprintf("the change takes the device out of the intents: what Tenter wrote, %d leaves, stays on it and is no longer watched", before.result.Desired.Len()),
		}}}, nil
	}
	in := plan.Input{
		Device: name, Desired: t.result.Desired, Roots: t.watch.Table.Roots(), Sources: c.now.Sources, Secrets: t.watch.Secrets,
	}
	var err error
	if in.Scope, err = plan.NewScope(t.watch.Model.Scope); err != nil {
		return plan.DevicePlan{}, fmt.Errorf("device %q: %w", name, err)
	}
	if in.Protected, err = plan.NewProtection(t.profile, t.model); err != nil {
		return plan.DevicePlan{}, fmt.Errorf("device %q: %w", name, err)
	}
	in.Scope = in.Scope.Sparing(in.Protected)
	note := ""
	switch {
	case before == nil:
		note = "the change brings the device into the intents: what it has already is not known here"
	case before.result.Desired.Table() != t.result.Desired.Table():
		note, before = "the change gives the device another dialect or profile: it is shown as if it had nothing", nil
	}
	in.Applied = tree.NewBuilder(t.watch.Table).Build()
	if before != nil {
		in.Applied = before.result.Desired
	}
	in.Observed = in.Applied
	if before != nil && before.result == t.result {
		return plan.DevicePlan{Device: name, Digest: plan.Compute(in).Plan.Digest}, nil
	}
	if c.pool != nil {
		if in.Observed, in.Problems, err = c.read(ctx, name, in); err != nil {
			return plan.DevicePlan{Device: name, Unread: err.Error()}, nil //nolint:nilerr // it is told in the plan
		}
	}
	part := plan.Compute(in).Plan
	part.Claims, part.Releases = 0, 0 // nothing was ever written from here
	if note != "" {
		part.Notes = append(part.Notes, plan.Note{Path: "/", Text: note})
	}
	return part, nil
}

func (c comparison) read(ctx context.Context, name intent.DeviceName, in plan.Input) (*tree.Tree, []tree.Problem, error) {
	s, err := c.pool.get(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	return s.Read(ctx, in.Reads())
}
