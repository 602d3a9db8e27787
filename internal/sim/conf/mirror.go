package conf

import (
	"maps"

	"github.com/openconfig/goyang/pkg/yang"
)

// Mirror returns the view of a configuration in which every config container has a state container beside
// it with the same leaves, as OpenConfig has it; a tree that has no such twins is its own view. Unchanged parts of
// an earlier tree give the same nodes again. It must not run on two trees that share nodes at once.
func (t *Tree) Mirror() *Tree {
	if !t.Root.Schema.Twin {
		return t
	}
	return &Tree{Root: mirror(t.Root), Lines: t.Lines, next: t.next}
}

func mirror(n *Node) *Node {
	if n.Leaf() {
		return n
	}
	if n.view != nil {
		return n.view
	}
	view := *n
	view.owner, view.kids = nil, make(map[string]*Node, len(n.kids)+1)
	for id, kid := range n.kids {
		view.kids[id] = mirror(kid)
	}
	if config := n.kids["config"]; config != nil && !config.Leaf() {
		view.kids["state"] = asState(config)
	}
	n.view = &view
	return n.view
}

// asState copies a config container as its state.
func asState(config *Node) *Node {
	state := *config
	state.Step, state.State, state.owner = Step{Name: "state"}, true, nil
	state.kids = make(map[string]*Node, len(config.kids))
	for id, leaf := range config.kids {
		c := *leaf
		c.State, c.owner = true, nil
		state.kids[id] = &c
	}
	return &state
}

// WithDefaults returns the tree with every leaf that the schema has a default for, in the containers
// that the configuration has: a device that echoes its defaults.
func (t *Tree) WithDefaults() *Tree {
	e := t.Edit()
	e.root = e.defaults(t.Root)
	return &Tree{Root: e.root, Lines: t.Lines, next: e.next}
}

func (e *Edit) defaults(n *Node) *Node {
	if n.Leaf() || n.Schema == nil {
		return n
	}
	c := *n
	c.view, c.sound, c.owner = nil, false, e
	c.kids = maps.Clone(n.kids)
	for id, kid := range n.kids {
		c.kids[id] = e.defaults(kid)
	}
	for name, leaf := range n.Schema.Kids {
		if leaf.Kind == Leaf && !leaf.State && !leaf.chosen() && len(leaf.Default) == 1 && c.kids[name] == nil {
			if v, err := keyValue(leaf.typ, leaf.Default[0]); err == nil {
				if leaf.rules != nil && v.Kind == yang.Yidentityref {
					v.Text = bare(v.Text) // the module's prefix means nothing outside of it
				}
				e.add(&c, name, &Node{Step: Step{Name: name}, Schema: leaf, Value: &v})
			}
		}
	}
	return &c
}
