package dialect

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Leaf is one leaf of an Item.
type Leaf struct {
	Entry  *Entry
	Node   schema.Node // below the entry
	Value  schema.Value
	Source *tree.Source // leaves of one Put share it
	Secret bool         // the value comes from a named secret
	Append bool         // the value is a key sequence to add to whatever sequence the list has
}

// An Entry is the list entry that leaves are in, or the root. Leaves of one Put share it.
type Entry struct {
	ID   tree.EntryID
	Path path.Path
}

// A Problem is what cannot be rendered. A Gap is only something that the dialect has no leaf for: the rest of the
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

// PutSecret adds a leaf whose value is the named secret, and nothing that its path implies.
func (w *Writer) PutSecret(source tree.Source, at path.Path, name string) {
	value, ok := w.secret(name)
	if !ok {
		w.Fail(source, at, fmt.Errorf("secret %q is not known", name))
		return
	}
	entry, node, err := w.locate(at)
	if err != nil {
		w.Fail(source, at, err)
		return
	}
	c, err := node.Canonical(schema.Text(value))
	if err != nil {
		// The error of a value shows the value.
		w.Fail(source, at, fmt.Errorf("the value of secret %q is no %s", name, node.Type()))
		return
	}
	w.Leaves = append(w.Leaves, Leaf{Entry: entry, Node: node, Value: c, Source: &source, Secret: true})
}

// Order adds the sequence of the entries of the user-ordered list at path at, which has no keys.
func (w *Writer) Order(source tree.Source, at path.Path, entries []path.Elem) {
	entry, node, err := w.locate(at)
	if err != nil {
		w.Fail(source, at, err)
		return
	}
	sequence := make([]string, len(entries))
	for i, e := range entries {
		sequence[i] = keysText(e)
	}
	Place{entry, node, w, &source}.Add(node, schema.KeysValue(sequence))
}

// Fail says why a path cannot be written.
func (w *Writer) Fail(source tree.Source, at path.Path, err error) {
	w.Problems = append(w.Problems, Problem{Source: source, Path: at.String(), Reason: err.Error()})
}

// Gap says that the dialect cannot express something; the rest of the configuration stands.
func (w *Writer) Gap(source tree.Source, at path.Path, format string, args ...any) {
	w.Problems = append(w.Problems, Problem{Source: source, Path: at.String(), Reason: fmt.Sprintf(format, args...), Gap: true})
}

// locate interns the entries on a path.
func (w *Writer) locate(at path.Path) (*Entry, schema.Node, error) {
	at, err := w.table.Roots().Normalize(at)
	if err != nil {
		return nil, schema.Node{}, err
	}
	id, _ := w.table.Root(at.Origin) // Normalize knows the origin
	s, _ := w.table.Roots().Schema(at.Origin)
	node, last := s.Root(), 0
	var keys [4]string
	for i, e := range at.Elems {
		node, _ = node.Child(e.Name)
		if len(e.Keys) == 0 {
			continue
		}
		values := keys[:0]
		for _, k := range e.Keys {
			values = append(values, k.Value)
		}
		id, last = w.table.Entry(id, node, values), i+1
	}
	return &Entry{ID: id, Path: path.Path{Origin: at.Origin, Elems: at.Elems[:last]}}, node, nil
}
