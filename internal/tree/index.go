package tree

import "github.com/tenter-net/tenter/internal/schema"

// An Index finds a tree's leaves by where they are, for a reader that knows entries by their numbers. It takes about
// seven bytes a leaf, so it is made for one reading.
type Index struct {
	tree  *Tree
	slots []uint32 // open addressing: 1 + position
}

// Index returns an index of the tree, which must not be nil.
func (t *Tree) Index() *Index {
	size := 16
	for size*3 < t.Len()*4 {
		size *= 2
	}
	x := &Index{tree: t, slots: make([]uint32, size)}
	for i := range t.Len() {
		slot := x.slot(t.place(i))
		for x.slots[slot] != 0 {
			slot = (slot + 1) & uint32(size-1)
		}
		x.slots[slot] = uint32(i) + 1
	}
	return x
}

func (x *Index) slot(p place) uint32 {
	h := (uint64(p.entry)<<16 | uint64(p.node)) * 0x9e3779b97f4a7c15
	return uint32(h>>32) & uint32(len(x.slots)-1)
}

// Find returns the position of the leaf of node n in entry e.
func (x *Index) Find(e EntryID, n schema.NodeID) (int, bool) {
	p := place{e, uint16(n)}
	for slot := x.slot(p); ; slot = (slot + 1) & uint32(len(x.slots)-1) {
		i := int(x.slots[slot]) - 1
		if i < 0 {
			return 0, false
		}
		if x.tree.entries[i] == e && x.tree.nodes[i] == p.node {
			return i, true
		}
	}
}
