package conf

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/sim/cli"
)

// A Node is one container, list entry or leaf of a Tree. It is read-only.
type Node struct {
	Step   Step
	Schema *Schema // nil for state that the configuration schema does not have
	Value  *Value  // of a leaf
	State  bool    // operational state, not configuration

	module string // where Schema is nil
	kids   map[string]*Node
	order  uint64 // of creation: what ordered-by user lists are sorted by
	owner  *Edit  // the edit that may still change this node
	view   *Node  // with state mirrored; set by Mirror
	sound  bool   // ytypes accepted this node's own leaves; set by Validate
}

// A Tree is one immutable configuration, or one view of a configuration with its state.
type Tree struct {
	Root  *Node
	Lines cli.Lines // what was given as commands, where the device takes some
	next  uint64
}

// NewTree returns an empty tree.
func NewTree(schema *Schema) *Tree {
	return &Tree{Root: &Node{Schema: schema}, next: 1}
}

// Leaf tells whether the node holds a value.
func (n *Node) Leaf() bool { return n.Value != nil }

// Kids returns the children in order: by name, keys by creation in lists that the user orders.
func (n *Node) Kids() []*Node {
	return slices.SortedFunc(maps.Values(n.kids), func(a, b *Node) int {
		if c := cmp.Compare(a.Step.Name, b.Step.Name); c != 0 {
			return c
		}
		if a.Schema != nil && a.Schema.Ordered {
			return cmp.Compare(a.order, b.order)
		}
		return compareKeys(a.Step.Keys, b.Step.Keys)
	})
}

// compareKeys puts Ethernet2 before Ethernet10, as a device shows its ports.
func compareKeys(a, b []Key) int {
	return slices.CompareFunc(a, b, func(x, y Key) int {
		return cmp.Or(cmp.Compare(len(x.Value), len(y.Value)), cmp.Compare(x.Value, y.Value))
	})
}

// Kid returns the child of that name, or nil; for lists use Entries.
func (n *Node) Kid(name string) *Node {
	if n == nil {
		return nil
	}
	return n.kids[name]
}

// Entries returns the entries of the list of that name, in order.
func (n *Node) Entries(name string) []*Node {
	if n == nil {
		return nil
	}
	var out []*Node
	for _, k := range n.kids {
		if k.Step.Name == name && len(k.Step.Keys) > 0 {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b *Node) int {
		if a.Schema != nil && a.Schema.Ordered {
			return cmp.Compare(a.order, b.order)
		}
		return compareKeys(a.Step.Keys, b.Step.Keys)
	})
	return out
}

// At descends by names of containers and leaves, and returns nil where there is nothing.
func (n *Node) At(names ...string) *Node {
	for _, name := range names {
		n = n.Kid(name)
	}
	return n
}

// Text returns the text of the leaf at names below n, or "" where there is none.
func (n *Node) Text(names ...string) string {
	if leaf := n.At(names...); leaf != nil && leaf.Value != nil {
		return leaf.Value.Text
	}
	return ""
}

// Texts returns the members of the leaf-list at names below n.
func (n *Node) Texts(names ...string) []string {
	leaf := n.At(names...)
	if leaf == nil || leaf.Value == nil {
		return nil
	}
	out := make([]string, len(leaf.Value.List))
	for i, v := range leaf.Value.List {
		out[i] = v.Text
	}
	return out
}

// Find calls yield with every node that the pattern matches and the path to it.
func (t *Tree) Find(pattern Path, yield func(Path, *Node)) {
	find(t.Root, nil, pattern, yield)
}

func find(n *Node, at, pattern Path, yield func(Path, *Node)) {
	if len(pattern) == 0 {
		yield(at, n)
		return
	}
	step := pattern[0]
	if step.Name == "..." {
		find(n, at, pattern[1:], yield)
		for _, kid := range n.Kids() {
			find(kid, at.Join(kid.Step), pattern, yield)
		}
		return
	}
	if kid := n.exact(step); kid != nil {
		find(kid, at.Join(kid.Step), pattern[1:], yield)
		return
	}
	for _, kid := range n.Kids() {
		if step.matches(kid) {
			find(kid, at.Join(kid.Step), pattern[1:], yield)
		}
	}
}

// exact returns the only child that a step without wildcards can match.
func (n *Node) exact(s Step) *Node {
	if s.Name == "*" || slices.ContainsFunc(s.Keys, func(k Key) bool { return k.Value == "*" }) {
		return nil
	}
	var schema *Schema
	if n.Schema != nil {
		schema = n.Schema.Kids[s.Name]
	}
	return n.kids[s.id(schema)]
}

// Known tells whether the schema has a node that the pattern could match. Everything below a state
// container is accepted, for schemas of that kind hold configuration only.
func (s *Schema) Known(pattern Path) bool {
	if len(pattern) == 0 {
		return true
	}
	step := pattern[0]
	switch {
	case step.Name == "state" && s.Twin:
		return true
	case step.Name == "...":
		return s.Known(pattern[1:]) || slices.ContainsFunc(slices.Collect(maps.Values(s.Kids)), func(k *Schema) bool { return k.Known(pattern) })
	case step.Name == "*":
		return slices.ContainsFunc(slices.Collect(maps.Values(s.Kids)), func(k *Schema) bool { return k.Known(pattern[1:]) })
	}
	kid := s.Kids[step.Name]
	if kid == nil {
		return false
	}
	for _, k := range step.Keys {
		if !slices.Contains(kid.Keys, k.Name) {
			return false
		}
	}
	return kid.Known(pattern[1:])
}

// state tells whether a pattern of names leads into operational state.
func (s *Schema) state(pattern Path) bool {
	for _, step := range pattern {
		if s.Twin && step.Name == "state" {
			return true
		}
		if s = s.Kids[step.Name]; s == nil || s.State {
			return s != nil
		}
	}
	return false
}
