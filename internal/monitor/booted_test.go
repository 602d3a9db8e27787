package monitor_test

import (
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/view"
)

// told makes the device say when it started, over a new connection.
func (w *world) told(booted time.Time) {
	w.device.leave()
	w.device.mu.Lock()
	w.device.facts.BootTime = booted
	w.device.mu.Unlock()
	pass(time.Second)
	w.device.back()
	pass(time.Minute)
	w.events()
}

// TestABootTimeThatJitters is no restart, even if it adds up to more than any jitter; a restart is one.
func TestABootTimeThatJitters(t *testing.T) {
	bubble(t, 0, func(w *world) {
		boot := time.Now().Add(-time.Hour)
		w.told(boot)
		for _, by := range []time.Duration{300 * time.Millisecond, -2 * time.Second, 15 * time.Second, 40 * time.Second, 65 * time.Second} {
			w.told(boot.Add(by))
			w.device.change(map[string]string{desc1: "x"})
			pass(time.Second)
			w.hand(view.HandUnknown)
			w.device.change(map[string]string{desc1: "a"})
			pass(time.Second)
			w.expect("drift.detected enforce | changed "+desc1+" a -> x", "drift.remediated by stranger")
			if got := w.row().Known.Booted; !got.Equal(boot.Add(by)) {
				t.Errorf("known %s, told %s", got, boot.Add(by))
			}
		}
		w.device.change(map[string]string{desc1: ""})
		pass(time.Minute)
		w.expect("drift.detected enforce | missing " + desc1 + " a ->")
		w.device.leave()
		w.device.mu.Lock()
		w.device.facts.BootTime = time.Now()
		w.device.have[desc1] = leaf(t, desc1, "a") // it had saved that
		w.device.mu.Unlock()
		w.device.back()
		pass(time.Minute)
		w.expect("device.disconnected", "device.connected", "device.synced", "drift.remediated by device")
		w.device.change(map[string]string{desc1: "x"})
		pass(time.Second)
		w.hand(view.HandUnknown)
	})
}

// hand checks whose hand the latest episode is told to be.
func (w *world) hand(want string) {
	w.t.Helper()
	list, err := w.store.Episodes(w.t.Context(), view.EpisodeQuery{Limit: 1})
	if err != nil || len(list) == 0 || list[0].Hand != want {
		w.t.Errorf("%+v, %v; want %q", list, err, want)
	}
}
