package tree

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
	"sync/atomic"
)

const segmentSize = 128

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

// Slots are open addressing: numbers, counted from 1, at or after the slot of their hash. They grow by a quarter and are
// always more than half full: most tables hold one device's trees for as long as the device is watched, so that room
// counts for more than growing fast.

func slotOf(hash uint32, slots []uint32) uint32 {
	return uint32(uint64(hash) * uint64(len(slots)) >> 32)
}

func slotAfter(i uint32, slots []uint32) uint32 {
	if i++; int(i) == len(slots) {
		return 0
	}
	return i
}

func full(n int, slots []uint32) bool { return n*4 > len(slots)*3 }

func roomier(slots []uint32) []uint32 { return make([]uint32, len(slots)+len(slots)/4) }

// blockBits is the size of a block of texts: 4 KB, so that a small table wastes little.
const blockBits = 12

// texts keeps each distinct string once, packed into blocks behind its length. A string's number is where it stands, block and
// offset, so that numbers cost nothing; 0 is the empty string.
type texts struct {
	seed   maphash.Seed
	n      int // strings
	blocks atomic.Pointer[[]*atomic.Pointer[string]]
	last   *strings.Builder // writes the last block in place: its String shares the memory
	first  uint32           // its number
	slots  []uint32         // open addressing: 1 + number
}

func newTexts() *texts {
	t := &texts{seed: maphash.MakeSeed(), slots: make([]uint32, 64)}
	t.intern("")
	return t
}

func (t *texts) get(at uint32) string {
	block := *(*t.blocks.Load())[at>>blockBits].Load()
	from := at & (1<<blockBits - 1)
	size, shift := uint32(0), 0
	for ; block[from] >= 0x80; from++ {
		size |= uint32(block[from]&0x7f) << shift
		shift += 7
	}
	size |= uint32(block[from]) << shift
	return block[from+1 : from+1+size]
}

// find returns the number of s, or the slot where it belongs.
func (t *texts) find(s string) (number, slot uint32, ok bool) {
	for i := slotOf(uint32(maphash.String(t.seed, s)), t.slots); ; i = slotAfter(i, t.slots) {
		switch n := t.slots[i]; {
		case n == 0:
			return 0, i, false
		case t.get(n-1) == s:
			return n - 1, i, true
		}
	}
}

// known is find for bytes, which it does not copy.
func (t *texts) known(b []byte) (number uint32, ok bool) {
	for i := slotOf(uint32(maphash.Bytes(t.seed, b)), t.slots); ; i = slotAfter(i, t.slots) {
		switch n := t.slots[i]; {
		case n == 0:
			return 0, false
		case t.get(n-1) == string(b):
			return n - 1, true
		}
	}
}

func (t *texts) intern(s string) uint32 {
	number, slot, ok := t.find(s)
	if ok {
		return number
	}
	number = t.write(s)
	t.n++
	t.slots[slot] = number + 1
	if full(t.n, t.slots) {
		old := t.slots
		t.slots = roomier(old)
		for _, n := range old {
			if n != 0 {
				_, slot, _ := t.find(t.get(n - 1))
				t.slots[slot] = n
			}
		}
	}
	return number
}

// write appends a string to the last block, or to a new one where it does not fit, and returns where it stands. What is longer than a block gets a
// block of its own, and the numbers of the blocks that it would fill.
func (t *texts) write(s string) uint32 {
	var head [binary.MaxVarintLen64]byte
	size := binary.PutUvarint(head[:], uint64(len(s)))
	need := size + len(s)
	if t.last == nil || t.last.Cap()-t.last.Len() < need || t.last.Len() >= 1<<blockBits {
		t.last = &strings.Builder{}
		t.last.Grow(max(1<<blockBits, need))
		var blocks []*atomic.Pointer[string]
		if p := t.blocks.Load(); p != nil {
			blocks = *p
		}
		t.first = uint32(len(blocks))
		for range need>>blockBits + 1 {
			blocks = append(blocks, new(atomic.Pointer[string])) // behind the end of what others see
		}
		t.blocks.Store(&blocks)
	}
	from := t.last.Len()
	t.last.Write(head[:size])
	t.last.WriteString(s)
	whole := t.last.String()
	(*t.blocks.Load())[t.first].Store(&whole)
	return t.first<<blockBits | uint32(from)
}
