package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/suggest"
)

// Roots are the schemas of one device, one per origin.
type Roots struct {
	origins []string
	schemas map[string]*Schema
}

// NewRoots joins schemas by origin. The empty origin means openconfig.
func NewRoots(schemas map[string]*Schema) *Roots {
	r := &Roots{schemas: map[string]*Schema{}}
	for origin, s := range schemas {
		if origin == "" {
			origin = path.OpenConfig
		}
		r.schemas[origin] = s
	}
	r.origins = slices.Sorted(maps.Keys(r.schemas))
	return r
}

// Origins returns the origins, sorted.
func (r *Roots) Origins() []string { return slices.Clone(r.origins) }

// Schema returns the schema of an origin.
func (r *Roots) Schema(origin string) (*Schema, bool) {
	if origin == "" {
		origin = path.OpenConfig
	}
	s, ok := r.schemas[origin]
	return s, ok
}

// A PathError is a path that the schema does not know, or whose keys are wrong.
type PathError struct {
	Path   string
	Elem   int // which element is wrong, from 0; -1 for the origin
	Reason string
	Hint   string // the nearest known name, or ""
}

// Error names the path, what is wrong with it and, if there is one, the hint.
func (e *PathError) Error() string {
	text := fmt.Sprintf("path %s: %s", e.Path, e.Reason)
	if e.Hint != "" {
		text += fmt.Sprintf(" (did you mean %q?)", e.Hint)
	}
	return text
}

// Node returns the schema node of a path, whatever the path's keys. A config false node is a State node.
func (r *Roots) Node(p path.Path) (Node, bool) {
	s, ok := r.Schema(p.Origin)
	if !ok {
		return Node{}, false
	}
	n := s.Root()
	for _, e := range p.Elems {
		if n, ok = n.Child(e.Name); !ok {
			return Node{}, false
		}
	}
	return n, true
}

// Check reports as a *PathError whether the schema knows the path and every list entry on it has exactly the list's
// keys with values that fit. Only the last element may name a list without keys: the whole list.
func (r *Roots) Check(p path.Path) error {
	_, err := r.Normalize(p)
	return err
}

// Normalize returns the path in canonical form: names without modules, keys sorted by name, key values canonical.
// It fails where Check fails.
func (r *Roots) Normalize(p path.Path) (path.Path, error) {
	s, ok := r.Schema(p.Origin)
	if !ok {
		return path.Path{}, &PathError{Path: p.String(), Elem: -1, Reason: r.noOrigin(p.Origin), Hint: suggest.Nearest(p.Origin, r.origins)}
	}
	out := path.Path{Origin: p.Origin, Elems: make([]path.Elem, len(p.Elems))}
	if out.Origin == "" {
		out.Origin = path.OpenConfig
	}
	n := s.Root()
	for i, e := range p.Elems {
		c, ok := n.Child(e.Name)
		if !ok {
			var names []string
			for kid := range n.Children() {
				names = append(names, kid.Name())
			}
			return path.Path{}, &PathError{
				Path: p.String(), Elem: i,
				Reason: fmt.Sprintf("%s has no child %q", n.Path(), e.Name), Hint: suggest.Nearest(e.Name, names),
			}
		}
		elem := path.Elem{Name: e.Name, Keys: e.Keys}
		if c.Config() {
			elem.Name = c.Name()
			keys, reason := c.normalKeys(e.Keys, i == len(p.Elems)-1)
			if reason != "" {
				return path.Path{}, &PathError{Path: p.String(), Elem: i, Reason: reason}
			}
			elem.Keys = keys
		}
		out.Elems[i], n = elem, c
	}
	return out, nil
}

// noOrigin says that there is no such origin, and which there are. A path that names none means openconfig.
func (r *Roots) noOrigin(origin string) string {
	if origin == "" {
		origin = path.OpenConfig
	}
	if len(r.origins) == 0 {
		return fmt.Sprintf("unknown origin %q", origin)
	}
	return fmt.Sprintf("unknown origin %q; here paths begin with %s:", origin, strings.Join(r.origins, ": or "))
}

// normalKeys returns the canonical keys of a list entry, or what is wrong with them.
func (n Node) normalKeys(given []path.Key, last bool) ([]path.Key, string) {
	if n.Kind() != List {
		if len(given) > 0 {
			return nil, fmt.Sprintf("%s is a %s and has no keys", n.Name(), n.Kind())
		}
		return nil, ""
	}
	if len(given) == 0 && last {
		return nil, ""
	}
	want := n.Keys()
	keys := make([]path.Key, 0, len(want))
	for _, k := range want {
		v, ok := "", false
		for _, g := range given {
			if g.Name[strings.LastIndexByte(g.Name, ':')+1:] == k.Name() {
				v, ok = g.Value, true
			}
		}
		if !ok {
			return nil, fmt.Sprintf("list %s needs key %q", n.Name(), k.Name())
		}
		text, err := k.KeyText(Text(v))
		if err != nil {
			return nil, fmt.Sprintf("key %q: %v", k.Name(), err)
		}
		keys = append(keys, path.Key{Name: k.Name(), Value: text})
	}
	if len(given) != len(want) {
		for _, g := range given {
			if !slices.ContainsFunc(want, func(k Node) bool { return k.Name() == g.Name[strings.LastIndexByte(g.Name, ':')+1:] }) {
				return nil, fmt.Sprintf("list %s has no key %q", n.Name(), g.Name)
			}
		}
		return nil, fmt.Sprintf("list %s has a key twice", n.Name())
	}
	slices.SortFunc(keys, func(a, b path.Key) int { return strings.Compare(a.Name, b.Name) })
	return keys, ""
}

// KeyText returns the canonical text of a key leaf's value as it stands in a path.
func (n Node) KeyText(v any) (string, error) {
	c, err := n.Canonical(v)
	if err != nil {
		return "", err
	}
	return n.KeyOf(c), nil
}

// KeyOf returns how a key leaf's canonical value stands in a path: as its text, but an identity without its module
// wherever the name alone says which one it is.
func (n Node) KeyOf(v Value) string {
	if v.Kind() == KindIdentity {
		_, name, _ := strings.Cut(string(v[1:]), ":")
		if short, err := n.Canonical(Text(name)); err == nil && short == v {
			return name
		}
	}
	return v.Text()
}

// Canonical makes a value canonical for the leaf at p; see Node.Canonical for the forms it may have.
func (r *Roots) Canonical(p path.Path, v any) (Value, error) {
	n, ok := r.Node(p)
	if !ok {
		return "", r.Check(p)
	}
	c, err := n.Canonical(v)
	if err != nil {
		return "", fmt.Errorf("%s: %w", p, err)
	}
	return c, nil
}

// JSON returns the value of the leaf at p as RFC 7951 has it, for encoding/json. An unknown path gives nil.
func (r *Roots) JSON(v Value, p path.Path) any {
	n, ok := r.Node(p)
	if !ok {
		return nil
	}
	return n.JSON(v)
}
