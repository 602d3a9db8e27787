package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

const deviceColumns = "name, generation, run, write_set, applied, sync, health, reason, stage, identity, enrolled, enrolled_by, mismatch, held_until, held_reason, known, updated, looked, proof"

// writeRow is a view.Write with its path as text. Values are bytes: a binary one is no valid JSON string.
type writeRow struct {
	Path   string `json:"path"`
	Before []byte `json:"before,omitempty"`
	After  []byte `json:"after,omitempty"`
}

func scanDevice(row scanner) (d view.Device, err error) {
	var writes, known, identity, proof []byte
	if err := row.Scan(&d.Name, &d.Generation, &d.Run, &writes, &d.Applied, &d.Sync, &d.Health, &d.Reason, &d.Stage,
		&identity, timeOf{&d.Enrolled}, &d.EnrolledBy, &d.Mismatch, timeOf{&d.HeldUntil}, &d.HeldReason, &known, timeOf{&d.Updated}, timeOf{&d.Looked}, &proof); err != nil {
		return d, err
	}
	if len(identity) > 0 { // a row begins without
		if err := json.Unmarshal(identity, &d.Identity); err != nil {
			return d, fmt.Errorf("identity: %w", err)
		}
	}
	if err := json.Unmarshal(known, &d.Known); err != nil {
		return d, fmt.Errorf("known: %w", err)
	}
	if len(proof) > 0 {
		if err := json.Unmarshal(proof, &d.CommitConfirmed); err != nil {
			return d, fmt.Errorf("proof: %w", err)
		}
	}
	var rows []writeRow
	if err := json.Unmarshal(writes, &rows); err != nil {
		return d, fmt.Errorf("write-set: %w", err)
	}
	for _, r := range rows {
		p, err := path.Parse(r.Path)
		if err != nil {
			return d, fmt.Errorf("write-set: %w", err)
		}
		d.WriteSet = append(d.WriteSet, view.Write{Path: p, Before: schema.Value(r.Before), After: schema.Value(r.After)})
	}
	return d, nil
}

// Devices returns all devices that were ever saved, by name.
func (s *Store) Devices(ctx context.Context) ([]view.Device, error) {
	list, err := collect(s.reader(ctx), scanDevice, "SELECT "+deviceColumns+" FROM device ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("store: devices: %w", err)
	}
	return list, nil
}

// Device returns what is remembered of the device; of one that was never saved, only its name.
func (s *Store) Device(ctx context.Context, name intent.DeviceName) (view.Device, error) {
	d, _, err := device(s.reader(ctx), name, "")
	return d, err
}

// DeviceIn is Device within the transaction: nothing changes the row before it commits.
func (s *Store) DeviceIn(tx event.Tx, name intent.DeviceName) (view.Device, error) {
	t, err := s.own(tx)
	if err != nil {
		return view.Device{}, err
	}
	d, _, err := device(t, name, "{lock}")
	return d, err
}

// device returns also whether there is a row of it.
func device(q querier, name intent.DeviceName, lock string) (view.Device, bool, error) {
	d, ok, err := first(q, scanDevice, "SELECT "+deviceColumns+" FROM device WHERE name = ?"+lock, string(name))
	if err != nil {
		return view.Device{}, false, fmt.Errorf("device %q: %w", name, err)
	}
	d.Name = name
	return d, ok, nil
}

// UpdateDevice changes the device's row by change, which gets it as it stands within the transaction: several engines
// keep a part of it each, and none must undo another's. Name, Applied and Updated are not change's to set. What the row shows
// then is told by the next event about the device that the transaction appends, by device.changed if there is none.
func (s *Store) UpdateDevice(tx event.Tx, name intent.DeviceName, change func(*view.Device)) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	d, ok, err := device(t, name, "{lock}")
	if err == nil && !ok { // two that make the row are to see each other's
		if err = t.put("INSERT INTO device (name) VALUES (?) ON CONFLICT DO NOTHING", string(name)); err == nil {
			d, _, err = device(t, name, "{lock}")
		}
	}
	if err != nil {
		return err
	}
	applied, before := d.Applied, d
	change(&d)
	rows := make([]writeRow, 0, len(d.WriteSet))
	for _, w := range d.WriteSet {
		rows = append(rows, writeRow{Path: w.Path.String(), Before: []byte(w.Before), After: []byte(w.After)})
	}
	writes, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("device %q: %w", name, err)
	}
	known, err := json.Marshal(d.Known)
	if err != nil {
		return fmt.Errorf("device %q: %w", name, err)
	}
	identity, err := json.Marshal(d.Identity)
	var proof []byte
	if err == nil && d.CommitConfirmed != (view.Proof{}) {
		proof, err = json.Marshal(d.CommitConfirmed)
	}
	if err == nil {
		_, err = t.exec("INSERT INTO device ("+deviceColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"+
			" ON CONFLICT (name) DO UPDATE SET generation = excluded.generation, run = excluded.run, write_set = excluded.write_set,"+
			" sync = excluded.sync, health = excluded.health, reason = excluded.reason, stage = excluded.stage,"+
			" identity = excluded.identity, enrolled = excluded.enrolled, enrolled_by = excluded.enrolled_by, mismatch = excluded.mismatch, held_until = excluded.held_until, held_reason = excluded.held_reason,"+
			" known = excluded.known, updated = excluded.updated, looked = excluded.looked, proof = excluded.proof",
			string(name), d.Generation, d.Run, string(writes), applied, d.Sync, d.Health, d.Reason, d.Stage,
			string(identity), toDB(d.Enrolled), d.EnrolledBy, d.Mismatch, toDB(d.HeldUntil), d.HeldReason, string(known), toDB(s.now()), toDB(d.Looked), string(proof))
	}
	if err != nil {
		return fmt.Errorf("device %q: %w", name, err)
	}
	t.changed(before, d)
	return nil
}

