package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/suggest"
)

func (t *Type) enumeration(v any, how strictness) (Value, string) {
	str, ok := asString(v)
	if !ok {
		return "", "not a name"
	}
	if _, ok := slices.BinarySearch(t.Names, str); ok {
		return Value(KindEnum) + Value(str), ""
	}
	// Some devices qualify names of an enumeration as if they were identities.
	if _, name, qualified := strings.Cut(str, ":"); qualified && how == loose {
		if _, ok := slices.BinarySearch(t.Names, name); ok {
			return Value(KindEnum) + Value(name), ""
		}
	}
	return "", nearest(str, t.Names)
}

// identity resolves a name, with or without a module, among what is derived from all of the type's bases.
func (s *Schema) identity(t *Type, v any) (Value, string) {
	str, ok := asString(v)
	if !ok {
		return "", "not a name"
	}
	module, name, qualified := strings.Cut(str, ":")
	if !qualified {
		name = module
	}
	found := -1
	for _, i := range s.idents[name] {
		id := &s.im.Identities[i]
		if !id.derives(t.Bases) {
			continue
		}
		switch {
		case qualified && id.Module == module:
			return Value(KindIdentity) + Value(id.Module+":"+id.Name), ""
		case found >= 0 && !qualified:
			return "", "more than one module has that identity: it needs its module"
		}
		found = i
	}
	// A prefix instead of a module's name is read only where it leaves no doubt.
	if found >= 0 && (!qualified || !s.hasModule(module) && s.unambiguous(t, name)) {
		id := &s.im.Identities[found]
		return Value(KindIdentity) + Value(id.Module+":"+id.Name), ""
	}
	return "", nearest(name, s.derived(t))
}

func (id *Identity) derives(bases []int) bool {
	for _, b := range bases {
		if _, ok := slices.BinarySearch(id.Ancestors, b); !ok {
			return false
		}
	}
	return true
}

func (s *Schema) hasModule(name string) bool {
	_, ok := slices.BinarySearchFunc(s.im.Modules, name, func(m Module, name string) int { return strings.Compare(m.Name, name) })
	return ok
}

// unambiguous reports whether one identity only of that name fits the type.
func (s *Schema) unambiguous(t *Type, name string) bool {
	n := 0
	for _, i := range s.idents[name] {
		if s.im.Identities[i].derives(t.Bases) {
			n++
		}
	}
	return n == 1
}

func (s *Schema) derived(t *Type) []string {
	var names []string
	for i := range s.im.Identities {
		if id := &s.im.Identities[i]; id.derives(t.Bases) {
			names = append(names, id.Name)
		}
	}
	return names
}

func (t *Type) bits(v any) (Value, string) {
	str, ok := asString(v)
	if !ok {
		return "", "not a list of names"
	}
	names := slices.Sorted(slices.Values(strings.Fields(str)))
	for i, n := range names {
		if _, ok := slices.BinarySearch(t.Names, n); !ok {
			return "", nearest(n, t.Names)
		}
		if i > 0 && names[i-1] == n {
			return "", fmt.Sprintf("%q is there twice", n)
		}
	}
	return Value(KindBits) + Value(strings.Join(names, " ")), ""
}

// nearest hints at the known name that is closest to a wrong one.
func nearest(name string, known []string) string {
	return cmp.Or(suggest.Hint(name, known), "no such name")
}
