package wire

import (
	"bytes"
	"fmt"
	"hash/maphash"

	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// values keeps what was made canonical while a document is read: devices repeat values a lot, and converting one,
// with its patterns, costs far more than finding it again.
type values struct {
	seed  maphash.Seed
	slots []uint32 // open addressing: 1 + number
	list  []known
}

// known is a token of a type with its value.
type known struct {
	typ   int32
	token token // where it stood first
	value schema.Value
	err   error
	key   string       // as it stands in a path, if it was needed there
	id    tree.ValueID // in the table that the document is read for, 0 if it was not needed there
}

// value makes a token of node n canonical, or says why it cannot. What it returns is good until the next call.
func (d *document) value(n schema.Node, t token) *known {
	v := &d.values
	if len(v.list)*4 >= len(v.slots)*3 {
		d.grow()
	}
	raw, typ := d.raw(t), int32(n.TypeID())
	slot := v.slot(raw, typ)
	for ; v.slots[slot] != 0; slot = (slot + 1) & uint32(len(v.slots)-1) {
		if k := &v.list[v.slots[slot]-1]; k.typ == typ && bytes.Equal(d.raw(k.token), raw) {
			return k
		}
	}
	k := known{typ: typ, token: t}
	if n.Kind() == schema.Container {
		k.value = schema.Presence
	} else {
		s := scanner{data: raw}
		var form any
		if form, k.err = s.value(); k.err == nil {
			k.value, k.err = n.Canonical(form)
		} else {
			k.err = fmt.Errorf("its value: %w", k.err)
		}
	}
	v.list = append(v.list, k)
	v.slots[slot] = uint32(len(v.list))
	return &v.list[len(v.list)-1]
}

func (v *values) slot(raw []byte, typ int32) uint32 {
	h := maphash.Bytes(v.seed, raw) + uint64(typ)*0x9e3779b97f4a7c15
	return uint32(h>>32) & uint32(len(v.slots)-1)
}

// grow doubles the slots, from about as many as the document has leaves.
func (d *document) grow() {
	v := &d.values
	size := 2 * len(v.slots)
	if size == 0 {
		v.seed = maphash.MakeSeed()
		for size = 16; size < len(d.leaves)/2; size *= 2 {
		}
	}
	v.slots = make([]uint32, size)
	for i := range v.list {
		slot := v.slot(d.raw(v.list[i].token), v.list[i].typ)
		for v.slots[slot] != 0 {
			slot = (slot + 1) & uint32(size-1)
		}
		v.slots[slot] = uint32(i) + 1
	}
}
