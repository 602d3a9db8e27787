package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tenter-net/tenter/internal/backup"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// A whole configuration comes back by a plan of its own: what the device has, compared with what it had, wherever Tenter may
// write. It is shown, approved, checked, sent and proven like every other plan. The backup is kept in the store, for
// whoever carries the plan out.

// A backupStore keeps what plans are to bring back.
type backupStore interface {
	SaveBackup(tx event.Tx, b view.Backup) error
	Backup(ctx context.Context, id string) (view.Backup, error)
}

// verbBackup asks for a device's whole configuration.
const verbBackup = "backup"

// Backup reads the whole configuration of a device, wherever it is served from.
func (e *Engine) Backup(ctx context.Context, device intent.DeviceName) (*backup.File, error) {
	return anywhere(ctx, e, device, verbBackup, nil, func() (*backup.File, error) { return e.backup(ctx, device) })
}

func (e *Engine) answerBackup(ctx context.Context, device intent.DeviceName, _ json.RawMessage) (any, error) {
	return found(e.backup(ctx, device))
}

func (e *Engine) backup(ctx context.Context, device intent.DeviceName) (*backup.File, error) {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return nil, err
	}
	p, err := e.picture(ctx, g.ID, device)
	if err != nil {
		return nil, err
	}
	facts, err := e.probe(ctx, device)
	if err != nil {
		return nil, &unreachable{device, err}
	}
	s, err := e.o.Sessions.Session(ctx, device)
	if err != nil {
		return nil, &unreachable{device, err}
	}
	if err := p.readAt(ctx, s, nil); err != nil {
		return nil, &unreachable{device, err}
	}
	f := &backup.File{
		Device: device, Taken: e.now().UTC(), Identity: policy.IdentityOf(facts), Profile: p.target.Profile.Name, Generation: g.ID,
	}
	for _, x := range p.input.Problems {
		f.Problems = append(f.Problems, fmt.Sprintf("%s: %s", x.Path, x.Reason))
	}
	if err := f.Fill(p.input.Observed, p.input.Secrets.Digest); err != nil {
		return nil, fmt.Errorf("device %q: backup: %w", device, err)
	}
	return f, nil
}

// A RestoreRequest asks for a plan that brings a backup back to a device. As lets it be a backup of another one.
type RestoreRequest struct {
	Device intent.DeviceName
	Body   []byte // of the file
	As     bool
}

// An OtherDeviceError says that a backup is of another device than it is to be brought back to.
type OtherDeviceError struct {
	Device intent.DeviceName
	Why    string
}

// Error says of which.
func (e *OtherDeviceError) Error() string {
	return fmt.Sprintf("device %q: the backup is of another device: %s", e.Device, e.Why)
}

// Restore plans what brings a backup back. It keeps the backup, and writes nothing else anywhere. A backup of another device,
// by its name or by what the device says it is, is an *OtherDeviceError.
func (e *Engine) Restore(ctx context.Context, req RestoreRequest) (Planned, error) {
	f, err := backup.Parse(req.Body)
	if err != nil {
		return Planned{}, err
	}
	if !req.As {
		if f.Device != req.Device {
			return Planned{}, &OtherDeviceError{req.Device, fmt.Sprintf("it was made of %s", f.Device)}
		}
		facts, err := e.probed(ctx, req.Device)
		if err != nil {
			return Planned{}, err
		}
		if now := policy.IdentityOf(facts); f.Identity.Differs(now) != "" {
			return Planned{}, &OtherDeviceError{req.Device, unlikeBackup(f.Identity, now)}
		}
	}
	sum := sha256.Sum256(req.Body)
	kept := view.Backup{ID: hex.EncodeToString(sum[:]), Device: req.Device, Saved: e.now(), Body: req.Body}
	if err := e.o.Store.Do(ctx, func(tx event.Tx) error { return e.o.Store.SaveBackup(tx, kept) }); err != nil {
		return Planned{}, err
	}
	return e.Plan(ctx, Request{Devices: []intent.DeviceName{req.Device}, Backup: kept.ID})
}

// unlikeBackup says what a device tells of itself that its backup has otherwise. It may well be the one that is enrolled, in place of the
// one that the backup was made of.
func unlikeBackup(had, now view.Identity) string {
	for _, was := range had.Elements() {
		for _, is := range now.Elements() {
			if is.Name == was.Name && is.Value != was.Value {
				return fmt.Sprintf("%s %s, in the backup %s", is.Name, is.Value, was.Value)
			}
		}
	}
	return "nothing that it tells of itself is in the backup"
}

// bringBack gives a picture the backup that its plan is to bring back.
func (e *Engine) bringBack(ctx context.Context, p *picture, id string) error {
	kept, err := e.o.Store.Backup(ctx, id)
	if errors.Is(err, view.ErrNotFound) {
		return fmt.Errorf("device %q: the backup %.12s is not kept any more; next: tenter device restore again", p.input.Device, id)
	}
	if err != nil {
		return err
	}
	f, err := backup.Parse(kept.Body)
	if err != nil {
		return fmt.Errorf("device %q: %w", p.input.Device, err)
	}
	p.input.Kept, p.input.Unkept = f.Tree(p.target.Table)
	return nil
}

// broughtBack records what a run brought back. Of what the intents want or Tenter owned, it is applied: where they want
// something else now, that is pending. The rest is a stranger's again, as it was.
func (h *hand) broughtBack(tx event.Tx, writes []tree.Change) error {
	in := h.picture.input
	was := map[string]bool{} // Tenter's before the run; by now everything that it wrote is
	for _, w := range h.s.Writes {
		was[w.Path] = w.Owned
	}
	var applied, shown []tree.Leaf
	var dropped []path.Path
	for _, w := range writes {
		_, wanted := in.Desired.Find(w.Path)
		if w.After == "" || !wanted && !was[w.Path.String()] {
			dropped = append(dropped, w.Path)
			continue
		}
		v := w.After
		if v.Kind() == schema.KindKeys {
			v = h.wanted(w)
		}
		applied = append(applied, tree.Leaf{Path: w.Path, Value: in.Secrets.Digest(w.Path, v)})
		shown = append(shown, shownAs(in, w.Path)...)
	}
	if err := h.markApplied(tx, h.name, applied, shown); err != nil {
		return err
	}
	if err := h.o.Store.DropOwned(tx, h.name, dropped); err != nil {
		return err
	}
	return h.o.Store.UpdateDevice(tx, h.name, func(d *view.Device) {
		d.Run, d.WriteSet = "", nil
		if h.known != (view.Known{}) {
			d.Known = h.known
		}
	})
}
