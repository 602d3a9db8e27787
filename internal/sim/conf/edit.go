package conf

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/cli"
)

// An Edit makes a new Tree from an old one. It belongs to one goroutine. An edit that failed half way
// is simply dropped: the old tree never changed.
type Edit struct {
	root  *Node
	lines *cli.Session // of commands, from the first of them to the last
	next  uint64
	first uint64 // what was created in this edit has an order from here on
}

// Edit begins a change of the tree.
func (t *Tree) Edit() *Edit {
	return &Edit{root: t.Root, lines: cli.NewSession(t.Lines), next: t.next, first: t.next}
}

// own returns a node that this edit may change: n itself or a copy.
func (e *Edit) own(n *Node) *Node {
	if n.owner == e {
		return n
	}
	c := *n
	c.owner, c.view, c.sound = e, nil, false
	c.kids = maps.Clone(n.kids)
	return &c
}

func (e *Edit) add(parent *Node, id string, kid *Node) *Node {
	kid.owner, kid.order = e, e.next
	e.next++
	if parent.kids == nil {
		parent.kids = map[string]*Node{}
	}
	parent.kids[id] = kid
	return kid
}

// walk owns every node down to path, making what is missing, and returns the last. Steps must be
// known, list entries must have all their keys.
func (e *Edit) walk(path Path) (*Node, error) {
	e.root = e.own(e.root)
	at := e.root
	for i, step := range path {
		schema := at.Schema.Kids[step.Name]
		if schema == nil || schema.State {
			return nil, fmt.Errorf("%s: no such node", path[:i+1])
		}
		if schema.Kind == Leaf || schema.Kind == LeafList {
			if i != len(path)-1 || len(step.Keys) > 0 {
				return nil, fmt.Errorf("%s: a leaf has nothing below it", path[:i+1])
			}
		}
		step, err := schema.complete(step)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path[:i+1], err)
		}
		at = e.descend(at, schema, step)
	}
	return at, nil
}

// complete checks that a step has exactly its list's keys, each of its type, and returns it with canonical
// numbers.
func (s *Schema) complete(step Step) (Step, error) {
	if len(step.Keys) != len(s.Keys) {
		return step, fmt.Errorf("list %q needs the keys %v", s.Name, s.Keys)
	}
	out := Step{Name: step.Name}
	for _, k := range step.Keys {
		if !slices.Contains(s.Keys, k.Name) {
			return step, fmt.Errorf("list %q has no key %q", s.Name, k.Name)
		}
		if k.Value == "*" {
			return step, errors.New("a wildcard cannot be set")
		}
		v, err := keyValue(s.Kids[k.Name].typ, k.Value)
		if err != nil {
			return step, fmt.Errorf("key %q: %w", k.Name, err)
		}
		out.Keys = append(out.Keys, Key{k.Name, v.Text})
	}
	return out, nil
}

// descend owns or makes one child.
func (e *Edit) descend(parent *Node, schema *Schema, step Step) *Node {
	id := step.id(schema)
	if kid := parent.kids[id]; kid != nil {
		kid = e.own(kid)
		parent.kids[id] = kid
		return kid
	}
	kid := e.add(parent, id, &Node{Step: step, Schema: schema})
	for _, k := range step.Keys { // a list entry has its keys as leaves
		leaf := schema.Kids[k.Name]
		v, _ := keyValue(leaf.typ, k.Value) // the step was found complete
		e.add(kid, k.Name, &Node{Step: Step{Name: k.Name}, Schema: leaf, Value: &v})
	}
	return kid
}

// Update merges a value into the node at path (gNMI specification §3.4.3).
func (e *Edit) Update(path Path, val *gpb.TypedValue) error {
	n, err := e.walk(path)
	if err != nil {
		return err
	}
	if n.Schema.Kind == Leaf || n.Schema.Kind == LeafList {
		v, err := n.Schema.leafProto(val)
		if err != nil {
			return err
		}
		n.Value = &v
		return nil
	}
	switch val.GetValue().(type) {
	case *gpb.TypedValue_JsonIetfVal, *gpb.TypedValue_JsonVal:
	default:
		return fmt.Errorf("%s: a %T cannot hold a subtree", path, val.GetValue())
	}
	raw, ietf := jsonOf(val)
	parsed, err := parseJSON(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	object, ok := parsed.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: the value must be an object", path)
	}
	return e.merge(n, path, object, ietf)
}

// Replace makes the node at path hold exactly the value.
func (e *Edit) Replace(path Path, val *gpb.TypedValue) error {
	if err := e.Delete(path); err != nil {
		return err
	}
	return e.Update(path, val)
}

// Delete removes what the pattern matches. Deleting what is absent succeeds, a path that the schema
// does not know is an error.
func (e *Edit) Delete(pattern Path) error {
	if !e.root.Schema.Known(pattern) || e.root.Schema.state(pattern) {
		return fmt.Errorf("%s: no such node in the configuration", pattern)
	}
	if len(pattern) == 0 {
		e.root = &Node{Schema: e.root.Schema, owner: e}
		return nil
	}
	var found []Path
	(&Tree{Root: e.root}).Find(pattern, func(p Path, _ *Node) { found = append(found, p) })
	for _, p := range found {
		parent, err := e.walk(p[:len(p)-1])
		if err != nil {
			return err
		}
		last := p[len(p)-1]
		delete(parent.kids, last.id(parent.Schema.Kids[last.Name]))
	}
	return nil
}

// SetState writes one leaf of operational state. The step names need not be known to the schema.
func (e *Edit) SetState(path Path, module string, v Value) {
	e.root = e.own(e.root)
	at := e.root
	for i, step := range path {
		var schema *Schema
		if at.Schema != nil && !at.State {
			schema = at.Schema.Kids[step.Name]
		}
		id := step.id(schema)
		if kid := at.kids[id]; kid != nil {
			kid = e.own(kid)
			at.kids[id] = kid
			at = kid
		} else {
			state := at.State || schema == nil || schema.State
			at = e.add(at, id, &Node{Step: step, Schema: schema, State: state, module: module})
		}
		if i == len(path)-1 {
			at.Value = &v
		}
	}
}

// Tree ends the edit: entries get the keys that their config containers repeat, and what is left
// empty is removed.
func (e *Edit) Tree() *Tree {
	e.root = e.own(e.root)
	e.tidy(e.root)
	return &Tree{Root: e.root, Lines: e.lines.Lines(), next: e.next}
}

// StateTree ends an edit that only wrote state.
func (e *Edit) StateTree() *Tree { return &Tree{Root: e.root, Lines: e.lines.Lines(), next: e.next} }

// Put writes one leaf, or the presence of one container, that another tree of the same schema has.
func (e *Edit) Put(path Path, leaf *Node) {
	if n, err := e.walk(path); err == nil && leaf.Leaf() {
		v := *leaf.Value
		n.Value = &v
	}
}
