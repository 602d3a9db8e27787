package faults

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A receiver is what handlers call: it counts the calls of every idempotency key.
type receiver struct {
	URL string

	mu    sync.Mutex
	calls map[string]int
	order []call
	down  bool
}

// A call is one that came, whether it was answered well or not.
type call struct {
	key string
	at  time.Time
	ok  bool
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{URL: "http://" + l.Addr().String(), calls: map[string]int{}}
	srv := &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close() // its callers have ended
		<-done
	})
	return r
}

// ServeHTTP counts the call. While the receiver is down it answers 503, and counts no call as made.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	key := req.Header.Get("Idempotency-Key")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.order = append(r.order, call{key, time.Now(), !r.down})
	if r.down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	r.calls[key]++
}

func (r *receiver) setDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// repeated is how many calls came more than once, for the group, or for all groups when it is empty.
func (r *receiver) repeated(group string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, calls := range r.calls {
		if group == "" || strings.HasPrefix(key, group+"/") {
			n += calls - 1
		}
	}
	return n
}

// count is how often the group was called for the event.
func (r *receiver) count(key string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[key]
}

// history is every call in its order.
func (r *receiver) history() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call(nil), r.order...)
}
