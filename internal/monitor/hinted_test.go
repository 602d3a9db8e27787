package monitor_test

import (
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// TestHintedStream has a device that tells of a change only by a delete of a pattern, or with a time long past: it is read, soon,
// and the stream stays as good as it is.
func TestHintedStream(t *testing.T) {
	late := tree.Update{Time: time.Unix(1, 0), Leaves: []tree.Leaf{leaf(t, desc1, "x")}}
	for name, u := range map[string]tree.Update{"pattern": {Time: time.Now(), Unclear: 1}, "late": late} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 0, func(w *world) {
				w.expect(hello...)
				w.device.change(map[string]string{desc1: "a"}) // of now, so that what comes is of the past
				pass(time.Second)
				for range 40 { // more often than settle time: that must not put the reading off
					w.device.hint(desc1, "x", 1, u)
					pass(100 * time.Millisecond)
				}
				w.expect("drift.detected enforce | changed " + desc1 + " a -> x")
				w.device.hint(desc1, "a", 1, u)
				pass(10 * time.Second)
				w.expect("drift.remediated by stranger")
				w.is(view.InSync, view.Healthy)
				w.device.mu.Lock()
				defer w.device.mu.Unlock()
				if got := w.device.reads; got > 12 {
					t.Errorf("read %d times in 16 s", got)
				}
			})
		})
	}
}
