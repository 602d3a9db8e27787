package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A claim is one part's wish for a leaf.
type claim struct {
	leaf     dialect.Leaf
	priority int  // of a Config document
	omit     bool // no wish, but that nothing of less priority is meant at and under the leaf's path
}

// A place is where a leaf is, as a comparable value.
type place struct {
	entry tree.EntryID
	node  schema.NodeID
}

func (c claim) place() place { return place{c.leaf.Entry.ID, c.leaf.Node.ID()} }

// claims returns what was written, and empties the writer.
func claims(w *dialect.Writer, priority int) []claim {
	out := make([]claim, len(w.Leaves))
	defer func() { w.Leaves = w.Leaves[:0] }()
	for i, l := range w.Leaves {
		out[i] = claim{leaf: l, priority: priority}
	}
	return out
}

// A merge settles who has each leaf: the highest priority among values that differ, the first claim among those that
// agree. A difference without a higher priority is an error.
type merge struct {
	device *device
	at     map[place]int // into claims
	claims []claim
	shared map[place]bool
	losers []loser
	omits  []claim
	out    intent.Diagnostics
}

type loser struct{ lost, won claim }

// newMerge returns a merge that expects about n leaves.
func newMerge(d *device, n int) *merge {
	return &merge{device: d, at: make(map[place]int, n), claims: make([]claim, 0, n), shared: map[place]bool{}}
}

// add takes the claims of one part.
func (m *merge) add(part []claim) {
	for _, c := range part {
		if c.omit {
			m.omits = append(m.omits, c)
			continue
		}
		if c.leaf.Append {
			m.extend(c)
			continue
		}
		i, taken := m.at[c.place()]
		if !taken {
			m.at[c.place()] = len(m.claims)
			m.claims = append(m.claims, c)
			continue
		}
		m.shared[c.place()] = true
		held := &m.claims[i]
		switch {
		case held.leaf.Value == c.leaf.Value:
			held.priority = max(held.priority, c.priority)
		case c.priority > held.priority:
			m.losers = append(m.losers, loser{lost: *held, won: c})
			*held = c
		case c.priority < held.priority:
			m.losers = append(m.losers, loser{lost: c, won: *held})
		default:
			m.conflict(*held, c)
		}
	}
}

func (m *merge) conflict(first, second claim) {
	message := fmt.Sprintf("device %q: %s: %s wants %s and %s wants %s", m.device.name, second.leaf.Path(),
		document(second), show(second), document(first), show(first))
	m.out = append(m.out, diagnostic(codeConflict, *second.leaf.Source, message).
		WithRelated(*first.leaf.Source, "the other value").WithHint("a Config document with a priority decides between them"))
}

// document names the document of a claim: `Vlan "web"`.
func document(c claim) string { return fmt.Sprintf("%s %q", c.leaf.Source.Kind, c.leaf.Source.Name) }

// show returns a claim's value for people, unless it is secret.
func show(c claim) string {
	if c.leaf.Secret {
		return "a secret value"
	}
	return fmt.Sprintf("%q", c.leaf.Value.Text())
}

// extend makes sure that an entry is in the sequence of its list: at the end, if nobody placed it.
func (m *merge) extend(c claim) {
	m.shared[c.place()] = true
	i, ok := m.at[c.place()]
	if !ok {
		m.at[c.place()] = len(m.claims)
		m.claims = append(m.claims, c)
		return
	}
	entries := m.claims[i].leaf.Value.Entries()
	for _, e := range c.leaf.Value.Entries() {
		if !slices.Contains(entries, e) {
			entries = append(entries, e)
		}
	}
	m.claims[i].leaf.Value = schema.KeysValue(entries)
}

// omit takes away the claims that a Config document of more priority wants nothing to be said of.
func (m *merge) omit() {
	for _, o := range m.omits {
		at := o.leaf.Path()
		m.claims = slices.DeleteFunc(m.claims, func(c claim) bool {
			if c.priority >= o.priority || !c.leaf.Path().HasPrefix(at) {
				return false
			}
			m.losers = append(m.losers, loser{lost: c, won: o})
			return true
		})
	}
}

// result builds the tree.
func (m *merge) result() (*Result, error) {
	b, sources := tree.NewBuilder(m.device.table), m.device.opts.Sources
	r := &Result{Device: m.device.name}
	var buf []path.Elem
	var last *tree.Source // leaves that share a source come one after the other
	var source tree.SourceID
	m.omit()
	for _, c := range m.claims {
		if c.leaf.Source != last {
			last, source = c.leaf.Source, sources.Add(*c.leaf.Source)
		}
		p := c.leaf.PathIn(buf)
		buf = p.Elems
		if err := b.Set(tree.Leaf{Path: p, Value: c.leaf.Value, Source: source}); err != nil {
			return nil, err
		}
		if c.leaf.Secret {
			r.Secrets = append(r.Secrets, c.leaf.Path())
		}
	}
	for _, l := range m.losers {
		r.Overridden = append(r.Overridden, Overridden{
			Leaf: tree.Leaf{Path: l.lost.leaf.Path(), Value: l.lost.leaf.Value, Source: sources.Add(*l.lost.leaf.Source)},
			By:   sources.Add(*l.won.leaf.Source),
		})
	}
	slices.SortFunc(r.Secrets, path.Compare)
	slices.SortStableFunc(r.Overridden, func(a, b Overridden) int { return path.Compare(a.Path, b.Path) })
	r.Desired = b.Build()
	return r, nil
}

// diagnostics says what could not be rendered, and where it will be missing.
func (d *device) diagnostics() intent.Diagnostics {
	var out intent.Diagnostics
	for _, key := range slices.Sorted(maps.Keys(d.problems)) {
		for _, p := range d.problems[key] {
			code, message := codeLeaf, p.Reason
			if p.Gap {
				code = codeGap
			}
			if p.Path != "" {
				message = p.Path + ": " + strings.TrimPrefix(p.Reason, "path "+p.Path+": ")
			}
			found := diagnostic(code, p.Source, message)
			found.Devices, found.Dialect = []string{string(d.name)}, d.model.Access.Dialect
			out = append(out, found)
		}
	}
	return out
}
