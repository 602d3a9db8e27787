package store

import (
	"sync"

	"github.com/tenter-net/tenter/internal/event"
)

const (
	recentEvents = 4096
	recentBytes  = 4 << 20 // of envelopes
)

// recent are the last events that this process has committed, by place. Whoever follows the log asks for each of them
// within milliseconds, several times: the relay, and each group that gets it from Redis. Reading them back from the
// database and parsing them costs more than all else that is done about an event.
type recent struct {
	mu    sync.RWMutex
	ring  []event.Event // that of a place is at the place modulo recentEvents
	first event.Seq     // all from here to last are in the ring
	last  event.Seq     // 0 when there are none
	bytes int
}

// add takes in what has just been committed.
func (r *recent) add(events []event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ring == nil {
		r.ring = make([]event.Event, recentEvents)
	}
	if r.last == 0 || events[0].Seq != r.last+1 { // another process was between
		for r.last != 0 && r.first <= r.last {
			r.drop()
		}
		r.first = events[0].Seq
	}
	for _, e := range events {
		if e.Seq-r.first >= recentEvents {
			r.drop()
		}
		e.Time = e.Time.Round(0) // as one that was read back: without this process's own clock
		r.ring[e.Seq%recentEvents] = e
		r.last = e.Seq
		for r.bytes += len(e.Envelope); r.bytes > recentBytes && r.first < r.last; {
			r.drop()
		}
	}
}

func (r *recent) drop() {
	e := &r.ring[r.first%recentEvents]
	r.bytes -= len(e.Envelope)
	*e = event.Event{}
	r.first++
}

// after returns the events that the query selects, up to its limit, when all that follow q.After are known, as far as this
// process has heard of them. It is for queries that follow the log: others are the database's.
func (r *recent) after(q event.Query, end event.Seq) (list []event.Event) {
	if q.Before != 0 || !q.Since.IsZero() || !q.Until.IsZero() || q.Newest {
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if q.After+1 < r.first || end > r.last {
		return nil
	}
	for at := q.After + 1; at <= r.last && len(list) < q.Limit; at++ {
		e := &r.ring[at%recentEvents]
		if q.Selects(*e) {
			list = append(list, *e)
		}
	}
	return list
}

// at returns the events of these places that are known, and the places of the others.
func (r *recent) at(places []event.Seq) (known []event.Event, others []event.Seq) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, p := range places {
		if r.last == 0 || p < r.first || p > r.last {
			others = append(others, p)
			continue
		}
		known = append(known, r.ring[p%recentEvents])
	}
	return known, others
}
