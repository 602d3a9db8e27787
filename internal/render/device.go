package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/render/eos"
	"github.com/tenter-net/tenter/internal/render/frr"
	"github.com/tenter-net/tenter/internal/render/openconfig"
	"github.com/tenter-net/tenter/internal/render/srlinux"
	"github.com/tenter-net/tenter/internal/tree"
)

// A part is what a document, or a few, ask of one device. Its leaves depend on its model and on secrets only.
type part struct {
	key    string
	model  any
	render func(*dialect.Writer) []claim
}

// parts splits a device's model; the Config documents are the last part. lines is how command lines are written.
func parts(m *fabric.Device, items []dialect.Item, lines *blocks.Syntax) []part {
	out := make([]part, 0, len(items)+1)
	for _, i := range items {
		out = append(out, part{i.Key, i.Model, func(w *dialect.Writer) []claim {
			i.Render(w)
			return claims(w, 0)
		}})
	}
	return append(out, part{configKey, m.Config, func(w *dialect.Writer) []claim { return renderConfig(w, m.Config, lines) }})
}

// dialects are the ways to say what a model asks for. What is native says nothing but what Config documents do.
var dialects = map[string]func(*fabric.Device, profile.Names) []dialect.Item{
	"openconfig": openconfig.Items,
	"eos":        eos.Items,
	"srlinux":    srlinux.Items,
	"frr":        frr.Items,
	"native":     func(*fabric.Device, profile.Names) []dialect.Item { return nil },
}

// Dialects lists the dialects, sorted.
func Dialects() []string { return slices.Sorted(maps.Keys(dialects)) }

// A device is what the compiler keeps of one device: its parts, and the tree that they gave. A part's leaves are not
// kept, for they are in the tree; what a changed part had before is rendered once more from its old model.
type device struct {
	name   intent.DeviceName
	opts   *Options
	table  *tree.Table
	model  *fabric.Device // that result is of
	result *Result        // nil after an error

	parts    map[string]*known
	twins    bool // two parts had one key: what they gave cannot be told apart
	omits    bool // a Config document takes away what others say
	round    int
	problems map[string][]dialect.Problem // of parts that have any
	secrets  map[string]secret            // that were looked up
	shared   map[place]bool               // claimed by more than one part
}

// A known part was rendered, and was last there in a round of updates.
type known struct {
	part
	round int
}

// A secret is what a lookup gave.
type secret struct {
	value string
	known bool
}

// compile brings the device up to date with its model.
func (d *device) compile(m *fabric.Device) intent.Diagnostics {
	if d.model == m && d.result != nil && d.secretsHold() {
		return d.diagnostics()
	}
	d.model = m
	items, lines, err := d.speak(m)
	if err != nil {
		d.result = nil
		return intent.Diagnostics{diagnostic(codeDialect, m.Source, fmt.Sprintf("device %q: %v", m.Name, err))}
	}
	return d.update(parts(m, items, lines))
}

// speak returns the model's items in the device's dialect, and how its command lines are written. Other schemas than before
// make all leaves anew.
func (d *device) speak(m *fabric.Device) ([]dialect.Item, *blocks.Syntax, error) {
	p, err := d.opts.Profiles.Get(m.Access.Profile)
	if err != nil {
		return nil, nil, err
	}
	items, ok := dialects[m.Access.Dialect]
	if !ok {
		return nil, nil, fmt.Errorf("dialect %q: unknown, there is %s", m.Access.Dialect, strings.Join(Dialects(), ", "))
	}
	roots, err := d.opts.Roots(p)
	if err != nil {
		return nil, nil, fmt.Errorf("profile %q: %w", p.Name, err)
	}
	if d.table == nil || d.table.Roots() != roots {
		d.table, d.result = tree.NewTable(roots), nil
	}
	return items(m, p.Names), &p.CLI.Syntax, nil
}

