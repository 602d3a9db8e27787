package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// errAgain ends a watch that has to begin anew on the same session.
var errAgain = errors.New("watch again")

// load brings what is expected up to date with intent and store. It returns errAgain when another set of paths
// has to be watched, or the state had to be made anew.
func (d *device) load(ctx context.Context) error {
	target, err := d.opts.Intents.Target(ctx, d.name)
	if err != nil {
		return fmt.Errorf("device %q: intent: %w", d.name, err)
	}
	row, err := d.opts.Store.Device(ctx, d.name)
	if err != nil {
		return err
	}
	if target == d.target && !moved(d.row, row) {
		d.row = row
		return nil
	}
	owned := d.owned
	for d.state == nil || row.Applied != d.row.Applied {
		list, err := d.opts.Store.Owned(ctx, d.name)
		if err != nil {
			return err
		}
		before := row.Applied
		if row, err = d.opts.Store.Device(ctx, d.name); err != nil {
			return err
		}
		if row.Applied != before {
			continue // both must be of one moment
		}
		owned = list
		break
	}
	return d.expect(target, row, owned)
}

func (d *device) expect(target *Target, row view.Device, owned []view.OwnedLeaf) error {
	scope, err := plan.NewScope(target.Model.Scope)
	if err != nil {
		return fmt.Errorf("device %q: %w", d.name, err)
	}
	protected, err := plan.NewProtection(target.Profile, target.Model)
	if err != nil {
		return fmt.Errorf("device %q: %w", d.name, err)
	}
	scope = scope.Sparing(protected)
	modes, err := policy.NewModes(target.Model.Drift)
	if err != nil {
		return fmt.Errorf("device %q: %w", d.name, err)
	}
	if modes.Graceful() {
		modes = modes.Since(writtenAt(owned))
	}
	again := d.state == nil || d.target.Table != target.Table
	if again {
		d.state = drift.New(target.Table)
	}
	if d.target != nil && moved(d.row, row) {
		d.swapped = time.Now()
	}
	d.target, d.modes, d.row, d.owned = target, modes, row, owned
	d.state.Expect(drift.Expected{
		Desired: target.Desired, Owned: leavesOf(owned), InFlight: writesOf(row), Scope: scope.Action, Digest: digests(target, row, owned),
		Implied: drift.Defaults(target.Table.Roots()),
	})
	paths := watched(target, owned)
	if !slices.EqualFunc(d.paths, paths, path.Equal) {
		d.paths, again = paths, true
	}
	if again {
		return errAgain
	}
	return nil
}

// writtenAt is when each applied leaf got its value.
func writtenAt(owned []view.OwnedLeaf) map[string]time.Time {
	at := make(map[string]time.Time, len(owned))
	for _, l := range owned {
		if l.Applied {
			at[l.Path.String()] = l.Since
		}
	}
	return at
}

func leavesOf(owned []view.OwnedLeaf) []drift.Owned {
	out := make([]drift.Owned, len(owned))
	for i, l := range owned {
		out[i] = drift.Owned{Path: l.Path, Value: l.Value, Applied: l.Applied}
	}
	return out
}

func writesOf(row view.Device) []drift.Write {
	out := make([]drift.Write, len(row.WriteSet))
	for i, w := range row.WriteSet {
		out[i] = drift.Write(w)
	}
	return out
}

// digests returns what makes digests of secrets, also of those that the device shows in another form than they were
// written or are being written in.
func digests(target *Target, row view.Device, owned []view.OwnedLeaf) func(path.Path, schema.Value) schema.Value {
	var forms []plan.Form
	for _, l := range owned {
		if l.Shown != "" {
			forms = append(forms, plan.Form{Path: l.Path, Written: l.Value, Shown: l.Shown})
		}
	}
	var writes []tree.Change
	if len(row.WriteSet) > 0 { // with a Set the device may encrypt anew what it keeps so, whatever the Set is about
		for _, f := range forms {
			if target.Secrets.Is(f.Path) {
				writes = append(writes, tree.Change{Path: f.Path, Before: f.Written, After: f.Written})
			}
		}
	}
	for _, w := range row.WriteSet {
		writes = append(writes, tree.Change{Path: w.Path, Before: w.Before, After: w.After})
	}
	return target.Secrets.Knowing(forms).Expecting(writes).Digest
}

// moved reports whether what Tenter wrote, or is writing, is not the same in both rows.
func moved(a, b view.Device) bool {
	return a.Applied != b.Applied || a.Run != b.Run || !slices.EqualFunc(a.WriteSet, b.WriteSet, func(x, y view.Write) bool {
		return path.Equal(x.Path, y.Path) && x.Before == y.Before && x.After == y.After
	})
}

// watched returns the top-level containers that hold anything of ours or that a rule is about, in canonical order: a
// device's whole configuration and state may be a hundred times as large.
func watched(target *Target, owned []view.OwnedLeaf) []path.Path {
	var tops []path.Path
	add := func(p path.Path) {
		p.Elems = p.Elems[:min(1, len(p.Elems))]
		if i, known := slices.BinarySearchFunc(tops, p, path.Compare); !known {
			tops = slices.Insert(tops, i, path.Path{Origin: p.Origin, Elems: slices.Clone(p.Elems)})
		}
	}
	for i := 0; i < target.Desired.Len(); {
		p := target.Desired.At(i).Path
		add(p)
		_, i = target.Desired.Range(path.Path{Origin: p.Origin, Elems: p.Elems[:1]})
	}
	for _, o := range owned {
		add(o.Path)
	}
	for _, r := range target.Model.Scope {
		if r.Action == fabric.Ignore || r.Action == fabric.Merge {
			continue
		}
		p, err := path.Parse(r.Pattern)
		if err != nil || len(p.Elems) == 0 || strings.ContainsAny(p.Elems[0].Name, "*.") {
			return everything(target.Table.Roots())
		}
		add(p)
	}
	if len(tops) == 0 {
		return everything(target.Table.Roots())
	}
	return tops
}

func everything(roots *schema.Roots) []path.Path {
	var all []path.Path
	for _, o := range roots.Origins() {
		all = append(all, path.Path{Origin: o})
	}
	return all
}
