package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store/archive"
)

// A Mark is a place in the log and the hash that the log added up to there, as somebody noted it outside of the database.
type Mark struct {
	Seq  event.Seq
	Hash []byte
	By   string // who noted it where and when, for errors
}

// Verified is how far a log was proven.
type Verified struct {
	Seq      event.Seq `json:"seq"` // the last sound event
	Hash     []byte    `json:"-"`   // that the log adds up to there
	Files    int       `json:"files"`
	Archived event.Seq `json:"archived"` // the last event that was read from a file
	Marks    int       `json:"marks"`    // that were found in the log
}

// An UnsoundError says where the log is not what was written, for the first time from its beginning.
type UnsoundError struct {
	Seq   event.Seq // the first event that is not sound
	Sound event.Seq // the last one that is
	Err   error     // what is wrong with it
}

// Error names the event, what is wrong and the last sound one.
func (e *UnsoundError) Error() string {
	if e.Sound == 0 {
		return fmt.Sprintf("event %d: %v; none before it", e.Seq, e.Err)
	}
	return fmt.Sprintf("event %d: %v; event %d is the last that is sound", e.Seq, e.Err, e.Sound)
}

// Unwrap returns what is wrong.
func (e *UnsoundError) Unwrap() error { return e.Err }

// VerifyLog reads the whole log, its archive included, and proves that nothing in it was edited, removed, reordered, added
// or cut off: places are dense, hashes lead from each event to the next, over the seam between the archive and the rows
// and to the head's, and columns say what the envelopes say. Who can write to the database can make all of that anew; what they can not
// make is the marks, which must be found in the log. An *UnsoundError says what is wrong first. Events that are appended
// meanwhile do not matter.
func (s *Store) VerifyLog(ctx context.Context, marks ...Mark) (Verified, error) {
	end, err := s.head(ctx)
	if err != nil {
		return Verified{}, fmt.Errorf("store: head: %w", err)
	}
	v := verifier{s: s, end: end, hash: event.NoEvents(), last: map[string]event.Seq{}, marks: slices.Clone(marks)}
	slices.SortStableFunc(v.marks, func(a, b Mark) int { return cmp.Compare(a.Seq, b.Seq) })
	v.atEnd()
	if err = v.run(ctx); err == nil {
		err = v.ends(ctx)
	}
	var unsound *UnsoundError
	if err != nil && !errors.As(err, &unsound) {
		err = fmt.Errorf("store: verify: %w", err)
	}
	return v.done, err
}

// A verifier goes through the log.
type verifier struct {
	s       *Store
	end     head
	hash    []byte
	last    map[string]event.Seq // per stream
	endHash []byte               // hash and last where the head says that the log ends
	endLast map[string]event.Seq
	marks   []Mark // those to come
	done    Verified
}

func (v *verifier) unsound(format string, args ...any) error {
	return &UnsoundError{Seq: v.done.Seq + 1, Sound: v.done.Seq, Err: fmt.Errorf(format, args...)}
}

