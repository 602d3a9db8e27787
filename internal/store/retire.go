package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store/archive"
	"github.com/tenter-net/tenter/internal/view"
)

const (
	archiveLease = "archive"
	archiveTTL   = 2 * time.Minute // far more than one file takes
	pruneAtOnce  = 500             // rows that go in one transaction, so that no writer waits long
)

// ErrArchiving is in the error of ArchiveLog while another process, or another caller, moves events to the archive.
var ErrArchiving = errors.New("events are being archived already")

// ArchiveOptions say what ArchiveLog moves.
type ArchiveOptions struct {
	Before time.Time // only events that are older
	// Patience keeps files from being small: a file that would not be full waits until its first event is that much older
	// than Before.
	Patience time.Duration
}

// Archived is what ArchiveLog did.
type Archived struct {
	Events int            `json:"events"`
	Files  []archive.File `json:"files"`
	// Held are the groups that have not handled what could have been moved, by name.
	Held []view.Laggard `json:"held,omitempty"`
}

// ArchiveLog moves the oldest events of the log to files of the archive, as far as every group has handled them (or given
// them up). For each file: it is written, flushed, named, read back and proven; then one transaction makes it the
// log's, with log.archived; then the rows go, some at a time. Killed anywhere between, the next call goes on there, and nobody who
// reads the log sees a difference. One process does this at a time, by a lease; others get ErrArchiving.
func (s *Store) ArchiveLog(ctx context.Context, opts ArchiveOptions) (done Archived, err error) {
	if s.opts.Archive == "" {
		return done, errors.New("store: no directory for the archive given")
	}
	if !s.archiving.TryLock() {
		return done, ErrArchiving
	}
	defer s.archiving.Unlock()
	lease, ok, err := s.Acquire(ctx, archiveLease, s.opts.Worker, archiveTTL)
	if err != nil {
		return done, err
	}
	if !ok {
		return done, fmt.Errorf("%w by %s", ErrArchiving, lease.Holder)
	}
	defer func() { err = errors.Join(err, s.Release(context.WithoutCancel(ctx), lease)) }()
	if err := archive.Clean(s.opts.Archive, s.opts.Fabric); err != nil {
		return done, err
	}
	a := archiver{Store: s, opts: opts, lease: lease}
	for {
		if err := a.prune(ctx); err != nil {
			return done, fmt.Errorf("store: archive: %w", err)
		}
		file, held, err := a.next(ctx)
		if err != nil {
			return done, fmt.Errorf("store: archive: %w", err)
		}
		if done.Held = held; file == nil {
			return done, nil
		}
		if err := a.move(ctx, file); err != nil {
			return done, fmt.Errorf("store: archive: %w", err)
		}
		done.Events += len(file.events)
		done.Files = append(done.Files, file.File)
	}
}

// archiving is held by the one caller of this process that archives.
type archiving struct{ sync.Mutex }

// An archiver moves events while it has the lease.
type archiver struct {
	*Store
	opts  ArchiveOptions
	lease view.Lease
}

// A batch is what becomes one file.
type batch struct {
	archive.File
	events []event.Event
}

// next returns the events for the next file, nil when there are none to move, and the groups because of which it is not more.
func (a *archiver) next(ctx context.Context) (*batch, []view.Laggard, error) {
	end, held, err := a.limit(ctx)
	if err != nil {
		return nil, nil, err
	}
	last, known, err := first(a.reader(ctx), a.scanArchived, selectArchived+" ORDER BY first DESC LIMIT 1")
	if err != nil {
		return nil, nil, err
	}
	b := &batch{File: archive.File{Dir: a.Store.opts.Archive, First: 1, Base: event.NoEvents()}}
	if known {
		b.First, b.Base = last.Last+1, last.Hash
	}
	full, err := a.fill(ctx, b, end)
	switch {
	case err != nil:
		return nil, nil, err
	case len(b.events) == 0, !full && b.events[0].Time.After(a.opts.Before.Add(-a.opts.Patience)):
		return nil, held, nil
	}
	b.Last, b.Hash = b.events[len(b.events)-1].Seq, b.events[len(b.events)-1].Hash
	b.Name = archive.Name(a.Store.opts.Fabric, b.First, b.Last)
	return b, held, nil
}

