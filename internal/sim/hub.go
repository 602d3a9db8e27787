package sim

import "sync"

// backlog is how many views a slow subscriber may lag behind. Beyond that the oldest are left out: it
// is then told the sum of what they changed.
const backlog = 256

// A hub passes every view of a device to its subscribers, in order.
type hub struct {
	mu   sync.Mutex
	subs map[*mailbox]bool
}

// A mailbox holds the views that one subscriber has not looked at.
type mailbox struct {
	mu    sync.Mutex
	views []*view
	drop  bool // the stream must end
	ready signal
}

// subscribe returns a mailbox for every view from now on, and the view at this moment.
func (n *node) subscribe() (*mailbox, *view) {
	n.hub.mu.Lock()
	defer n.hub.mu.Unlock()
	m := &mailbox{ready: make(signal, 1)}
	if n.hub.subs == nil {
		n.hub.subs = map[*mailbox]bool{}
	}
	n.hub.subs[m] = true
	return m, n.view.Load()
}

func (h *hub) leave(m *mailbox) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs, m)
}

// publish hands the view, which the node shows already, to all subscribers.
func (h *hub) publish(v *view) {
	h.each(func(m *mailbox) {
		if len(m.views) >= backlog {
			m.views = m.views[1:]
		}
		m.views = append(m.views, v)
	})
}

// dropStreams ends every stream.
func (h *hub) dropStreams() { h.each(func(m *mailbox) { m.drop = true }) }

func (h *hub) each(f func(*mailbox)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := range h.subs {
		m.mu.Lock()
		f(m)
		m.mu.Unlock()
		m.ready.wake()
	}
}

// take returns what came in since the last take, and whether the stream must end.
func (m *mailbox) take() (views []*view, drop bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	views, m.views = m.views, nil
	return views, m.drop
}
