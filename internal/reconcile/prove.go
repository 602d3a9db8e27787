package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// proofRollback is how long the commit of a proof lives. Taking it back may take as long as any change until it is read.
const proofRollback = 2 * time.Second

// proofText is what the leaf of a proof says meanwhile.
const proofText = "Tenter tests that this device undoes what nobody confirms."

// commits reports whether a Set on the device is to be one that it takes back unless it is confirmed: its profile says that
// it can, and it was seen to, since it last got its software. A server that overlooks the extension answers OK as well, so no
// answer counts: where nobody has seen it yet, it is tried now, with a text that nothing depends on.
func (h *hand) commits(ctx context.Context) (bool, error) {
	p := h.picture.target.Profile
	if !p.CommitConfirmed || len(p.Prove.Elems) == 0 {
		return false, nil
	}
	if proof := h.picture.row.CommitConfirmed; proof.Holds(h.known) {
		return proof.Works, nil
	}
	why, err := h.prove(ctx)
	if err != nil {
		return false, err
	}
	proof := view.Proof{Works: why == "", Detail: why, At: h.now(), Software: h.known.Software, Serial: h.known.Serial}
	h.log.Info("commit-confirmed tried", zap.String("device", string(h.name)), zap.Bool("works", proof.Works), zap.String("detail", why))
	h.picture.row.CommitConfirmed = proof
	return proof.Works, h.o.Store.Do(ctx, func(tx event.Tx) error {
		if err := h.lease.guard(tx); err != nil {
			return err
		}
		if err := h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) { d.CommitConfirmed, d.Run, d.WriteSet = proof, "", nil }); err != nil {
			return err
		}
		d := h.draft(h.name)
		d.Type = event.TypeDeviceCapabilities
		d.Data = event.Device{Device: h.name, Software: proof.Software, Reason: "commit-confirmed: " + proof.String()}
		return tx.Append(ctx, d)
	})
}

// prove sets the leaf of the proof in a commit that nobody confirms, and says why it does not work, empty if the device was
// seen to have the text and to have taken it back. What the device does not take back, prove does.
func (h *hand) prove(ctx context.Context) (why string, err error) {
	at := h.picture.target.Profile.Prove.Path
	before, err := h.leaf(ctx, at)
	if err != nil {
		return "", err
	}
	for _, w := range h.picture.row.WriteSet { // a process that was killed while it tried knew what was there
		if path.Equal(w.Path, at) {
			before = w.Before
		}
	}
	text, err := h.picture.input.Roots.Canonical(at, proofText)
	if err != nil {
		return "", err
	}
	err = h.o.Store.Do(ctx, func(tx event.Tx) error { // so that nobody takes it for drift
		if err := h.lease.guard(tx); err != nil {
			return err
		}
		return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) {
			d.Run, d.WriteSet = h.fixed.id, []view.Write{{Path: at, Before: before, After: text}}
		})
	})
	if err != nil {
		return "", err
	}
	o := h.options()
	o.Commit, o.CommitID, o.Rollback = profile.CommitOpen, h.fixed.id+"-proof", proofRollback
	edit := tree.Edit{Updates: []tree.Leaf{{Path: at, Value: text}}}
	switch answer := answerOf(h.proving(ctx, edit, o)); answer {
	case run.Accepted:
		why, err = h.watchProof(ctx, at, before, text)
	case run.Rejected:
		why = "the device refused it"
	default:
		return "", &unreachable{h.name, errors.New("it did not answer a test of commit-confirmed")}
	}
	if err != nil {
		return "", err
	}
	have, err := h.leaf(ctx, at)
	if err != nil || have != text {
		return why, err
	}
	undo := tree.Edit{Deletes: []path.Path{at}}
	if before != "" && before != text {
		undo = tree.Edit{Updates: []tree.Leaf{{Path: at, Value: before}}}
	}
	if err := h.proving(ctx, undo, h.options()); err != nil {
		return "", &unreachable{h.name, fmt.Errorf("the text of the test could not be taken back from %s: %w", at, err)}
	}
	return why, nil
}

// proving sends a Set of the proof.
func (h *hand) proving(ctx context.Context, edit tree.Edit, o profile.SetOptions) error {
	within, done, err := h.lease.Secure(ctx, h.picture.target.Profile.Limits.Timeout)
	if err != nil {
		return err
	}
	defer done()
	return h.session.Set(within, edit, o)
}

// watchProof reads until the device has taken the text back.
func (h *hand) watchProof(ctx context.Context, at path.Path, before, text schema.Value) (why string, err error) {
	end, shown, wait := h.now().Add(proofRollback+h.o.Window), false, readFirst
	for {
		have, err := h.leaf(ctx, at)
		switch {
		case err != nil:
			return "", err
		case have == text:
			shown = true
		case shown && have == before:
			return "", nil
		case shown:
			return fmt.Sprintf("%s was neither kept nor taken back: somebody else changed it", at), nil
		}
		if !h.now().Before(end) && shown {
			return "the device answered OK and kept a commit that nobody confirmed", nil
		} else if !h.now().Before(end) {
			return "the device answered OK and did not apply a commit to be confirmed", nil
		}
		if err := pause(ctx, wait); err != nil {
			return "", err
		}
		wait = min(wait*2, readMost/4)
	}
}

// leaf reads one leaf, empty if it is not there.
func (h *hand) leaf(ctx context.Context, at path.Path) (schema.Value, error) {
	t, _, err := h.session.Read(ctx, []path.Path{at.Parent()})
	if err != nil {
		return "", &unreachable{h.name, err}
	}
	l, _ := t.Get(at)
	return l.Value, nil
}
