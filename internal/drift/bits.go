package drift

import (
	"iter"
	"math/bits"
)

// A bitset holds one bit for each leaf of a tree.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }
func (b bitset) add(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) drop(i int)     { b[i>>6] &^= 1 << (i & 63) }

func (b bitset) put(i int, on bool) {
	if on {
		b.add(i)
	} else {
		b.drop(i)
	}
}

func (b bitset) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// fill sets the first n bits.
func (b bitset) fill(n int) {
	for i := range n {
		b.add(i)
	}
}

func (b bitset) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for k, w := range b {
			for ; w != 0; w &= w - 1 {
				if !yield(k<<6 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
