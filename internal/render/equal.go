package render

import (
	"reflect"

	"github.com/tenter-net/tenter/internal/tree"
)

var sourceType = reflect.TypeFor[tree.Source]()

// equal reports whether two models are equal. Sources that differ in nothing but their commit are: a leaf that a commit
// did not touch keeps naming the commit that it came from, as in a blame.
func equal(a, b any) bool {
	return equalValue(reflect.ValueOf(a), reflect.ValueOf(b))
}

func equalValue(a, b reflect.Value) bool {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Struct:
		if a.Type() == sourceType {
			x, y := a.Interface().(tree.Source), b.Interface().(tree.Source)
			x.Commit, y.Commit = "", ""
			return x == y
		}
		if !holdsMore(a.Type()) {
			return a.Equal(b)
		}
		for i := range a.NumField() {
			if !equalValue(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() || a.IsNil() != b.IsNil() {
			return false
		}
		for i := range a.Len() {
			if !equalValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for it := a.MapRange(); it.Next(); {
			if v := b.MapIndex(it.Key()); !v.IsValid() || !equalValue(it.Value(), v) {
				return false
			}
		}
		return true
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return equalValue(a.Elem(), b.Elem())
	}
	return a.Equal(b)
}

// holdsMore reports whether values of a struct type need a look inside: others compare as a whole. Types of other
// packages, such as netip.Prefix, hide their fields and compare so.
func holdsMore(t reflect.Type) bool {
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return false
		}
	}
	return true
}
