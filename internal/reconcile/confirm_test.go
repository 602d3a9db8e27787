package reconcile

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// TestCommitConfirmed: where the profile says so, the Set is a commit that is confirmed once it was read back; what is
// not as planned is kept first and then undone, so that what others changed meanwhile stays.
func TestCommitConfirmed(t *testing.T) {
	const mtu = "/interfaces/interface[name=Ethernet1]/config/mtu"
	for _, tc := range []struct {
		name      string
		confirmed bool
		onSet     func(d *device, edit tree.Edit) error
		want      []profile.CommitAction
		outcome   string
	}{
		{"as planned", true, nil, []profile.CommitAction{profile.CommitOpen, profile.CommitConfirm}, "done"},
		{"not asked for", false, nil, []profile.CommitAction{profile.CommitPlain}, "done"},
		{"nothing applied", true, func(*device, tree.Edit) error { return nil }, []profile.CommitAction{profile.CommitOpen, profile.CommitCancel}, "failed"},
		{"half applied", true, func(d *device, edit tree.Edit) error {
			if len(edit.Updates) > 1 {
				edit.Updates = edit.Updates[:1]
			}
			return d.apply(edit)
		}, []profile.CommitAction{profile.CommitOpen, profile.CommitConfirm, profile.CommitPlain}, "failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, "leaf1")
			p := *w.profile
			p.CommitConfirmed = tc.confirmed
			w.profile = &p
			w.proven("leaf1")
			w.intend("g1", map[intent.DeviceName]string{"leaf1": mtu + " = 9000\n" + strings.Replace(mtu, "Ethernet1", "Ethernet2", 1) + " = 9000"}, nil)
			w.devices["leaf1"].onSet = tc.onSet
			row := w.apply(New(w.options("a")))
			if got := w.outcomes(row.ID)["leaf1"]; got != tc.outcome {
				t.Errorf("ended %s, want %s", got, tc.outcome)
			}
			var got []profile.CommitAction
			for _, o := range w.devices["leaf1"].asked {
				got = append(got, o.Commit)
				if o.Election == 0 || o.Commit != profile.CommitPlain && o.CommitID != row.ID || (o.Commit == profile.CommitOpen) != (o.Rollback > 0) {
					t.Errorf("a Set with %+v", o)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCommitNotConfirmed: a device that does not take the confirmation would take the change back, so the run does, and says so.
func TestCommitNotConfirmed(t *testing.T) {
	w := newWorld(t, "leaf1")
	p := *w.profile
	p.CommitConfirmed = true
	w.profile = &p
	w.proven("leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": "/interfaces/interface[name=Ethernet1]/config/mtu = 9000"}, nil)
	w.devices["leaf1"].onSet = func(d *device, edit tree.Edit) error {
		if edit.Empty() {
			return errors.New("no commit waits")
		}
		return d.apply(edit)
	}
	row := w.apply(New(w.options("a")))
	devices, err := w.store.RunDevices(t.Context(), row.ID)
	if err != nil || len(devices) != 1 || devices[0].Outcome != "failed" || devices[0].Detail != "not confirmed: no commit waits" {
		t.Errorf("%+v, %v", devices, err)
	}
	owned, err := w.store.Owned(t.Context(), "leaf1")
	if got := w.devices["leaf1"].has("/interfaces/interface[name=Ethernet1]/config/mtu"); got != "" || len(owned) != 0 || err != nil {
		t.Errorf("the device has %q, owned is %v, %v", got, owned, err)
	}
}
