package local

import (
	"slices"
	"sync"

	"github.com/tenter-net/tenter/internal/event"
)

// A Full says what a lossy subscriber drops when its queue is full.
type Full int

// What is dropped: what is old matters less than what is new, unless the subscriber says otherwise.
const (
	DropOldest Full = iota
	DropNewest
	never // critical
)

type item struct {
	event event.Event
	key   string // of which only the last counts
	every bool   // never mind the key
}

// A waiter is an item for which a critical queue has no room yet.
type waiter struct {
	item item
	in   chan struct{} // closed when it is in the queue
}

// A queue is bounded. Its own lock is held for moments only, and no other is taken within it.
type queue struct {
	size int
	full Full
	wake chan struct{} // there is something to take, or to look at

	mu      sync.Mutex
	items   []item
	first   int            // the number of items[0], counting all that ever were in front
	keys    map[string]int // the number of the item that waits with the key
	waiting []*waiter      // in order; as many as there are emitters that wait, and what Start brought
	busy    bool           // the item taken last is not done
	paused  bool
	stuck   bool // an emitter waited in vain, and nothing was taken since
}

func newQueue(size int, full Full) *queue {
	return &queue{size: size, full: full, wake: make(chan struct{}, 1), keys: map[string]int{}}
}

// pushed is what became of an item that was pushed: in the queue, if none of its fields is set.
type pushed struct {
	merged  bool
	dropped bool // victim was
	victim  item
	waiter  *waiter
	refused bool
}

// push adds the item. With force, a critical queue takes it beyond its size.
func (q *queue) push(it item, force bool) pushed {
	q.mu.Lock()
	defer q.mu.Unlock()
	if it.key != "" && !it.every {
		if at, ok := q.keys[it.key]; ok {
			q.items[at-q.first] = it
			return pushed{merged: true}
		}
	}
	if len(q.items) < q.size && len(q.waiting) == 0 || force && q.full == never {
		q.add(it)
		return pushed{}
	}
	switch q.full {
	case DropOldest:
		victim := q.remove()
		q.add(it)
		return pushed{dropped: true, victim: victim}
	case DropNewest:
		return pushed{dropped: true, victim: it}
	}
	if q.stuck {
		return pushed{refused: true}
	}
	w := &waiter{item: it, in: make(chan struct{})}
	q.waiting = append(q.waiting, w)
	return pushed{waiter: w}
}

func (q *queue) add(it item) {
	if it.key != "" && !it.every {
		q.keys[it.key] = q.first + len(q.items)
	}
	q.items = append(q.items, it)
	q.ring()
}

func (q *queue) remove() item {
	it := q.items[0]
	q.items[0] = item{}
	q.items = q.items[1:]
	if at, ok := q.keys[it.key]; ok && at == q.first {
		delete(q.keys, it.key)
	}
	q.first++
	return it
}

// take returns the first item, unless the queue is paused or empty, and lets in who waits longest.
func (q *queue) take() (item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.paused || len(q.items) == 0 {
		return item{}, false
	}
	it := q.remove()
	q.busy, q.stuck = true, false
	if len(q.waiting) > 0 && len(q.items) < q.size {
		w := q.waiting[0]
		q.waiting = slices.Delete(q.waiting, 0, 1)
		q.add(w.item)
		close(w.in)
	}
	return it, true
}

// done says that the item taken last is handled.
func (q *queue) done() {
	q.mu.Lock()
	q.busy = false
	q.mu.Unlock()
}

// giveUp takes a waiter back; it returns false when the item came in meanwhile.
func (q *queue) giveUp(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.waiting, w)
	if at < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, at, at+1)
	q.stuck = true
	return true
}

// clear empties the queue and returns how many items were in it or waited to be.
func (q *queue) clear() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.items) + len(q.waiting)
	for _, w := range q.waiting {
		close(w.in)
	}
	q.first += len(q.items)
	q.items, q.waiting, q.stuck = nil, nil, false
	clear(q.keys)
	return n
}

func (q *queue) pause(paused bool) {
	q.mu.Lock()
	q.paused = paused
	q.mu.Unlock()
	q.ring()
}

func (q *queue) pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.items) + len(q.waiting)
	if q.busy {
		n++
	}
	return n
}

func (q *queue) ring() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
