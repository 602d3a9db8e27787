package drift

import (
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// observed is what a device has, kept as a tree plus what deviates from it: one bit for each leaf of the tree that
// the device lacks, and the value where it has another one.
type observed struct {
	base    *tree.Tree
	absent  bitset
	changed map[int]schema.Value
}

// newObserved observes nothing of base yet.
func newObserved(base *tree.Tree) observed {
	o := observed{base: base, absent: newBitset(base.Len()), changed: map[int]schema.Value{}}
	o.absent.fill(base.Len())
	return o
}

// value returns what the device has for leaf i, empty when it has none.
func (o *observed) value(i int) schema.Value {
	if o.absent.has(i) {
		return ""
	}
	if len(o.changed) > 0 {
		if v, ok := o.changed[i]; ok {
			return v
		}
	}
	return o.base.Value(i)
}

// set records what the device has for leaf i; the empty value means that it has none.
func (o *observed) set(i int, v schema.Value) {
	if v == "" {
		o.absent.add(i)
		delete(o.changed, i)
		return
	}
	o.absent.drop(i)
	if v == o.base.Value(i) {
		delete(o.changed, i)
		return
	}
	o.changed[i] = v
}

func (o *observed) find(p path.Path) (int, bool) { return o.base.Find(p) }
