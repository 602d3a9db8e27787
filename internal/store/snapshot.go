package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// Rows returns the live read models, all of one moment, with the log's end at that moment. Bodies are left out.
func (s *Store) Rows(ctx context.Context) (r view.Rows, err error) {
	err = s.engine.moment(ctx, func(q querier) error {
		h, _, err := first(q, scanHead, selectHead)
		if err != nil {
			return err
		}
		r.Seq = h.seq
		if r.Time, _, err = first(q, scanTime, "SELECT time FROM event WHERE seq = ?", int64(h.seq)); err != nil {
			return err
		}
		if r.Forgotten, _, err = first(q, scanTime, "SELECT forgotten FROM telling"); err != nil {
			return err
		}
		if r.Generation, _, err = first(q, scanText, "SELECT id FROM generation WHERE is_current = 1"); err != nil {
			return err
		}
		if r.Devices, err = collect(q, scanDevice, "SELECT "+deviceColumns+" FROM device"); err != nil {
			return err
		}
		if r.Plans, err = collect(q, scanPlan, "SELECT "+bodyless(planColumns)+" FROM plan"); err != nil {
			return err
		}
		if r.Runs, err = collect(q, scanRun, "SELECT "+bodyless(runColumns)+" FROM run"); err != nil {
			return err
		}
		if r.RunDevices, err = collect(q, scanRunDeviceShort, "SELECT run, device, step, outcome, detail FROM run_device"); err != nil {
			return err
		}
		if r.Episodes, err = collect(q, scanEpisode, "SELECT "+episodeColumns+" FROM episode"); err != nil {
			return err
		}
		if r.Tokens, err = collect(q, scanToken, "SELECT "+tokenColumns+" FROM token"); err != nil {
			return err
		}
		r.Freeze, _, err = first(q, scanFreeze, selectFreeze)
		return err
	})
	if err != nil {
		return view.Rows{}, fmt.Errorf("store: read models: %w", err)
	}
	return r, nil
}

// bodyless are the columns without the last, which is the body.
func bodyless(columns string) string { return strings.TrimSuffix(columns, "body") + "''" }

func scanTime(row scanner) (t time.Time, err error) { return t, row.Scan(timeOf{&t}) }

func scanRunDeviceShort(row scanner) (d view.RunDevice, err error) {
	return d, row.Scan(&d.Run, &d.Device, &d.Step, &d.Outcome, &d.Detail)
}

// Telling returns since which event the log tells everything that the read models show, 0 for all of it.
func (s *Store) Telling(ctx context.Context) (event.Seq, error) {
	seq, _, err := first(s.reader(ctx), func(row scanner) (seq event.Seq, err error) { return seq, row.Scan(&seq) }, "SELECT since FROM telling")
	if err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	return seq, nil
}

// Forgotten returns the latest time before which rows that ended were taken away, zero for none.
func (s *Store) Forgotten(ctx context.Context) (time.Time, error) {
	at, _, err := first(s.reader(ctx), scanTime, "SELECT forgotten FROM telling")
	if err != nil {
		return at, fmt.Errorf("store: %w", err)
	}
	return at, nil
}

// Snapshots returns which snapshots there are, the newest first, without their states.
func (s *Store) Snapshots(ctx context.Context) ([]view.Snapshot, error) {
	list, err := collect(s.reader(ctx), func(row scanner) (v view.Snapshot, err error) {
		return v, row.Scan(&v.Seq, timeOf{&v.Time}, timeOf{&v.Taken})
	}, "SELECT seq, time, taken FROM snapshot ORDER BY seq DESC")
	if err != nil {
		return nil, fmt.Errorf("store: snapshots: %w", err)
	}
	return list, nil
}

// SnapshotState returns the state that was kept for the event, or view.ErrNotFound; it fails if that is not what was kept.
func (s *Store) SnapshotState(ctx context.Context, seq event.Seq) (*view.State, error) {
	type row struct{ hash, state []byte }
	r, ok, err := first(s.reader(ctx), func(sc scanner) (r row, err error) { return r, sc.Scan(&r.hash, &r.state) },
		"SELECT hash, state FROM snapshot WHERE seq = ?", int64(seq))
	if err == nil && !ok {
		err = view.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("store: snapshot %d: %w", seq, err)
	}
	state, err := unpacked(r.hash, r.state)
	if err == nil && state.Seq != seq {
		err = fmt.Errorf("it is that of event %d", state.Seq)
	}
	if err != nil {
		return nil, fmt.Errorf("store: snapshot %d: %w", seq, err)
	}
	return state, nil
}

// SaveSnapshot keeps the state and forgets the snapshots that drop names. Guard is the lease of whoever keeps snapshots.
func (s *Store) SaveSnapshot(ctx context.Context, state *view.State, drop []event.Seq, guard view.Lease) error {
	hash, packed, err := pack(state)
	if err == nil {
		err = s.do(ctx, func(t *transaction) error {
			if err := s.Guard(t, guard); err != nil {
				return err
			}
			for _, seq := range drop {
				if _, err := t.exec("DELETE FROM snapshot WHERE seq = ?", int64(seq)); err != nil {
					return err
				}
			}
			_, err := t.exec("INSERT INTO snapshot (seq, time, taken, hash, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
				int64(state.Seq), toDB(state.Time), toDB(s.now()), hash, packed)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("store: snapshot %d: %w", state.Seq, err)
	}
	return nil
}

func pack(state *view.State) (hash, packed []byte, err error) {
	data, err := state.Encode()
	if err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return nil, nil, err
	}
	if err := z.Close(); err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(data)
	return sum[:], b.Bytes(), nil
}

func unpacked(hash, packed []byte) (*view.State, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); !bytes.Equal(sum[:], hash) {
		return nil, errors.New("its hash is another")
	}
	return view.DecodeState(data)
}
