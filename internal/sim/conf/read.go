package conf

import (
	"encoding/json"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/cli"
)

// A Filter chooses what of a view is read: GetRequest's DataType.
type Filter = gpb.GetRequest_DataType

// JSON returns the subtree of n as JSON, member names qualified by RFC 7951 §4 unless the encoding is
// plain JSON, or nil where the filter leaves nothing.
func (n *Node) JSON(e Encoding, f Filter) []byte {
	v := n.value(e, f, "")
	if v == nil {
		return nil
	}
	return marshal(v)
}

func (n *Node) value(e Encoding, f Filter, module string) any {
	if n.Leaf() {
		if !n.passes(f, nil) {
			return nil
		}
		return n.Value.JSON(e)
	}
	object := map[string]any{}
	n.members(object, e, f, module)
	if n.bare(f) {
		return n.withKeys(object, e, module)
	}
	if len(object) == 0 && (f == gpb.GetRequest_STATE || f == gpb.GetRequest_OPERATIONAL || n.State || n.Schema == nil || !n.Schema.Presence) {
		return nil
	}
	if n.Schema != nil && n.Schema.Parent == nil && len(object) == 0 {
		return nil
	}
	return n.withKeys(object, e, module)
}

// bare tells whether n is a configured list entry that is there by its keys alone, and shown by the filter.
func (n *Node) bare(f Filter) bool {
	return !n.State && n.Schema != nil && n.Schema.ownKeys() && (f == gpb.GetRequest_ALL || f == gpb.GetRequest_CONFIG)
}

// withKeys adds the keys of an entry, which is nothing without them.
func (n *Node) withKeys(object map[string]any, e Encoding, module string) any {
	for _, k := range n.Step.Keys {
		name := n.qualify(k.Name, n.Module(), module, e)
		if _, ok := object[name]; !ok {
			object[name] = n.keyJSON(k, e)
		}
	}
	return object
}

// members adds the children to a JSON object.
func (n *Node) members(object map[string]any, e Encoding, f Filter, module string) {
	hollow := true
	for _, kid := range n.Kids() {
		if kid.key() || kid.Leaf() && !kid.passes(f, n) {
			continue
		}
		v := kid.value(e, f, kid.Module())
		if v == nil {
			continue
		}
		hollow = false
		name := n.qualify(kid.Step.Name, kid.Module(), module, e)
		if len(kid.Step.Keys) > 0 {
			list, _ := object[name].([]any)
			object[name] = append(list, v)
		} else {
			object[name] = v
		}
	}
	if hollow {
		clear(object)
	}
}

func (n *Node) keyJSON(k Key, e Encoding) any {
	if leaf := n.kids[k.Name]; leaf != nil && leaf.Leaf() {
		return leaf.Value.JSON(e)
	}
	if n.Schema != nil && n.Schema.Kids[k.Name] != nil {
		if v, err := keyValue(n.Schema.Kids[k.Name].typ, k.Value); err == nil {
			return v.JSON(e)
		}
	}
	return k.Value
}

// qualify names a member with its module where that differs from its parent's.
func (n *Node) qualify(name, module, parent string, e Encoding) string {
	if e.Kind == gpb.Encoding_JSON || module == "" || module == parent {
		return name
	}
	return module + ":" + name
}

// Module returns the YANG module that the node belongs to.
func (n *Node) Module() string {
	if n.Schema != nil {
		return n.Schema.Module
	}
	return n.module
}

// key tells whether n is a key leaf directly in its list entry.
func (n *Node) key() bool { return n.Schema != nil && !n.State && n.Schema.isKey() }

// passes tells whether the filter keeps a leaf; parent is its container, where known.
func (n *Node) passes(f Filter, parent *Node) bool {
	switch f {
	case gpb.GetRequest_CONFIG:
		return !n.State
	case gpb.GetRequest_STATE:
		return n.State
	case gpb.GetRequest_OPERATIONAL: // state that repeats no configuration
		return n.State && n.Schema == nil
	}
	return true
}

// braces tells whether a container of a native tree says something by being there. Among leaves it is told as an empty
// object, for there is no other way to say it.
func (n *Node) braces() bool {
	return n.Schema != nil && n.Schema.rules != nil && n.Schema.Kind == Container && n.Schema.Presence && n.Schema.Parent != nil
}

// Proto returns what a notification says of a leaf or of the presence of a container.
func (n *Node) Proto(e Encoding) *gpb.TypedValue {
	if n.Leaf() {
		return n.Value.Proto(e)
	}
	if e.Kind == gpb.Encoding_JSON {
		return &gpb.TypedValue{Value: &gpb.TypedValue_JsonVal{JsonVal: []byte("{}")}}
	}
	return &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: []byte("{}")}}
}

// Leaves calls yield with every leaf below n that the filter keeps, and with the containers of native trees whose presence
// says something.
func (n *Node) Leaves(at Path, f Filter, yield func(Path, *Node)) {
	if n.Leaf() {
		if n.passes(f, nil) {
			yield(at, n)
		}
		return
	}
	if n.braces() && n.passes(f, nil) {
		yield(at, n)
	}
	for _, kid := range n.Kids() {
		kid.Leaves(at.Join(kid.Step), f, yield)
	}
}

// linesMember holds the lines of a saved configuration.
const linesMember = "tenter-sim:lines"

// MarshalConfig returns the configuration as JSON_IETF that Load reads back.
func (t *Tree) MarshalConfig() []byte {
	b := t.Root.JSON(Encoding{Kind: gpb.Encoding_JSON_IETF}, gpb.GetRequest_CONFIG)
	if b == nil {
		b = []byte("{}")
	}
	if len(t.Lines) == 0 {
		return b
	}
	return marshal(map[string]any{linesMember: t.Lines, "config": json.RawMessage(b)})
}

// Load reads a configuration that MarshalConfig wrote.
func Load(schema *Schema, config []byte) (*Tree, error) {
	var saved struct {
		Lines  cli.Lines       `json:"tenter-sim:lines"`
		Config json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(config, &saved); err != nil {
		return nil, errForm
	}
	if saved.Lines != nil {
		config = saved.Config
	}
	empty := NewTree(schema)
	empty.Lines = saved.Lines
	e := empty.Edit()
	val := &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: config}}
	if err := e.Update(nil, val); err != nil {
		return nil, err
	}
	t := e.Tree()
	return t, t.Validate()
}
