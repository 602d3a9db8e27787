package openconfig

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/openconfig/ygot/ygot"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Leaf is one leaf of an Item. Its entry is interned in the Writer's table.
type Leaf struct {
	Entry  tree.EntryID
	Node   schema.Node
	Value  schema.Value
	Source tree.Source
	Secret bool // the value comes from a named secret
}

// A Problem is what cannot be rendered. A Gap is only something that OpenConfig has no leaf for: the rest of the
// configuration stands.
type Problem struct {
	Source tree.Source
	Path   string
	Reason string
	Gap    bool
}

// A Writer collects the leaves and problems of Items. It is not safe for concurrent use.
type Writer struct {
	Leaves   []Leaf
	Problems []Problem

	table  *tree.Table
	secret func(name string) (string, bool)
}

// NewWriter returns a writer that interns list entries in table and looks secrets up with secret.
func NewWriter(table *tree.Table, secret func(name string) (string, bool)) *Writer {
	return &Writer{table: table, secret: secret}
}

// Put adds every leaf that is set in s, which belongs at path at. The keys of a list entry are taken from the path
// and need not be set in s.
func (w *Writer) Put(source tree.Source, at path.Path, s ygot.GoStruct) {
	entry, node, err := w.locate(at)
	if err != nil {
		w.fail(source, at, err)
		return
	}
	p := placed{w: w, source: source, entry: entry, node: node}
	if node.Kind() == schema.List {
		// The key leaves of the entry itself: "config/name" as the path has it.
		p.keys(at.Elems[len(at.Elems)-1].Keys, planOf(reflect.TypeOf(s).Elem()))
	}
	p.walk(reflect.ValueOf(s).Elem(), planOf(reflect.TypeOf(s).Elem()))
}

// putSecret adds a leaf whose value is the named secret.
func (w *Writer) putSecret(source tree.Source, at path.Path, name string) {
	value, ok := w.secret(name)
	if !ok {
		w.fail(source, at, fmt.Errorf("secret %q is not known", name))
		return
	}
	entry, node, err := w.locate(at)
	if err != nil {
		w.fail(source, at, err)
		return
	}
	c, err := node.Canonical(schema.Text(value))
	if err != nil {
		// The error of a value shows the value.
		w.fail(source, at, fmt.Errorf("the value of secret %q is no %s", name, node.Type()))
		return
	}
	w.Leaves = append(w.Leaves, Leaf{Entry: entry, Node: node, Value: c, Source: source, Secret: true})
}

// order adds the sequence of the entries of the user-ordered list at path at, which has no keys.
func (w *Writer) order(source tree.Source, at path.Path, entries []path.Elem) {
	entry, node, err := w.locate(at)
	if err != nil {
		w.fail(source, at, err)
		return
	}
	sequence := make([]string, len(entries))
	for i, e := range entries {
		sequence[i] = strings.TrimPrefix(e.String(), e.Name)
	}
	placed{w, source, entry, node}.add(node, schema.KeysValue(sequence))
}

func (w *Writer) fail(source tree.Source, at path.Path, err error) {
	w.Problems = append(w.Problems, Problem{Source: source, Path: at.String(), Reason: err.Error()})
}

// gap says that OpenConfig cannot express something.
func (w *Writer) gap(source tree.Source, at path.Path, format string, args ...any) {
	w.Problems = append(w.Problems, Problem{Source: source, Path: at.String(), Reason: fmt.Sprintf(format, args...), Gap: true})
}

// locate interns the entries on a path.
func (w *Writer) locate(at path.Path) (tree.EntryID, schema.Node, error) {
	at, err := w.table.Roots().Normalize(at)
	if err != nil {
		return 0, schema.Node{}, err
	}
	entry, _ := w.table.Root(at.Origin) // Normalize knows the origin
	s, _ := w.table.Roots().Schema(at.Origin)
	node := s.Root()
	var keys [4]string
	for _, e := range at.Elems {
		node, _ = node.Child(e.Name)
		if len(e.Keys) == 0 {
			continue
		}
		values := keys[:0]
		for _, k := range e.Keys {
			values = append(values, k.Value)
		}
		entry = w.table.Entry(entry, node, values)
	}
	return entry, node, nil
}
