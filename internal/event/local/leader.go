package local

import (
	"context"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// replayAgain is how long after a replay that failed the next one begins.
const replayAgain = time.Second

// A term is one time that a subscriber for leaders leads.
type term struct {
	handling chan struct{} // full while a handler runs or something is taken; no mutex, for it is waited for long

	mu     sync.Mutex
	ctx    context.Context // nil when it does not lead
	cancel context.CancelFunc
	due    bool      // the replay is still to be done
	to     event.Seq // that the replay reached
}

func (t *term) begin(parent context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancel != nil {
		t.cancel()
	}
	t.ctx, t.cancel = context.WithCancel(parent)
	t.due, t.to = true, 0
}

func (t *term) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancel != nil {
		t.cancel()
	}
	t.ctx, t.cancel = nil, nil
}

func (t *term) wants(seq event.Seq) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ctx != nil && (seq == 0 || seq > t.to)
}

func (t *term) now() (ctx context.Context, due bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ctx, t.due
}

// Lead begins to give events to the subscribers for leaders, each after its replay. resign, which may be called more than
// once, ends that: it ends the context of their handlers and returns when none of them runs. A handler must not call it.
func (b *Bus) Lead() (resign func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leading = true
	for _, s := range b.subscribers {
		if s.of.Leader {
			s.term.begin(s.ctx)
			s.queue.ring()
		}
	}
	return sync.OnceFunc(b.resign)
}

func (b *Bus) resign() {
	b.mu.Lock()
	b.leading = false
	all := b.subscribers
	for _, s := range all {
		if s.of.Leader {
			s.term.end()
			s.counts.left.Add(uint64(s.queue.clear()))
		}
	}
	b.mu.Unlock()
	for _, s := range all {
		s.term.handling <- struct{}{}
		<-s.term.handling
	}
}

// lead does the next thing that a leader has to do; it returns false when there is none.
func (s *subscriber) lead() bool {
	s.term.handling <- struct{}{}
	defer func() { <-s.term.handling }()
	ctx, due := s.term.now()
	if ctx == nil {
		return false
	}
	if due {
		s.replay(ctx)
		return true
	}
	it, ok := s.queue.take()
	if !ok {
		return false
	}
	if s.term.wants(it.event.Seq) {
		s.one(ctx, it.event, &s.counts.handled)
	} else { // it came while the replay was under way, which had it
		s.counts.left.Add(1)
	}
	s.queue.done()
	return true
}

// replay gives the handler the state of before; when that fails it is to be done again from its beginning.
func (s *subscriber) replay(ctx context.Context) {
	var to event.Seq
	if s.of.Replay != nil {
		for e, err := range s.of.Replay(ctx) {
			if err != nil {
				s.counts.failed.Add(1)
				wait, cancel := context.WithTimeout(ctx, replayAgain)
				<-wait.Done()
				cancel()
				return
			}
			s.one(ctx, e, &s.counts.replayed)
			to = max(to, e.Seq)
			if ctx.Err() != nil {
				return
			}
		}
	}
	s.term.mu.Lock()
	if s.term.ctx == ctx {
		s.term.due, s.term.to = false, to
	}
	s.term.mu.Unlock()
}