// update brings the device up to date with its parts, if it can by what changed only.
func (d *device) update(now []part) intent.Diagnostics {
	if d.result == nil || d.twins || d.omits || !d.secretsHold() {
		return d.rebuild(now)
	}
	d.round++
	var before, after []part
	for _, p := range now {
		old, ok := d.parts[p.key]
		switch {
		case ok && old.round == d.round:
			return d.rebuild(now) // two parts of one key
		case ok && equal(old.model, p.model):
			old.round = d.round
			continue
		case p.key == configKey:
			return d.rebuild(now)
		case ok:
			old.round = d.round
			before = append(before, old.part)
		}
		after = append(after, p)
	}
	for _, p := range d.parts {
		if p.round != d.round {
			before = append(before, p.part)
		}
	}
	if len(before)+len(after) > 0 && !d.patch(before, after) {
		return d.rebuild(now)
	}
	return d.diagnostics()
}

// rebuild renders every part.
func (d *device) rebuild(now []part) intent.Diagnostics {
	size := 32 * len(now)
	if d.result != nil {
		size = d.result.Desired.Len()
	}
	d.parts, d.result = make(map[string]*known, len(now)), nil
	d.problems, d.secrets = map[string][]dialect.Problem{}, map[string]secret{}
	m, w := newMerge(d, size), d.writer()
	for _, p := range now {
		d.parts[p.key] = &known{part: p}
		m.add(d.render(w, p))
	}
	d.twins, d.omits = len(d.parts) < len(now), len(m.omits) > 0
	out := append(d.diagnostics(), m.out...)
	if out.HasErrors() {
		return out
	}
	result, err := m.result()
	if err != nil {
		return append(out, diagnostic(codeLeaf, tree.Source{}, fmt.Sprintf("device %q: %v", d.name, err)))
	}
	d.result, d.shared = result, m.shared
	return out
}

// patch replaces the leaves of some parts in the tree. It refuses where a leaf has more than one claim, where secrets
// are, and where something is wrong: what comes of these is for a rebuild to say.
func (d *device) patch(before, after []part) bool {
	old, w := map[place]claim{}, d.writer()
	for _, p := range before {
		for _, c := range p.render(w) {
			old[c.place()] = c
		}
	}
	w.Problems = nil
	fresh := map[place]claim{}
	for _, p := range after {
		d.problems[p.key] = nil
		for _, c := range d.render(w, p) {
			if _, twice := fresh[c.place()]; twice || c.leaf.Secret {
				return false
			}
			fresh[c.place()] = c
		}
		if len(d.problems[p.key]) > 0 {
			return false
		}
	}
	desired, ok := d.replace(old, fresh)
	if !ok {
		return false
	}
	for _, p := range before {
		delete(d.parts, p.key)
		delete(d.problems, p.key)
	}
	for _, p := range after {
		d.parts[p.key] = &known{part: p}
	}
	next := *d.result
	next.Desired = desired
	d.result = &next
	return true
}

// replace returns the tree without the old leaves and with the fresh ones.
func (d *device) replace(old, fresh map[place]claim) (*tree.Tree, bool) {
	b := d.result.Desired.Builder()
	for at, c := range old {
		if d.shared[at] || c.leaf.Secret {
			return nil, false
		}
		if _, stays := fresh[at]; !stays {
			b.Delete(c.leaf.Path())
		}
	}
	for at, c := range fresh {
		p := c.leaf.Path()
		if _, was := old[at]; !was {
			if _, taken := d.result.Desired.Find(p); taken || d.shared[at] {
				return nil, false
			}
		}
		if b.Set(tree.Leaf{Path: p, Value: c.leaf.Value, Source: d.opts.Sources.Add(*c.leaf.Source)}) != nil {
			return nil, false
		}
	}
	return b.Build(), true
}

// render renders a part and remembers its problems.
func (d *device) render(w *dialect.Writer, p part) []claim {
	out := p.render(w)
	if len(w.Problems) > 0 {
		d.problems[p.key], w.Problems = w.Problems, nil
	}
	return out
}

// writer returns a writer that remembers which secrets were looked up.
func (d *device) writer() *dialect.Writer {
	return dialect.NewWriter(d.table, func(name string) (string, bool) {
		value, known := d.opts.Secret(name)
		d.secrets[name] = secret{value, known}
		return value, known
	})
}

// secretsHold reports whether every secret still has the value that went into the tree.
func (d *device) secretsHold() bool {
	for name, old := range d.secrets {
		if value, known := d.opts.Secret(name); (secret{value, known}) != old {
			return false
		}
	}
	return true
}
