package tree

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

const segmentSize = 512

// A column is an append-only array in segments. One goroutine at a time appends; others read any element that was
// appended before they learnt its number.
type column[T any] struct {
	segments atomic.Pointer[[]*[segmentSize]T]
	n        int
}

func (c *column[T]) at(i uint32) *T {
	return &(*c.segments.Load())[i/segmentSize][i%segmentSize]
}

func (c *column[T]) add(v T) uint32 {
	if c.n%segmentSize == 0 {
		var old []*[segmentSize]T
		if p := c.segments.Load(); p != nil {
			old = *p
		}
		grown := append(old[:len(old):len(old)], new([segmentSize]T))
		c.segments.Store(&grown)
	}
	i := uint32(c.n)
	c.n++
	*c.at(i) = v
	return i
}

const blockSize = 32 << 10

// A text store keeps each distinct string once, packed into blocks. Number 0 is the empty string.
type texts struct {
	seed   maphash.Seed
	spans  column[span]
	blocks column[*atomic.Pointer[string]]
	last   *strings.Builder // writes the last block in place: its String shares the memory
	slots  []uint32         // open addressing: 1 + number
}

// A span is where a string stands: block and offset; its length follows from its end.
type span struct {
	block    uint32
	from, to uint32
}

func newTexts() *texts {
	t := &texts{seed: maphash.MakeSeed(), slots: make([]uint32, 64)}
	t.intern("")
	return t
}

func (t *texts) get(i uint32) string {
	s := t.spans.at(i)
	return (*(*t.blocks.at(s.block)).Load())[s.from:s.to]
}

// find returns the number of s, or the slot where it belongs.
func (t *texts) find(s string) (number, slot uint32, ok bool) {
	mask := uint32(len(t.slots) - 1)
	for i := uint32(maphash.String(t.seed, s)) & mask; ; i = (i + 1) & mask {
		switch n := t.slots[i]; {
		case n == 0:
			return 0, i, false
		case t.get(n-1) == s:
			return n - 1, i, true
		}
	}
}

func (t *texts) intern(s string) uint32 {
	number, slot, ok := t.find(s)
	if ok {
		return number
	}
	number = t.spans.add(t.write(s))
	t.slots[slot] = number + 1
	if t.spans.n*4 > len(t.slots)*3 {
		old := t.slots
		t.slots = make([]uint32, 2*len(old))
		for _, n := range old {
			if n != 0 {
				_, slot, _ := t.find(t.get(n - 1))
				t.slots[slot] = n
			}
		}
	}
	return number
}

func (t *texts) write(s string) span {
	if t.last == nil || t.last.Cap()-t.last.Len() < len(s) {
		t.last = &strings.Builder{}
		t.last.Grow(max(blockSize, len(s)))
		t.blocks.add(new(atomic.Pointer[string]))
	}
	from := t.last.Len()
	t.last.WriteString(s)
	block := uint32(t.blocks.n - 1)
	whole := t.last.String()
	(*t.blocks.at(block)).Store(&whole)
	return span{block: block, from: uint32(from), to: uint32(from + len(s))}
}
