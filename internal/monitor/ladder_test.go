package monitor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/view"
)

const (
	onChange = profile.StageOnChange
	defined  = profile.StageTargetDefined
	sample   = profile.StageSample
)

// TestASlowDeviceIsTriedAgain is about one that was slow for a while, and what changes while a better rung is tried in vain.
func TestASlowDeviceIsTriedAgain(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.device.can(w.device.slow, onChange, defined)
		w.device.leave()
		pass(time.Second)
		w.device.back()
		pass(3 * time.Minute)
		w.expect("device.disconnected", "device.connected", "device.synced")
		if got := w.row(); got.Stage != string(sample) || got.Health != view.Degraded {
			t.Fatalf("%s, %s", got.Stage, got.Health)
		}
		w.device.tried()

		for i := 0; !slices.Contains(w.device.tried(), onChange); i++ { // the first attempt begins
			if pass(time.Second); i > 1000 {
				t.Fatal("no better rung was ever tried")
			}
		}
		w.device.change(map[string]string{desc1: "x"})
		pass(time.Minute)
		w.expect("device.synced", "drift.detected enforce | changed "+desc1+" a -> x")
		if got := w.row(); got.Stage != string(sample) || !strings.Contains(got.Reason, "no sync_response") {
			t.Errorf("%s: %s", got.Stage, got.Reason)
		}
		w.device.change(map[string]string{desc1: "a"})
		pass(time.Second)
		w.expect("drift.remediated by stranger")

		w.device.can(w.device.slow)
		pass(time.Hour)
		w.is(view.InSync, view.Healthy)
		if got := w.row(); got.Stage != string(onChange) || got.Reason != "" {
			t.Errorf("%s: %s", got.Stage, got.Reason)
		}
		w.events()
		w.device.change(map[string]string{desc1: "x"})
		pass(time.Second)
		w.expect("drift.detected enforce | changed " + desc1 + " a -> x")
		w.device.tried()
		pass(time.Hour)
		if got := w.device.tried(); len(got) > 0 {
			t.Errorf("on the best rung: tried %v", got)
		}
	})
}

// TestWhatADeviceDoesNotHaveIsNotTriedAgain is so until the device has other software.
func TestWhatADeviceDoesNotHaveIsNotTriedAgain(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.device.can(w.device.lacks, onChange, defined)
		w.device.leave()
		pass(time.Second)
		w.device.back()
		pass(time.Minute)
		w.device.tried()
		pass(time.Hour)
		if got := w.device.tried(); len(got) > 0 {
			t.Errorf("tried %v", got)
		}
		w.device.can(w.device.lacks)
		w.device.leave()
		w.device.mu.Lock()
		w.device.facts.SoftwareVersion = "2.0"
		w.device.mu.Unlock()
		w.device.back()
		pass(time.Minute)
		if got := w.row(); got.Stage != string(onChange) {
			t.Errorf("%s with other software", got.Stage)
		}
	})
}

// TestARungThatBreaksTheConnection is left for the one that carried.
func TestARungThatBreaksTheConnection(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.device.can(w.device.slow, onChange, defined)
		w.device.leave()
		pass(time.Second)
		w.device.back()
		pass(3 * time.Minute)
		w.device.can(w.device.slow)
		w.device.can(w.device.breaks, onChange)
		w.device.tried()
		pass(20 * time.Minute) // the first attempt
		if got := w.device.tried(); !slices.Contains(got, onChange) || got[slices.Index(got, onChange)+1] != sample {
			t.Errorf("tried %v", got)
		}
		pass(time.Hour)
		w.is(view.InSync, view.Degraded)
		if got := w.row(); got.Stage != string(defined) {
			t.Errorf("%s, and the rung above the sampled one carries", got.Stage)
		}
	})
}

// descend goes down the ladder to the rung that the device can be watched by.
func (d *device) descend(ctx context.Context, s profile.Stage, opts profile.WatchOptions) (profile.Stage, error) {
	for {
		d.mu.Lock()
		d.stages = append(d.stages, s)
		slow, lacks, breaks := d.slow[s], d.lacks[s], d.breaks[s]
		d.mu.Unlock()
		switch {
		case breaks:
			return s, errors.New("connection reset")
		case lacks:
			s = s.Next()
			opts.OnStage(profile.Rung{Stage: s, Reason: "Unimplemented", Refused: true})
		case slow:
			select {
			case <-time.After(30 * time.Second):
			case <-ctx.Done():
				return s, ctx.Err()
			}
			s = s.Next()
			opts.OnStage(profile.Rung{Stage: s, Reason: "no sync_response within 30s"})
		default:
			return s, nil
		}
	}
}

// can sets which rungs do not carry.
func (d *device) can(set map[profile.Stage]bool, stages ...profile.Stage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(set)
	for _, s := range stages {
		set[s] = true
	}
}

// tried returns the rungs that were entered since it was asked last.
func (d *device) tried() []profile.Stage {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.stages
	d.stages = nil
	return list
}
