package plane

import (
	"slices"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// A Leaf is one leaf of operational state.
type Leaf struct {
	Path   conf.Path
	Module string // the YANG module of its name
	Value  conf.Value
}

// EqualLeaves tells whether two states are the same.
func EqualLeaves(a, b []Leaf) bool {
	return slices.EqualFunc(a, b, func(x, y Leaf) bool {
		return x.Value.Equal(y.Value) && x.Path.Equal(y.Path)
	})
}
