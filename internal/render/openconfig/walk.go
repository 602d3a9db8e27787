package openconfig

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/openconfig/ygot/ygot"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A layout is what reflection says of a struct type, found once.
type layout struct{ fields []field }

type field struct {
	index int
	paths [][]string // alternatives: {"config", "name"} and the key alias {"name"}
	shape shape
	elem  *layout // of the struct below
}

type shape int

const (
	leaf      shape = iota // pointer to scalar, enum, union, slice of these
	container              // pointer to struct
	list                   // map of pointers to struct
)

var layouts sync.Map // reflect.Type -> *layout

func layoutOf(t reflect.Type) *layout {
	if l, ok := layouts.Load(t); ok {
		return l.(*layout)
	}
	l := &layout{}
	for i := range t.NumField() {
		f := t.Field(i)
		text := f.Tag.Get("path")
		if text == "" {
			continue
		}
		fd := field{index: i}
		for alt := range strings.SplitSeq(text, "|") {
			fd.paths = append(fd.paths, strings.Split(alt, "/"))
		}
		switch {
		case f.Type.Implements(reflect.TypeFor[ygot.GoOrderedMap]()):
			continue // its entries are put one by one, each with its source, and then Writer.order
		case f.Type.Kind() == reflect.Map:
			fd.shape, fd.elem = list, layoutOf(f.Type.Elem().Elem())
		case f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct:
			fd.shape, fd.elem = container, layoutOf(f.Type.Elem())
		}
		l.fields = append(l.fields, fd)
	}
	layouts.Store(t, l)
	return l
}

// placed is a writer at one node of the tree.
type placed struct {
	w      *Writer
	source *tree.Source
	entry  *Entry
	node   schema.Node
}

// down returns the node at a relative path.
func (p placed) down(names []string) schema.Node {
	n := p.node
	for _, name := range names {
		var ok bool
		if n, ok = n.Child(name); !ok {
			// The structs are generated from the models that the schema is compiled from.
			panic(fmt.Sprintf("openconfig: %s has no child %s: structs and schema are of different models", n.Path(), name))
		}
	}
	return n
}

// keys adds the leaves that the keys of an entry are aliases of.
func (p placed) keys(keys []path.Key, of *layout) {
	for _, k := range keys {
		if f := of.keyField(k.Name); f != nil {
			p.set(p.down(f.paths[0]), schema.Text(k.Value))
		}
	}
}

// keyField returns the field that holds the key leaf of that name.
func (l *layout) keyField(name string) *field {
	for i := range l.fields {
		f := &l.fields[i]
		if len(f.paths) > 1 && slices.ContainsFunc(f.paths, func(alt []string) bool { return len(alt) == 1 && alt[0] == name }) {
			return f
		}
	}
	return nil
}

func (p placed) walk(s reflect.Value, of *layout) {
	for i := range of.fields {
		f := &of.fields[i]
		v := s.Field(f.index)
		if v.IsZero() {
			continue
		}
		node := p.down(f.paths[0])
		switch f.shape {
		case container:
			placed{p.w, p.source, p.entry, node}.walk(v.Elem(), f.elem)
		case list:
			for it := v.MapRange(); it.Next(); {
				p.listEntry(node, it.Value().Elem(), f.elem)
			}
		default:
			p.set(node, value(v))
		}
	}
}

func (p placed) listEntry(node schema.Node, s reflect.Value, of *layout) {
	keys := node.Keys()
	slices.SortFunc(keys, func(a, b schema.Node) int { return strings.Compare(a.Name(), b.Name()) })
	at := path.Path{Origin: p.entry.Path.Origin, Elems: appendNames(slices.Clip(p.entry.Path.Elems), p.entry, node)}
	texts := make([]string, len(keys))
	for i, k := range keys {
		text, err := k.KeyText(value(s.Field(of.keyField(k.Name()).index)))
		if err != nil {
			p.fail(k, err)
			return
		}
		texts[i] = text
		last := &at.Elems[len(at.Elems)-1]
		last.Keys = append(last.Keys, path.Key{Name: k.Name(), Value: text})
	}
	placed{p.w, p.source, &Entry{p.w.table.Entry(p.entry.ID, node, texts), at}, node}.walk(s, of)
}

// Path returns the path of the leaf.
func (l Leaf) Path() path.Path { return l.PathIn(nil) }

// PathIn is Path with elements in buf, if they fit: for a caller who is done with one path before the next.
func (l Leaf) PathIn(buf []path.Elem) path.Path {
	elems := append(buf[:0], l.Entry.Path.Elems...)
	return path.Path{Origin: l.Entry.Path.Origin, Elems: appendNames(elems, l.Entry, l.Node)}
}

// appendNames appends the elements from an entry down to a node in it, without keys.
func appendNames(elems []path.Elem, e *Entry, n schema.Node) []path.Elem {
	depth := -len(e.Path.Elems)
	for m := n; m.ID() != 0; m = m.Parent() {
		depth++
	}
	from := len(elems)
	elems = slices.Grow(elems, depth)[:from+depth]
	for i := len(elems) - 1; i >= from; i-- {
		elems[i], n = path.Elem{Name: n.Name()}, n.Parent()
	}
	return elems
}

// set adds a leaf with a value of any form.
func (p placed) set(n schema.Node, v any) {
	c, err := n.Canonical(v)
	if err != nil {
		p.fail(n, err)
		return
	}
	p.add(n, c)
}

func (p placed) add(n schema.Node, v schema.Value) {
	p.w.Leaves = append(p.w.Leaves, Leaf{Entry: p.entry, Node: n, Value: v, Source: p.source})
}

func (p placed) fail(n schema.Node, err error) {
	p.w.fail(*p.source, Leaf{Entry: p.entry, Node: n}.Path(), err)
}

// value returns what Canonical takes of a field.
func value(v reflect.Value) any {
	if e, ok := v.Interface().(ygot.GoEnum); ok {
		return enum(e, v)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return value(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes()
		}
		items := make([]any, v.Len())
		for i := range items {
			items[i] = value(v.Index(i))
		}
		return items
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint()
	case reflect.Float64:
		return v.Float()
	}
	panic(fmt.Sprintf("openconfig: generated structs hold a %s", v.Type()))
}

// enum returns an enum's name, and an identity's with its module.
func enum(e ygot.GoEnum, v reflect.Value) any {
	def := e.ΛMap()[v.Type().Name()][v.Int()]
	if def.DefiningModule != "" {
		return def.DefiningModule + ":" + def.Name
	}
	return def.Name
}
