package tree

import (
	"fmt"
	"math"

	"github.com/tenter-net/tenter/internal/schema"
)

var nan = math.NaN()

// parent returns the place around p: of an entry, what its list is in.
func (ev *evaluator) parent(p place) (place, bool) {
	if ev.t.isRoot(p.entry) && p.node == 0 {
		return p, false
	}
	if e := ev.t.at(p.entry); !ev.t.isRoot(p.entry) && e.node == p.node {
		return place{e.parent, uint16(ev.t.node(p).Parent().ID())}, true
	}
	return place{p.entry, uint16(ev.t.node(p).Parent().ID())}, true
}

// walk follows a path. A step to a node that the schema does not have as configuration cannot be answered.
func (ev *evaluator) walk(e *expr, at, current place) (nodeSet, error) {
	switch e.from {
	case '/':
		for !ev.t.isRoot(at.entry) {
			at.entry = ev.t.at(at.entry).parent
		}
		at.node = 0
	case 'c':
		at = current
	}
	set := nodeSet{at}
	for _, s := range e.steps {
		var next nodeSet
		for _, p := range set {
			if s.name == ".." {
				up, ok := ev.parent(p)
				if !ok {
					return nil, fmt.Errorf("it leads out of the tree")
				}
				if n := len(next); n == 0 || next[n-1] != up {
					next = append(next, up)
				}
				continue
			}
			found, err := ev.step(p, s, current)
			if err != nil {
				return nil, err
			}
			next = append(next, found...)
		}
		set = next
	}
	if len(e.steps) == 0 || e.steps[len(e.steps)-1].name == ".." {
		return set, nil
	}
	there := set[:0]
	for _, p := range set {
		if ev.exists(p) {
			there = append(there, p)
		}
	}
	return there, nil
}

// step returns the children of p with a step's name for which its predicates hold.
func (ev *evaluator) step(p place, s step, current place) (nodeSet, error) {
	c, ok := ev.t.node(p).Child(s.name)
	if !ok || !c.Config() {
		return nil, fmt.Errorf("%q is no configuration of this schema", s.name)
	}
	if c.Kind() != schema.List {
		return ev.filter(nodeSet{{p.entry, uint16(c.ID())}}, s.preds, current)
	}
	if e, ok, err := ev.direct(p, c, s.preds, current); ok || err != nil {
		return e, err
	}
	return ev.filter(ev.entriesOf(p, c), s.preds, current)
}

// direct answers [key = …] for all keys of a list without looking at every entry.
func (ev *evaluator) direct(p place, list schema.Node, preds []*expr, current place) (nodeSet, bool, error) {
	keys := list.SortedKeys()
	if len(preds) != len(keys) {
		return nil, false, nil
	}
	values := make([]string, len(keys))
	for i, k := range keys {
		for _, pred := range preds {
			if pred.op != "=" || pred.args[0].op != "path" || pred.args[0].from != '.' || len(pred.args[0].steps) != 1 || pred.args[0].steps[0].name != k.Name() ||
				pred.args[1].op == "path" && pred.args[1].from == '.' {
				continue
			}
			v, err := ev.eval(pred.args[1], p, current)
			if err != nil {
				return nil, true, err
			}
			text, err := k.KeyText(schema.Text(ev.text(v)))
			if err != nil {
				return nil, true, nil // no entry can have such a key
			}
			values[i] = text
		}
		if values[i] == "" {
			return nil, false, nil
		}
	}
	e, ok := ev.t.findEntry(p.entry, list, packKeys(values))
	if !ok || !ev.exists(place{e, uint16(list.ID())}) {
		return nil, true, nil
	}
	return nodeSet{{e, uint16(list.ID())}}, true, nil
}

func (ev *evaluator) filter(set nodeSet, preds []*expr, current place) (nodeSet, error) {
	for _, pred := range preds {
		var left nodeSet
		for _, p := range set {
			v, err := ev.eval(pred, p, current)
			if err != nil {
				return nil, err
			}
			if _, position := v.(float64); position {
				return nil, fmt.Errorf("a position is not supported")
			}
			if truth(v) {
				left = append(left, p)
			}
		}
		set = left
	}
	return set, nil
}

// entriesOf returns the entries of a list in p.
func (ev *evaluator) entriesOf(p place, list schema.Node) nodeSet {
	lo, hi := ev.data.span(place{p.entry, uint16(list.ID())}, list.End())
	var out nodeSet
	for i := lo; i < hi; i++ {
		e := ev.data.entries[i]
		if e == p.entry {
			continue // the key sequence
		}
		for ev.t.at(e).parent != p.entry {
			e = ev.t.at(e).parent
		}
		if n := len(out); n == 0 || out[n-1].entry != e {
			out = append(out, place{e, uint16(list.ID())})
		}
	}
	return out
}

// exists reports whether a node is there: a leaf with a value or default, anything else with something in it.
func (ev *evaluator) exists(p place) bool {
	n := ev.t.node(p)
	if k := n.Kind(); k == schema.Leaf || k == schema.LeafList {
		return ev.value(p) != ""
	}
	lo, hi := ev.data.span(p, n.End())
	return lo < hi
}

// value returns the value of a leaf, its default if it has none, and absent for anything else.
func (ev *evaluator) value(p place) schema.Value {
	if i, ok := ev.index.Find(p.entry, schema.NodeID(p.node)); ok {
		return ev.data.Value(i)
	}
	n := ev.t.node(p)
	if n.IsKey() {
		for i, k := range n.Parent().SortedKeys() {
			if k.ID() == n.ID() {
				texts := unpackKeys(ev.t.values.get(uint32(ev.t.at(p.entry).keys)), len(n.Parent().Keys()))
				v, err := k.Canonical(schema.Text(texts[i]))
				if err == nil {
					return v
				}
			}
		}
	}
	return n.Default()
}
