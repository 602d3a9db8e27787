package reconcile

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

const banner = "/system/config/login-banner"

// proven lets it be known that the device takes back what nobody confirms.
func (w *world) proven(name intent.DeviceName) {
	w.do(func(tx event.Tx) error {
		return w.store.UpdateDevice(tx, name, func(d *view.Device) {
			d.CommitConfirmed = view.Proof{Works: true, At: time.Now(), Serial: string(name)}
		})
	})
}

// otherwise is a device on which something else than what was sent ends up, and which takes that back.
func otherwise(d *device, edit tree.Edit) error {
	if d.asked[len(d.asked)-1].Commit != profile.CommitOpen {
		return d.apply(edit)
	}
	d.before, d.backIn = d.running, 2
	if err := d.apply(edit); err != nil {
		return err
	}
	v, err := d.table.Roots().Canonical(edit.Updates[0].Path, "somebody else's")
	if err != nil {
		return err
	}
	b := d.running.Builder()
	if err := b.Set(tree.Leaf{Path: edit.Updates[0].Path, Value: v}); err != nil {
		return err
	}
	d.before = b.Build()
	return nil
}

// TestProof: a profile's word is not enough. Before the first commit to be confirmed the device has to be seen to take one
// back; what it is told stays known until it has other software, and a device that only says OK gets plain Sets.
func TestProof(t *testing.T) {
	for _, tt := range []struct {
		name  string
		onSet func(d *device, edit tree.Edit) error
		works bool
		why   string
		want  []profile.CommitAction // of the Sets
	}{
		{
			"it takes it back", func(d *device, edit tree.Edit) error {
				if d.asked[len(d.asked)-1].Commit == profile.CommitOpen {
					d.before, d.backIn = d.running, 2
				}
				if !strings.HasSuffix(d.asked[len(d.asked)-1].CommitID, "-proof") {
					d.before = nil
				}
				return d.apply(edit)
			}, true, "", []profile.CommitAction{profile.CommitOpen, profile.CommitOpen, profile.CommitConfirm},
		},
		{
			"it refuses it", func(d *device, edit tree.Edit) error {
				if d.asked[len(d.asked)-1].Commit == profile.CommitOpen {
					return &fault{"unknown extension", "refused"}
				}
				return d.apply(edit)
			}, false, "the device refused it", []profile.CommitAction{profile.CommitOpen, profile.CommitPlain},
		},
		{
			"it applies it in another way", otherwise, false, "somebody else changed it", []profile.CommitAction{profile.CommitOpen, profile.CommitPlain},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "leaf1")
			p := *w.profile
			p.CommitConfirmed = true
			w.profile = &p
			const mtu = "/interfaces/interface[name=Ethernet1]/config/mtu"
			w.intend("g1", map[intent.DeviceName]string{"leaf1": mtu + " = 9000"}, nil)
			d := w.devices["leaf1"]
			d.onSet = tt.onSet
			row := w.apply(New(w.options("a")))
			if got := w.outcomes(row.ID)["leaf1"]; got != "done" || d.has(mtu) != "9000" {
				t.Errorf("ended %s with %q", got, d.has(mtu))
			}
			var got []profile.CommitAction
			for _, o := range d.asked {
				got = append(got, o.Commit)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if text := d.has(banner); strings.Contains(text, "Tenter") {
				t.Errorf("left on the device: %q", text)
			}
			known, err := w.store.Device(t.Context(), "leaf1")
			proof := known.CommitConfirmed
			if err != nil || proof.Works != tt.works || !strings.Contains(proof.Detail, tt.why) || len(known.WriteSet) > 0 || known.Run != "" {
				t.Errorf("%+v, %v", known, err)
			}
			if !proof.Holds(view.Known{Serial: "leaf1"}) || proof.Holds(view.Known{Serial: "leaf1", Software: "2"}) {
				t.Errorf("other software, and still: %s", proof)
			}
		})
	}
}
