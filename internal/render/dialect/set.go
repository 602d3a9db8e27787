package dialect

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// Set adds what a path holds in any origin: the value of a leaf or leaf-list, or all leaves below a container or list
// entry, as in RFC 7951.
func (w *Writer) Set(source tree.Source, at path.Path, v any) {
	w.implied(source, at)
	entry, node, err := w.locate(at)
	switch {
	case err != nil:
		w.Fail(source, at, err)
	case !node.Config():
		w.Fail(source, at, errors.New("state, not configuration"))
	case node.Kind() == schema.Leaf || node.Kind() == schema.LeafList:
		Place{entry, node, w, &source}.Set(node, v)
	default:
		w.subtree(source, at, v)
	}
}

// SetSecret adds a leaf whose value is the named secret.
func (w *Writer) SetSecret(source tree.Source, at path.Path, name string) {
	w.implied(source, at)
	w.PutSecret(source, at, name)
}

// subtree decodes JSON below a path by way of a tree, which also adds what the path implies.
func (w *Writer) subtree(source tree.Source, at path.Path, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		w.Fail(source, at, err)
		return
	}
	b := tree.NewBuilder(w.table)
	for _, p := range (wire.Decoder{Roots: w.table.Roots()}).Snapshot(b, at, text) {
		w.Fail(source, at, fmt.Errorf("%s: %s", p.Path, p.Reason))
	}
	for l := range b.Build().All() {
		entry, node, err := w.locate(l.Path)
		if err != nil {
			w.Fail(source, l.Path, err)
			continue
		}
		Place{entry, node, w, &source}.Add(node, l.Value)
	}
}

// implied adds what the entries on a path are by being there: the leaves that their keys are aliases of, and their
// place in the sequence of a user-ordered list.
func (w *Writer) implied(source tree.Source, at path.Path) {
	for i, e := range at.Elems {
		if len(e.Keys) == 0 {
			continue
		}
		entry, list, err := w.locate(path.Path{Origin: at.Origin, Elems: at.Elems[:i+1]})
		if err != nil {
			continue // the caller's own locate tells
		}
		p := Place{entry, list, w, &source}
		for _, k := range entry.Path.Elems[i].Keys {
			if leaf, ok := keyLeaf(list, k.Name); ok {
				p.Set(leaf, schema.Text(k.Value))
			}
		}
		if list.OrderedByUser() {
			outer, _, _ := w.locate(path.Path{Origin: at.Origin, Elems: append(slices.Clone(at.Elems[:i]), path.Elem{Name: e.Name})})
			w.Leaves = append(w.Leaves, Leaf{
				Entry: outer, Node: list, Value: schema.KeysValue([]string{keysText(entry.Path.Elems[i])}), Source: &source, Append: true,
			})
		}
	}
}

// keyLeaf returns the configuration leaf that holds a key: in OpenConfig the one in "config" that the key is an alias
// of, elsewhere the key itself.
func keyLeaf(list schema.Node, key string) (schema.Node, bool) {
	if config, ok := list.Child("config"); ok {
		if leaf, ok := config.Child(key); ok {
			return leaf, true
		}
	}
	leaf, ok := list.Child(key)
	return leaf, ok && !leaf.IsKeyAlias()
}
