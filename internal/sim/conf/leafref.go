package conf

import (
	"fmt"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// refs checks every leafref of the tree. The whole tree is walked each time, for removing a target
// breaks references that did not change themselves; that is microseconds, where ytypes needs a second.
func (t *Tree) refs(errs *[]error) {
	w := refWalk{report: func(at Path, v Value, path string) {
		*errs = append(*errs, fmt.Errorf("%s: %q points at nothing: no %s has this value", at, v.Text, path))
	}}
	w.node(t.Root)
}

type refWalk struct {
	chain  []*Node // from the root to the node at hand
	report func(Path, Value, string)
}

func (w *refWalk) node(n *Node) {
	w.chain = append(w.chain, n)
	defer func() { w.chain = w.chain[:len(w.chain)-1] }()
	if !n.Leaf() {
		for _, kid := range n.kids {
			w.node(kid)
		}
		return
	}
	ref := n.Schema.declared
	if ref.Kind != yang.Yleafref || ref.OptionalInstance || n.Schema.target(ref.Path) == nil {
		return
	}
	values := n.Value.List
	if values == nil {
		values = []Value{*n.Value}
	}
	steps := splitLeafref(ref.Path)
	for _, v := range values {
		start := w.chain
		if strings.HasPrefix(ref.Path, "/") {
			start = w.chain[:1]
		}
		if !w.exists(start, steps, v) {
			w.report(w.path(), v, ref.Path)
		}
	}
}

// exists tells whether following steps from the end of chain meets a leaf with the value.
func (w *refWalk) exists(chain []*Node, steps []refStep, v Value) bool {
	at := chain[len(chain)-1]
	if len(steps) == 0 {
		return at.Leaf() && holds(*at.Value, v)
	}
	step := steps[0]
	if step.name == ".." {
		return len(chain) > 1 && w.exists(chain[:len(chain)-1], steps[1:], v)
	}
	if kid := at.kids[step.name]; kid != nil {
		return w.exists(append(chain[:len(chain):len(chain)], kid), steps[1:], v)
	}
	for _, kid := range at.kids {
		if kid.Step.Name == step.name && w.keysMatch(kid, step.keys) &&
			w.exists(append(chain[:len(chain):len(chain)], kid), steps[1:], v) {
			return true
		}
	}
	return false
}

func holds(have, want Value) bool {
	for _, v := range have.List {
		if bare(v.Text) == bare(want.Text) {
			return true
		}
	}
	return have.List == nil && (have.Text == want.Text || have.Kind == yang.Yidentityref && bare(have.Text) == bare(want.Text))
}

// keysMatch evaluates [key = current()/../x] for one list entry.
func (w *refWalk) keysMatch(entry *Node, keys []refKey) bool {
	for _, k := range keys {
		at := w.chain
		relative, ok := strings.CutPrefix(k.value, "current()/")
		if !ok {
			continue
		}
		var leaf *Node
		for _, step := range splitLeafref(relative) {
			if step.name == ".." {
				at = at[:len(at)-1]
			} else if leaf = at[len(at)-1].kids[step.name]; leaf == nil {
				return false
			} else {
				at = append(at[:len(at):len(at)], leaf)
			}
		}
		if leaf == nil || !leaf.Leaf() || bare(leaf.Value.Text) != bare(entry.Step.Key(k.name)) {
			return false
		}
	}
	return true
}

func (w *refWalk) path() Path {
	p := make(Path, 0, len(w.chain))
	for _, n := range w.chain[1:] {
		p = append(p, n.Step)
	}
	return p
}
