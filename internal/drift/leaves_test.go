package drift_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

var roots = schema.NewRoots(map[string]*schema.Schema{
	path.OpenConfig: schemas.OpenConfig(),
	"srl_nokia":     schemas.SRLinux(),
})

func parse(t testing.TB, text string) path.Path {
	t.Helper()
	p, err := path.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = roots.Normalize(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// leaf makes a canonical leaf; v is what JSON would have, and a []string for the order of a list's entries.
func leaf(t testing.TB, text string, v any) tree.Leaf {
	t.Helper()
	p := parse(t, text)
	if order, ok := v.([]string); ok {
		return tree.Leaf{Path: p, Value: schema.KeysValue(order)}
	}
	c, err := roots.Canonical(p, v)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Leaf{Path: p, Value: c}
}

func build(t testing.TB, table *tree.Table, leaves ...tree.Leaf) *tree.Tree {
	t.Helper()
	b := tree.NewBuilder(table)
	for _, l := range leaves {
		if err := b.Set(l); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

// applied says of every leaf of a tree that Tenter wrote it and read it back.
func applied(tr *tree.Tree) []drift.Owned {
	var owned []drift.Owned
	for l := range tr.All() {
		owned = append(owned, drift.Owned{Path: l.Path, Value: l.Value, Applied: true})
	}
	return owned
}

// scoped builds a scope function from pairs of pattern and action.
func scoped(t testing.TB, pairs ...string) func(path.Path) fabric.ScopeAction {
	t.Helper()
	var rules []fabric.ScopeRule
	for pair := range slices.Chunk(pairs, 2) {
		rules = append(rules, fabric.ScopeRule{Pattern: pair[0], Action: fabric.ScopeAction(pair[1])})
	}
	s, err := plan.NewScope(rules)
	if err != nil {
		t.Fatal(err)
	}
	return s.Action
}

// snapshot makes the state see exactly the leaves.
func snapshot(s *drift.State, leaves ...tree.Leaf) drift.Folded {
	s.Begin()
	s.Fold(tree.Update{Time: time.Unix(1000, 0), Leaves: leaves})
	return s.Fold(tree.Update{Sync: true})
}

// text shows findings one a line.
func text(findings []drift.Finding) []string {
	var out []string
	for _, f := range findings {
		line := string(f.Class) + " " + f.Path.String()
		if f.Want != "" || f.Have != "" {
			line += " " + f.Want.Text() + " -> " + f.Have.Text()
		}
		if f.Report {
			line += " report"
		}
		if f.Stale {
			line += " stale"
		}
		out = append(out, line)
	}
	return out
}
