package dialect

import (
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
)

// Elem makes a path element. Keys are name and value in turn, sorted by name.
func Elem(name string, keys ...string) path.Elem {
	e := path.Elem{Name: name}
	for k := range slices.Chunk(keys, 2) {
		e.Keys = append(e.Keys, path.Key{Name: k[0], Value: k[1]})
	}
	return e
}

// Below returns a path under p.
func Below(p path.Path, elems ...path.Elem) path.Path {
	return path.Path{Origin: p.Origin, Elems: slices.Concat(p.Elems, elems)}
}

// keysText returns the keys of an element as they stand in a path.
func keysText(e path.Elem) string { return strings.TrimPrefix(e.String(), e.Name) }
