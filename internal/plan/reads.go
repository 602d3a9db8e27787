package plan

import (
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

// Reads returns the subtrees that must be read to compute and carry out a device's plan: the top-level containers of
// all that is desired, applied or owned, and of all that the scope is authoritative for. None means everything, which a
// device that is to be as in a backup is compared by.
func (in Input) Reads() []path.Path {
	if in.Part == Restore {
		return nil
	}
	var tops []path.Path
	add := func(p path.Path) path.Path {
		top := path.Path{Origin: p.Origin, Elems: p.Elems[:min(1, len(p.Elems))]}
		if !slices.ContainsFunc(tops, func(q path.Path) bool { return path.Equal(top, q) }) {
			tops = append(tops, top)
		}
		return top
	}
	for _, t := range []*tree.Tree{in.Desired, in.Applied} {
		for i := 0; i < t.Len(); {
			_, i = t.Range(add(t.At(i).Path))
		}
	}
	for _, p := range in.Unproven {
		add(p)
	}
	for _, w := range in.Back {
		add(w.Path)
	}
	for _, r := range in.Scope.rules {
		if r.action == fabric.Own {
			add(r.top())
		}
	}
	slices.SortFunc(tops, path.Compare)
	return outermost(tops)
}

// outermost returns the paths, which are in order, without those inside others.
func outermost(paths []path.Path) []path.Path {
	var out []path.Path
	for _, p := range paths {
		if len(out) == 0 || !p.HasPrefix(out[len(out)-1]) {
			out = append(out, p)
		}
	}
	return out
}

// top is the first element of what a rule is about, the root if that may be anything.
func (r scopeRule) top() path.Path {
	p, err := path.Parse(r.pattern.String())
	if err != nil || len(p.Elems) == 0 || strings.ContainsAny(p.Elems[0].Name, "*.") {
		return path.Path{Origin: p.Origin}
	}
	return path.Path{Origin: p.Origin, Elems: []path.Elem{{Name: p.Elems[0].Name}}}
}
