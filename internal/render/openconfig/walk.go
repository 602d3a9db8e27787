package openconfig

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/openconfig/ygot/ygot"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
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

// put adds every leaf that is set in s, which belongs at path at. The keys of a list entry are taken from the path
// and need not be set in s.
func put(w *dialect.Writer, source tree.Source, at path.Path, s ygot.GoStruct) {
	p, err := w.Place(source, at)
	if err != nil {
		w.Fail(source, at, err)
		return
	}
	to, of := placed{p}, layoutOf(reflect.TypeOf(s).Elem())
	if p.Node.Kind() == schema.List {
		to.keys(p.Entry.Path.Elems[len(p.Entry.Path.Elems)-1].Keys, of)
	}
	to.walk(reflect.ValueOf(s).Elem(), of)
}

// placed is a place where structs are written.
type placed struct{ dialect.Place }

// down returns the node at a relative path.
func (p placed) down(names []string) schema.Node {
	n := p.Node
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
			p.Set(p.down(f.paths[0]), schema.Text(k.Value))
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
			placed{p.In(node)}.walk(v.Elem(), f.elem)
		case list:
			for it := v.MapRange(); it.Next(); {
				p.listEntry(node, it.Value().Elem(), f.elem)
			}
		default:
			p.Set(node, value(v))
		}
	}
}

func (p placed) listEntry(node schema.Node, s reflect.Value, of *layout) {
	keys := node.Keys()
	slices.SortFunc(keys, func(a, b schema.Node) int { return strings.Compare(a.Name(), b.Name()) })
	texts := make([]path.Key, len(keys))
	for i, k := range keys {
		text, err := k.KeyText(value(s.Field(of.keyField(k.Name()).index)))
		if err != nil {
			p.Fail(k, err)
			return
		}
		texts[i] = path.Key{Name: k.Name(), Value: text}
	}
	placed{p.Enter(node, texts)}.walk(s, of)
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
