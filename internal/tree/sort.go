package tree

import (
	"cmp"
	"slices"

	"github.com/tenter-net/tenter/internal/schema"
)

// sort returns items in canonical order, of several at one place only the one added last. Comparing places costs far
// more than comparing numbers, so it sorts by number first and then walks the entries from the root down.
func (t *Table) sort(items []item) []item {
	byNumber := make([]int32, len(items))
	for i := range byNumber {
		byNumber[i] = int32(i)
	}
	slices.SortFunc(byNumber, func(a, b int32) int {
		x, y := &items[a], &items[b]
		return cmp.Or(cmp.Compare(x.entry, y.entry), cmp.Compare(x.node, y.node), cmp.Compare(a, b))
	})
	w := walk{t: t, items: items, order: byNumber, at: map[EntryID]int32{}, out: make([]item, 0, len(items))}
	var entries []EntryID
	for i := 0; i < len(byNumber); {
		e := items[byNumber[i]].entry
		entries = append(entries, e)
		w.at[e] = int32(i)
		for i < len(byNumber) && items[byNumber[i]].entry == e {
			i++
		}
	}
	// An entry that only holds other entries is on the way too.
	for i := 0; i < len(entries); i++ {
		if e := entries[i]; !t.isRoot(e) {
			if p := t.at(e).parent; !w.has(p) {
				w.at[p] = -1
				entries = append(entries, p)
			}
		}
	}
	w.link(entries)
	for root := range t.origins {
		if w.has(EntryID(root)) {
			w.emit(EntryID(root))
		}
	}
	return w.out
}

type walk struct {
	t        *Table
	items    []item
	order    []int32
	at       map[EntryID]int32 // where an entry's items start in order, -1 if it has none
	children []EntryID         // sorted by parent, list and keys
	kids     map[EntryID][2]int32
	out      []item
}

func (w *walk) has(e EntryID) bool { _, ok := w.at[e]; return ok }

// link sorts the entries below their parents.
func (w *walk) link(entries []EntryID) {
	for _, e := range entries {
		if !w.t.isRoot(e) {
			w.children = append(w.children, e)
		}
	}
	slices.SortFunc(w.children, func(a, b EntryID) int {
		x, y := w.t.at(a), w.t.at(b)
		if c := cmp.Or(cmp.Compare(x.parent, y.parent), cmp.Compare(x.node, y.node)); c != 0 {
			return c
		}
		return w.t.compareKeys(a, b)
	})
	w.kids = map[EntryID][2]int32{}
	for i := 0; i < len(w.children); {
		p, lo := w.t.at(w.children[i]).parent, i
		for i < len(w.children) && w.t.at(w.children[i]).parent == p {
			i++
		}
		w.kids[p] = [2]int32{int32(lo), int32(i)}
	}
}

// emit appends an entry's leaves and, between them, the entries of the lists in it.
func (w *walk) emit(e EntryID) {
	span := w.kids[e]
	kids := w.children[span[0]:span[1]]
	if i := w.at[e]; i >= 0 {
		for ; int(i) < len(w.order); i++ {
			it := &w.items[w.order[i]]
			if it.entry != e {
				break
			}
			for len(kids) > 0 && w.t.at(kids[0]).node < it.node {
				w.emit(kids[0])
				kids = kids[1:]
			}
			if n := len(w.out); n > 0 && w.out[n-1].place == it.place {
				w.out[n-1] = *it
				continue
			}
			w.out = append(w.out, *it)
		}
	}
	for _, k := range kids {
		w.emit(k)
	}
}

// normal adds the key leaves that entries with leaves lack and the presence containers that hold something. The
// items must be sorted, and stay so.
func (t *Table) normal(items []item) []item {
	var extra []item
	have := t.said(items) // looked at, or there
	last := place{entry: ^EntryID(0)}
	for _, it := range items {
		extra = t.addPresence(extra, have, it.place, it.source)
		if it.entry == last.entry {
			continue
		}
		last = it.place
		for e := it.entry; !t.isRoot(e); e = t.at(e).parent {
			list := place{e, t.at(e).node}
			if have[list] {
				break
			}
			have[list] = true
			extra = t.addKeys(extra, have, e, it.source)
			extra = t.addPresence(extra, have, place{t.at(e).parent, t.at(e).node}, it.source)
		}
	}
	if len(extra) == 0 {
		return items
	}
	// What the items already have stays: sort keeps the last of equals.
	return t.sort(append(extra, items...))
}

// said returns the key leaves and presence containers that items hold.
func (t *Table) said(items []item) map[place]bool {
	out := map[place]bool{}
	for i := range items {
		if n := t.node(items[i].place); n.IsKey() || n.Kind() == schema.Container {
			out[items[i].place] = true
		}
	}
	return out
}

// addKeys appends an entry's key leaves that are not there, unless they are aliases.
func (t *Table) addKeys(extra []item, have map[place]bool, e EntryID, src SourceID) []item {
	list := t.node(place{e, t.at(e).node})
	var values []string
	for i, k := range list.SortedKeys() {
		if k.IsKeyAlias() || have[place{e, uint16(k.ID())}] {
			continue
		}
		if values == nil {
			values = unpackKeys(t.values.get(uint32(t.at(e).keys)), len(list.Keys()))
		}
		if v, err := k.Canonical(schema.Text(values[i])); err == nil {
			extra = append(extra, item{place{e, uint16(k.ID())}, t.Value(v), src})
		}
	}
	return extra
}

// addPresence appends the presence containers that a leaf or list is in, as far as they are not there.
func (t *Table) addPresence(extra []item, have map[place]bool, of place, src SourceID) []item {
	s := t.origins[t.at(of.entry).origin].schema
	for p := s.Node(schema.NodeID(of.node)).PresenceAbove(); p != 0; p = s.Node(p).PresenceAbove() {
		if at := (place{of.entry, uint16(p)}); !have[at] {
			have[at] = true
			extra = append(extra, item{at, t.presence, src})
		}
	}
	return extra
}
