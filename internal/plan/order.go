package plan

import (
	"slices"

	"github.com/tenter-net/tenter/internal/schema"
)

// project returns the entries of seq that are also in of, in seq's order.
func project(seq, of []string) []string {
	in := make(map[string]bool, len(of))
	for _, e := range of {
		in[e] = true
	}
	return slices.DeleteFunc(slices.Clone(seq), func(e string) bool { return !in[e] })
}

// sameOrder reports whether a key sequence that a device has is good for a wanted one: every wanted entry is there,
// in the wanted order, whatever else is in between.
func sameOrder(have, want schema.Value) bool {
	if have.Kind() != schema.KindKeys || want.Kind() != schema.KindKeys {
		return false
	}
	w := want.Entries()
	return slices.Equal(project(have.Entries(), w), w)
}

// after returns the key sequence that a list has once gone entries are deleted and the wanted ones that it lacks
// are added, which a device does at the end.
func after(have, want []string, gone func(entry string) bool) []string {
	seq := slices.DeleteFunc(slices.Clone(have), gone)
	there := make(map[string]bool, len(seq))
	for _, e := range seq {
		there[e] = true
	}
	for _, e := range want {
		if !there[e] {
			seq = append(seq, e)
		}
	}
	return seq
}
