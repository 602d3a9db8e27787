package conf

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// merge puts a JSON object into the container or list entry n.
func (e *Edit) merge(n *Node, path Path, object map[string]any, ietf bool) error {
	for _, member := range slices.Sorted(maps.Keys(object)) {
		value := object[member]
		schema := n.Schema.Kids[bare(member)]
		if schema == nil || schema.State {
			return fmt.Errorf("%s: no such node %q", path, member)
		}
		below := path.Join(Step{Name: schema.Name})
		var err error
		switch schema.Kind {
		case Leaf, LeafList:
			err = e.mergeLeaf(n, schema, value, ietf)
		case List:
			err = e.mergeList(n, schema, below, value, ietf)
		default:
			object, ok := value.(map[string]any)
			if !ok {
				return fmt.Errorf("%s: the value must be an object", below)
			}
			err = e.merge(e.descend(n, schema, Step{Name: schema.Name}), below, object, ietf)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Edit) mergeLeaf(n *Node, schema *Schema, value any, ietf bool) error {
	v, err := schema.leafJSON(value, ietf)
	if err != nil {
		return err
	}
	if schema.isKey() && keyID(n.Schema, Key{schema.Name, v.Text}) != keyID(n.Schema, Key{schema.Name, n.Step.Key(schema.Name)}) {
		return fmt.Errorf("%s: the key %q is %q in the value", n.Step, schema.Name, v.Text)
	}
	e.descend(n, schema, Step{Name: schema.Name}).Value = &v
	return nil
}

func (e *Edit) mergeList(n *Node, schema *Schema, path Path, value any, ietf bool) error {
	entries, ok := value.([]any)
	if !ok {
		return fmt.Errorf("%s: the value must be an array", path)
	}
	for _, entry := range entries {
		object, ok := entry.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: every entry must be an object", path)
		}
		step, err := schema.entryStep(object, ietf)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		below := append(path[:len(path)-1:len(path)-1], step)
		if err := e.merge(e.descend(n, schema, step), below, object, ietf); err != nil {
			return err
		}
	}
	return nil
}

// entryStep reads the keys of a list entry in JSON.
func (s *Schema) entryStep(object map[string]any, ietf bool) (Step, error) {
	step := Step{Name: s.Name}
	for member, value := range object {
		if name := bare(member); slices.Contains(s.Keys, name) {
			v, err := s.Kids[name].leafJSON(value, ietf)
			if err != nil {
				return step, err
			}
			step.Keys = append(step.Keys, Key{name, v.Text})
		}
	}
	slices.SortFunc(step.Keys, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
	if len(step.Keys) != len(s.Keys) {
		return step, fmt.Errorf("an entry without its keys %v", s.Keys)
	}
	return step, nil
}

// keyValue reads a key's text as a value of the key leaf's type.
func keyValue(t *yang.YangType, text string) (Value, error) {
	switch {
	case t.Kind == yang.Yunion:
		for _, member := range t.Type {
			if v, err := keyValue(member, text); err == nil {
				return v, nil
			}
		}
		return Value{}, fmt.Errorf("%w for union %s: %q", errForm, t.Name, text)
	case isNumber(t.Kind):
		return number(t.Kind, text)
	case t.Kind == yang.Ybool:
		b, err := strconv.ParseBool(text)
		return Bool(b), err
	}
	return named(t, text)
}

// tidy completes the list entries that the edit touched and removes what it left empty. It returns
// whether anything is left in n.
func (e *Edit) tidy(n *Node) bool {
	if n.owner != e || n.Value != nil {
		return true
	}
	for id, kid := range n.kids {
		if !e.tidy(kid) {
			delete(n.kids, id)
		}
	}
	switch n.Schema.Kind {
	case Container:
		return len(n.kids) > 0 || n.Schema.Presence
	case List:
		hollow := !slices.ContainsFunc(slices.Collect(maps.Values(n.kids)), func(k *Node) bool { return !k.Schema.isKey() })
		if hollow && n.order < e.first && !n.Schema.ownKeys() {
			return false // it was there and everything in it was deleted
		}
		e.repeatKeys(n)
	}
	return true
}

// repeatKeys fills config/<key> of an entry that was made by its path alone, as devices do.
func (e *Edit) repeatKeys(n *Node) {
	config := n.Schema.Kids["config"]
	if config == nil {
		return
	}
	for _, key := range n.Schema.Keys {
		leaf, value := config.Kids[key], n.kids[key]
		if leaf == nil || value == nil || n.At("config", key) != nil {
			continue
		}
		v := *value.Value
		c := e.descend(n, config, Step{Name: "config"})
		e.add(c, key, &Node{Step: Step{Name: key}, Schema: leaf, Value: &v})
	}
}
