package delivery

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
)

// mostTypes bounds how many types Newer tells apart: what writes more of them is no newer build.
const mostTypes = 100

// Newer counts the events that this build passes over because it does not know their types: a newer build wrote them. They
// are acknowledged, for waiting would not make them known, and each type is warned of once.
type Newer struct {
	mu    sync.Mutex
	count map[event.Type]uint64
}

// Counts returns how many events of each unknown type were passed over.
func (n *Newer) Counts() map[event.Type]uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make(map[event.Type]uint64, len(n.count))
	for t, c := range n.count {
		out[t] = c
	}
	return out
}

// note counts the event and reports whether its type is to be warned of.
func (n *Newer) note(t event.Type) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.count == nil {
		n.count = map[event.Type]uint64{}
	}
	if _, seen := n.count[t]; !seen && len(n.count) >= mostTypes {
		t = "other"
	}
	n.count[t]++
	return n.count[t] == 1
}

// handlerOf is what handles the event: the group's handler, or for a type that this build does not know, nothing.
func (l *Lanes) handlerOf(e event.Event) event.Handler {
	if e.Type.Known() {
		return l.sub.Handler
	}
	if l.newer.note(e.Type) {
		l.log.Warn("an event of a type that this version does not know is passed over, and so will be all others of it: a newer version wrote it",
			zap.String("type", string(e.Type)), zap.String("schemaversion", e.SchemaVersion), zap.Uint64("seq", uint64(e.Seq)))
	}
	return func(context.Context, event.Tx, event.Event) error { return nil }
}
