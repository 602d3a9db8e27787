package reconcile

import (
	"testing"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// TestReasonIsShort has one device of many fail: its own words are said once, whatever its place in the alphabet.
func TestReasonIsShort(t *testing.T) {
	d := &driver{states: map[intent.DeviceName]run.State{}}
	for i := range 30 {
		name := intent.DeviceName(rune('a'+i%26)) + intent.DeviceName(rune('a'+i/26))
		d.plan.Devices = append(d.plan.Devices, plan.DevicePlan{Device: name, Claims: 1})
		d.states[name] = run.State{Step: run.Ended, Outcome: run.Skipped, Detail: "not started: too many devices failed before"}
	}
	d.states["za"] = run.State{Step: run.Ended, Outcome: run.Failed, Detail: "the Set was refused"}
	want := "aa, ba, ca, and 26 more: skipped: not started: too many devices failed before; za: failed: the Set was refused"
	if got := d.reason(); got != want {
		t.Errorf("%s", got)
	}
	d.saga.Back = "za failed: the Set was refused"
	for name, s := range d.states {
		if s.Outcome == run.Skipped {
			s.Detail = "not started: " + d.saga.Back
			d.states[name] = s
		}
	}
	want = "everything was to be put back: za failed: the Set was refused; aa, ba, ca, and 26 more: skipped; za: failed: the Set was refused"
	if got := d.reason(); got != want {
		t.Errorf("%s", got)
	}
}

// TestNotSavedIsSaid has a device whose profile knows no way to save.
func TestNotSavedIsSaid(t *testing.T) {
	w := newWorld(t, "leaf1")
	none := *w.profile
	none.Name, none.Save.Method = "plain", profile.SaveNone
	w.profile = &none
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	row := w.apply(New(w.options("a")))
	devices, err := w.store.RunDevices(t.Context(), row.ID)
	if err != nil || row.Status != view.RunDone {
		t.Fatalf("%s: %v", row.Status, err)
	}
	want := "not saved to the startup configuration: profile plain knows no way to; a reboot loses it unless it is saved on the device itself"
	if devices[0].Detail != want {
		t.Error(devices[0].Detail)
	}
}