func (v *verifier) run(ctx context.Context) error {
	for v.done.Seq < v.end.seq {
		floor, err := v.s.floor(ctx)
		if err != nil {
			return err
		}
		if floor > v.done.Seq {
			err = v.file(ctx)
		} else if err = v.page(ctx); err != nil {
			// Rows that are gone may have been archived since.
			if now, again := v.s.floor(ctx); again == nil && now > v.done.Seq {
				err = nil
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file proves the file that goes on where the log is proven to.
func (v *verifier) file(ctx context.Context) error {
	file, ok, err := first(v.s.reader(ctx), v.s.scanArchived, selectArchived+" WHERE first > ? ORDER BY first LIMIT 1", int64(v.done.Seq))
	switch {
	case err != nil:
		return err
	case !ok || file.First != v.done.Seq+1:
		return v.unsound("no file of the archive begins with it")
	case !bytes.Equal(file.Base, v.hash):
		return v.unsound("the archive's %s does not go on from the event before", file.Name)
	}
	events, err := archive.Read(file.File)
	var bad *archive.Error
	if errors.As(err, &bad) {
		if err := v.takeAll(bad.Sound); err != nil {
			return err
		}
		return v.unsound("%w", err)
	}
	if err != nil {
		return err
	}
	if err := v.leftOver(ctx, file.File, events); err != nil {
		return err
	}
	if err := v.takeAll(events); err != nil {
		return err
	}
	v.done.Files++
	v.done.Archived = file.Last
	return nil
}

// leftOver proves that rows of archived events, which are there only until they are taken away, are what is in the file.
func (v *verifier) leftOver(ctx context.Context, file archive.File, events []event.Event) error {
	for after := file.First - 1; ; {
		list, err := collect(v.s.reader(ctx), scanSealed, selectSealed+" WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 1000", int64(after), int64(file.Last))
		if err != nil || len(list) == 0 {
			return err
		}
		for _, r := range list {
			after = r.Seq
			if e := events[r.Seq-file.First]; r.err != nil || !bytes.Equal(r.Hash, e.Hash) || !bytes.Equal(r.Envelope, e.Envelope) || r.differs() {
				return &UnsoundError{Seq: r.Seq, Sound: v.done.Seq, Err: fmt.Errorf("its row differs from the archive's %s", file.Name)}
			}
		}
	}
}

// page proves the next rows.
func (v *verifier) page(ctx context.Context) error {
	list, err := collect(v.s.reader(ctx), scanSealed, selectSealed+" WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 1000", int64(v.done.Seq), int64(v.end.seq))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return v.unsound("it and all later ones are missing")
	}
	for _, r := range list {
		switch {
		case r.Seq != v.done.Seq+1:
			return v.unsound("missing; the next one is %d", r.Seq)
		case r.err != nil:
			return v.unsound("its envelope is not one: %w", r.err)
		}
		if err := v.follows(r.Event); err != nil {
			return err
		}
		if r.differs() {
			return v.unsound("its columns differ from its envelope")
		}
		if err := v.take(r.Event); err != nil {
			return err
		}
	}
	return nil
}

// follows proves that the event is the next one.
func (v *verifier) follows(e event.Event) error {
	switch {
	case e.Predecessor != v.last[e.Stream]:
		return v.unsound("its predecessor in %s is %d, not %d", e.Stream, e.Predecessor, v.last[e.Stream])
	case !bytes.Equal(e.Link(v.hash), e.Hash):
		return v.unsound("its hash does not follow from its content and the event before")
	}
	return nil
}

func (v *verifier) takeAll(events []event.Event) error {
	for _, e := range events {
		if err := v.follows(e); err != nil {
			return err
		}
		if err := v.take(e); err != nil {
			return err
		}
	}
	return nil
}

// take goes on behind an event that follows, if it is what was noted.
func (v *verifier) take(e event.Event) error {
	for ; len(v.marks) > 0 && v.marks[0].Seq <= e.Seq; v.marks = v.marks[1:] {
		if m := v.marks[0]; m.Seq != e.Seq || !bytes.Equal(m.Hash, e.Hash) {
			return v.unsound("it, or what is before it, is not what was there when the head was noted (%s): the log was written anew", m.By)
		}
		v.done.Marks++
	}
	v.done.Seq, v.hash, v.last[e.Stream] = e.Seq, e.Hash, e.Seq
	v.done.Hash = e.Hash
	if e.Seq == v.end.seq {
		v.atEnd()
	}
	return nil
}

func (v *verifier) atEnd() { v.endHash, v.endLast = v.hash, maps.Clone(v.last) }

// ends proves that the log ends where its head says, and not before one that was noted.
func (v *verifier) ends(ctx context.Context) error {
	if len(v.marks) > 0 {
		m := v.marks[0]
		return v.unsound("it was there when event %d was the head (%s), and is not any more: the log was cut off", m.Seq, m.By)
	}
	if !bytes.Equal(v.endHash, v.end.hash) {
		return v.unsound("the head's hash is not that of the log, which ends before it")
	}
	for stream, seq := range v.end.last {
		if v.endLast[stream] != seq {
			return v.unsound("the head says that %s ends with event %d, and it ends with %d", stream, seq, v.endLast[stream])
		}
	}
	place := func(row scanner) (n int64, err error) { return n, row.Scan(&n) }
	beyond, some, err := first(v.s.reader(ctx), place, "SELECT seq FROM event WHERE seq > (SELECT seq FROM head) ORDER BY seq LIMIT 1")
	if err == nil && !some {
		beyond, some, err = first(v.s.reader(ctx), place, "SELECT seq FROM event WHERE seq < 1 ORDER BY seq LIMIT 1")
	}
	if err == nil && some {
		return v.unsound("a row has the place %d, which nothing was sealed for", beyond)
	}
	return err
}

const selectSealed = "SELECT seq, predecessor, hash, envelope, id, type, stream, subject, correlation, actor, severity, time FROM event"

// A sealed event with its columns, which must say the same.
type sealed struct {
	event.Event
	columns [7]string
	time    int64
	err     error // of the envelope
}

func scanSealed(row scanner) (r sealed, err error) {
	var seq, before event.Seq
	var hash, envelope []byte
	c := &r.columns
	if err := row.Scan(&seq, &before, &hash, &envelope, &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &r.time); err != nil {
		return r, err
	}
	r.Event, r.err = event.Parse(envelope)
	r.Seq, r.Predecessor, r.Hash = seq, before, hash
	return r, nil
}

func (r sealed) differs() bool {
	return r.columns != [7]string{string(r.ID), string(r.Type), r.Stream, r.Subject, r.Correlation, r.Actor, r.Severity} || r.time != toDB(r.Time)
}
