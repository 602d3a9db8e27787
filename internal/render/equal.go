package render

import (
	"reflect"
	"sync"

	"github.com/tenter-net/tenter/internal/tree"
)

// equal reports whether two models are equal. Sources that differ in nothing but their commit are: a leaf that a
// commit did not touch keeps naming the commit that it came from, as in a blame.
//
// It looks at every field there is, so a field that is added to a model later cannot be forgotten.
func equal(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.Type() == y.Type() && comparerOf(x.Type())(x, y)
}

// A comparer compares two values of one type.
type comparer func(a, b reflect.Value) bool

var comparers sync.Map // reflect.Type -> comparer

func comparerOf(t reflect.Type) comparer {
	if c, ok := comparers.Load(t); ok {
		return c.(comparer)
	}
	c := newComparer(t)
	comparers.Store(t, c)
	return c
}

func newComparer(t reflect.Type) comparer {
	switch t.Kind() {
	case reflect.Int:
		return func(a, b reflect.Value) bool { return a.Int() == b.Int() }
	case reflect.String:
		return func(a, b reflect.Value) bool { return a.String() == b.String() }
	case reflect.Struct:
		return structComparer(t)
	case reflect.Slice:
		elem := comparerOf(t.Elem())
		return func(a, b reflect.Value) bool {
			n := a.Len()
			if b.Len() != n {
				return false
			}
			for i := range n {
				if !elem(a.Index(i), b.Index(i)) {
					return false
				}
			}
			return true
		}
	case reflect.Map:
		elem := comparerOf(t.Elem())
		return func(a, b reflect.Value) bool {
			if a.Len() != b.Len() {
				return false
			}
			for it := a.MapRange(); it.Next(); {
				if v := b.MapIndex(it.Key()); !v.IsValid() || !elem(it.Value(), v) {
					return false
				}
			}
			return true
		}
	case reflect.Pointer:
		elem := comparerOf(t.Elem())
		return func(a, b reflect.Value) bool {
			if a.IsNil() || b.IsNil() {
				return a.IsNil() == b.IsNil()
			}
			return elem(a.Elem(), b.Elem())
		}
	case reflect.Interface:
		return func(a, b reflect.Value) bool {
			if a.IsNil() || b.IsNil() {
				return a.IsNil() == b.IsNil()
			}
			return a.Elem().Type() == b.Elem().Type() && comparerOf(a.Elem().Type())(a.Elem(), b.Elem())
		}
	}
	return reflect.Value.Equal
}

func structComparer(t reflect.Type) comparer {
	commit, isSource := -1, t == reflect.TypeFor[tree.Source]()
	var fields []comparer
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() && t.Comparable() {
			return reflect.Value.Equal // netip.Addr and its like compare as a whole
		}
		if isSource && f.Name == "Commit" {
			commit = i
		}
		fields = append(fields, comparerOf(f.Type))
	}
	return func(a, b reflect.Value) bool {
		for i, same := range fields {
			if i != commit && !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
}
