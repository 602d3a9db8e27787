package openconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

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
		w.fail(source, at, err)
	case !node.Config():
		w.fail(source, at, errors.New("state, not configuration"))
	case node.Kind() == schema.Leaf || node.Kind() == schema.LeafList:
		placed{w, &source, entry, node}.set(node, v)
	default:
		w.subtree(source, at, v)
	}
}

// SetSecret adds a leaf whose value is the named secret.
func (w *Writer) SetSecret(source tree.Source, at path.Path, name string) {
	w.implied(source, at)
	w.putSecret(source, at, name)
}

// subtree decodes JSON below a path by way of a tree, which also adds what the path implies.
func (w *Writer) subtree(source tree.Source, at path.Path, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		w.fail(source, at, err)
		return
	}
	b := tree.NewBuilder(w.table)
	for _, p := range (wire.Decoder{Roots: w.table.Roots()}).Snapshot(b, at, text) {
		w.fail(source, at, fmt.Errorf("%s: %s", p.Path, p.Reason))
	}
	for l := range b.Build().All() {
		entry, node, err := w.locate(l.Path)
		if err != nil {
			w.fail(source, l.Path, err)
			continue
		}
		placed{w, &source, entry, node}.add(node, l.Value)
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
		p := placed{w, &source, entry, list}
		for _, k := range entry.Path.Elems[i].Keys {
			if config, ok := list.Child("config"); ok {
				if leaf, ok := config.Child(k.Name); ok {
					p.set(leaf, schema.Text(k.Value))
				}
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

// keysText returns the keys of an element as they stand in a path.
func keysText(e path.Elem) string { return strings.TrimPrefix(e.String(), e.Name) }