// ForgetDevice drops all that is remembered of the device, except for its history. It returns how many leaves were owned.
func (s *Store) ForgetDevice(tx event.Tx, name intent.DeviceName) (owned int64, err error) {
	t, err := s.own(tx)
	if err != nil {
		return 0, err
	}
	if owned, err = t.exec("DELETE FROM leaf WHERE device = ?", string(name)); err == nil {
		_, err = t.exec("DELETE FROM device WHERE name = ?", string(name))
	}
	if err != nil {
		return 0, fmt.Errorf("device %q: forget: %w", name, err)
	}
	delete(t.untold, name)
	return owned, nil
}

// Owned returns the leaves that Tenter has set out to write on the device, in the order of their path's text.
func (s *Store) Owned(ctx context.Context, name intent.DeviceName) ([]view.OwnedLeaf, error) {
	list, err := collect(s.reader(ctx), func(row scanner) (l view.OwnedLeaf, err error) {
		var text string
		var value, shown []byte
		var applied int
		if err := row.Scan(&text, &value, &applied, &shown, timeOf{&l.Since}); err != nil {
			return l, err
		}
		l.Applied = applied != 0
		l.Value, l.Shown = schema.Value(value), schema.Value(shown)
		l.Path, err = path.Parse(text)
		return l, err
	}, "SELECT path, value, applied, shown, since FROM leaf WHERE device = ? ORDER BY path", string(name))
	if err != nil {
		return nil, fmt.Errorf("device %q: owned leaves: %w", name, err)
	}
	return list, nil
}

// MarkOwned records, before a write, that the leaves are Tenter's to change and to delete from then on.
func (s *Store) MarkOwned(tx event.Tx, name intent.DeviceName, paths []path.Path) error {
	return s.leaves(tx, name, func(t *transaction) error {
		rows := make([]any, 0, 4*len(paths))
		for _, p := range paths {
			rows = append(rows, string(name), p.String(), []byte{}, 0)
		}
		return t.insert(rowsOf{table: "leaf", columns: "device, path, value, applied", conflict: " ON CONFLICT DO NOTHING"}, rows)
	})
}

// MarkApplied records leaves that were written and read back, each once. The values of secret leaves must be digests by then.
// In which other form the device shows them is for MarkShown to say, afterwards. A leaf that had the value already has it since
// then.
func (s *Store) MarkApplied(tx event.Tx, name intent.DeviceName, leaves []tree.Leaf) error {
	return s.leaves(tx, name, func(t *transaction) error {
		now := toDB(s.now())
		rows := make([]any, 0, 6*len(leaves))
		for _, l := range leaves {
			rows = append(rows, string(name), l.Path.String(), nonNil([]byte(l.Value)), 1, []byte{}, now)
		}
		return t.insert(rowsOf{
			table: "leaf", columns: "device, path, value, applied, shown, since",
			conflict: " ON CONFLICT (device, path) DO UPDATE SET since = CASE WHEN leaf.applied = 1 AND leaf.value = excluded.value THEN leaf.since ELSE excluded.since END," +
				" value = excluded.value, applied = 1, shown = excluded.shown",
		}, rows)
	})
}

// MarkShown records of applied leaves what the device shows instead of their values: of secrets the digests.
func (s *Store) MarkShown(tx event.Tx, name intent.DeviceName, shown []tree.Leaf) error {
	return s.leaves(tx, name, func(t *transaction) error {
		for _, l := range shown {
			if err := t.put("UPDATE leaf SET shown = ? WHERE device = ? AND path = ? AND applied = 1", nonNil([]byte(l.Value)), string(name), l.Path.String()); err != nil {
				return err
			}
		}
		return nil
	})
}

// DropOwned forgets leaves whose deletion was read back. Those that are not owned are passed over.
func (s *Store) DropOwned(tx event.Tx, name intent.DeviceName, paths []path.Path) error {
	return s.leaves(tx, name, func(t *transaction) error {
		for _, p := range paths {
			if err := t.put("DELETE FROM leaf WHERE device = ? AND path = ?", string(name), p.String()); err != nil {
				return err
			}
		}
		return nil
	})
}

// leaves runs change and counts the device's applied version up.
func (s *Store) leaves(tx event.Tx, name intent.DeviceName, change func(*transaction) error) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if err = change(t); err == nil {
		err = t.put("INSERT INTO device (name, applied) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET applied = device.applied + 1", string(name))
	}
	if err != nil {
		return fmt.Errorf("device %q: leaves: %w", name, err)
	}
	return nil
}