// limit returns the last event that every group is done with, and who keeps those after it that are old enough.
func (a *archiver) limit(ctx context.Context) (event.Seq, []view.Laggard, error) {
	h, err := a.head(ctx)
	if err != nil {
		return 0, nil, err
	}
	groups, err := collect(a.reader(ctx), func(row scanner) (v view.Laggard, err error) { return v, row.Scan(&v.Group, &v.Oldest, &v.Events) },
		"SELECT d.grp, min(d.seq), count(*) FROM delivery d WHERE d.state <> 'dead' GROUP BY d.grp ORDER BY d.grp")
	if err != nil {
		return 0, nil, err
	}
	end := h.seq
	var held []view.Laggard
	for _, g := range groups {
		list, err := a.EventsAt(ctx, []event.Seq{g.Oldest})
		if err != nil {
			return 0, nil, err
		}
		if len(list) == 0 || !list[0].Time.Before(a.opts.Before) {
			continue
		}
		g.Since = list[0].Time
		held = append(held, g)
		end = min(end, g.Oldest-1)
	}
	return end, held, nil
}

// fill adds what goes into the next file to the batch: what a process made one of before it was killed, or else what
// is old enough of the rows up to end. It reports whether that is not to wait for more.
func (a *archiver) fill(ctx context.Context, b *batch, end event.Seq) (full bool, err error) {
	left, err := archive.Left(b.Dir, a.Store.opts.Fabric, b.First)
	if err != nil || left == 0 {
		return a.add(ctx, b, end, a.opts.Before)
	}
	if full, err = a.add(ctx, b, min(left, end), time.Time{}); err != nil {
		return false, err
	}
	if n := event.Seq(len(b.events)); n < left-b.First+1 {
		head, err := a.head(ctx)
		if full || err == nil && head.seq < left {
			b.Name = archive.Name(a.Store.opts.Fabric, b.First, left)
			err = archive.Foreign(b.File, errors.New("it holds other events"))
		}
		b.events = nil // a group is to handle the others first
		return false, err
	}
	return true, nil
}

// add adds the rows up to end that are from before the time, if it is one, and proves that they are what was sealed: what is wrong
// must not be written anywhere else. It reports whether the batch is full.
func (a *archiver) add(ctx context.Context, b *batch, end event.Seq, before time.Time) (full bool, err error) {
	after, hash, size := b.First-1, b.Base, 0
	for after < end {
		list, err := collect(a.reader(ctx), scanEvent, selectEvent+" WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 500", int64(after), int64(end))
		if err != nil {
			return false, err
		}
		if len(list) == 0 {
			return false, a.unsound(after+1, "missing")
		}
		for _, e := range list {
			switch {
			case e.Seq != after+1:
				return false, a.unsound(after+1, "missing")
			case !bytes.Equal(e.Link(hash), e.Hash):
				return false, a.unsound(e.Seq, "its hash does not follow from its content and the event before")
			case !before.IsZero() && !e.Time.Before(before):
				return false, nil
			}
			b.events = append(b.events, e)
			if size += len(e.Envelope); len(b.events) == archive.MaxEvents || size >= archive.MaxBytes {
				return true, nil
			}
			after, hash = e.Seq, e.Hash
		}
	}
	return false, nil
}

func (a *archiver) unsound(seq event.Seq, what string) error {
	return fmt.Errorf("event %d: %s; nothing more is archived (next: tenter audit verify)", seq, what)
}

// move makes the batch a file, and the file the log's.
func (a *archiver) move(ctx context.Context, b *batch) error {
	renewed, err := a.Renew(ctx, a.lease, archiveTTL)
	if err != nil {
		return err
	}
	a.lease = renewed
	if err := archive.Write(b.File, b.events); err != nil {
		return err
	}
	return a.do(ctx, func(t *transaction) error {
		if err := a.Guard(t, a.lease); err != nil {
			return err
		}
		floor, err := floorOf(t)
		if err != nil {
			return err
		}
		if floor != b.First-1 { // cannot be while the lease is held; a gap would lose events
			return fmt.Errorf("the archive ends with event %d, and the next file begins with %d", floor, b.First)
		}
		oldest, newest := b.events[0].Time, b.events[0].Time
		for _, e := range b.events {
			if e.Time.Before(oldest) {
				oldest = e.Time
			}
			if e.Time.After(newest) {
				newest = e.Time
			}
		}
		if _, err := t.exec("INSERT INTO archive (first, last, name, base, hash, oldest, newest, archived) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			int64(b.First), int64(b.Last), b.Name, b.Base, b.Hash, toDB(oldest), toDB(newest), toDB(a.now())); err != nil {
			return err
		}
		return t.Append(ctx, event.Draft{Type: event.TypeLogArchived, Data: event.LogArchived{File: b.Name, First: b.First, Last: b.Last}})
	})
}

// prune takes the rows away that are in the archive, from the first on.
func (a *archiver) prune(ctx context.Context) error {
	floor, err := a.floor(ctx)
	if err != nil || floor == 0 {
		return err
	}
	for gone := int64(pruneAtOnce); gone == pruneAtOnce; {
		if err := a.do(ctx, func(t *transaction) error {
			gone, err = t.exec("DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE seq <= ? ORDER BY seq LIMIT ?)", int64(floor), pruneAtOnce)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
