package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

func (s *Store) head(ctx context.Context) (head, error) {
	h, _, err := first(s.reader(ctx), scanHead, selectHead)
	return h, err
}

// Head returns the last event's seq, 0 for an empty log, and the hash that the whole log adds up to.
func (s *Store) Head(ctx context.Context) (event.Seq, []byte, error) {
	h, err := s.head(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("store: head: %w", err)
	}
	return h.seq, h.hash, nil
}

// Last returns the last event of the stream, 0 when it has none.
func (s *Store) Last(ctx context.Context, stream string) (event.Seq, error) {
	h, err := s.head(ctx)
	if err != nil {
		return 0, fmt.Errorf("store: head: %w", err)
	}
	return h.last[stream], nil
}

const selectEvent = "SELECT seq, predecessor, hash, envelope FROM event"

func scanEvent(row scanner) (event.Event, error) {
	var seq, before event.Seq
	var hash, envelope []byte
	if err := row.Scan(&seq, &before, &hash, &envelope); err != nil {
		return event.Event{}, err
	}
	e, err := event.Parse(envelope)
	if err != nil {
		return event.Event{}, fmt.Errorf("seq %d: %w", seq, err)
	}
	e.Seq, e.Predecessor, e.Hash = seq, before, hash
	return e, nil
}

// Events returns the events that the query selects, oldest first unless it says otherwise.
func (s *Store) Events(ctx context.Context, q event.Query) ([]event.Event, error) {
	end, _ := s.grown.get()
	if list := s.recent.after(q, end); len(list) > 0 {
		return list, nil
	}
	after, err := s.before(ctx, q.Since)
	if err != nil {
		return nil, fmt.Errorf("store: events: %w", err)
	}
	q.After = max(q.After, after)
	text, args, err := eventQuery(q)
	if err != nil {
		return nil, fmt.Errorf("store: events: %w", err)
	}
	list, err := collect(s.reader(ctx), scanEvent, text, args...)
	if err != nil {
		return nil, fmt.Errorf("store: events: %w", err)
	}
	return list, nil
}

// clockSlack is how far clocks may have been set back without Since missing an event.
const clockSlack = time.Hour

// before returns a place in the log that no event since the given time is at or before. Events have their times in the
// log's order, but for clocks that were set: so it is found without reading the log.
func (s *Store) before(ctx context.Context, since time.Time) (event.Seq, error) {
	if since.IsZero() {
		return 0, nil
	}
	end, err := s.head(ctx)
	if err != nil {
		return 0, err
	}
	since = since.Add(-clockSlack)
	lo, hi := event.Seq(0), end.seq
	for lo < hi {
		mid := lo + (hi-lo)/2
		at, _, err := first(s.reader(ctx), func(row scanner) (t time.Time, err error) { return t, row.Scan(timeOf{&t}) },
			"SELECT time FROM event WHERE seq > ? ORDER BY seq LIMIT 1", int64(mid))
		if err != nil {
			return 0, err
		}
		if at.Before(since) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, nil
}

// eventQuery's text depends on which fields are set and never on their values, so that only so many are prepared.
func eventQuery(q event.Query) (string, []any, error) {
	where, args := []string{"seq > ?"}, []any{int64(q.After)}
	and := func(cond string, arg ...any) { where, args = append(where, cond), append(args, arg...) }
	if q.Before != 0 {
		and("seq < ?", int64(q.Before))
	}
	if q.Stream != "" {
		and("stream = ?", q.Stream)
	}
	if q.Subject != "" {
		and("subject = ? AND subject <> ''", q.Subject)
	}
	if q.Correlation != "" {
		and("correlation = ?", q.Correlation)
	}
	if !q.Since.IsZero() {
		and("time >= ?", toDB(q.Since))
	}
	if len(q.Types) > 0 {
		var list []string
		for _, p := range q.Types {
			list = append(list, strings.TrimSuffix(string(p), "."))
		}
		text, err := json.Marshal(list)
		if err != nil {
			return "", nil, err
		}
		and("EXISTS (SELECT 1 FROM json_each(?) p WHERE p.value IN ('', event.type) OR substr(event.type, 1, length(p.value) + 1) = p.value || '.')", string(text))
	}
	order := "seq"
	if q.Newest {
		order = "seq DESC"
	}
	return selectEvent + " WHERE " + strings.Join(where, " AND ") + " ORDER BY " + order + " LIMIT ?", append(args, limitOr100(q.Limit)), nil
}

// EventsAt returns the events with these places in the log, in its order; those that the log does not have are missing.
func (s *Store) EventsAt(ctx context.Context, seqs []event.Seq) ([]event.Event, error) {
	const chunk = 32 // the text is the same for every call, with 0 for what is not asked
	list, seqs := s.recent.at(seqs)
	for len(seqs) > 0 {
		args := make([]any, chunk)
		for i := range args {
			args[i] = int64(0)
			if i < len(seqs) {
				args[i] = int64(seqs[i])
			}
		}
		seqs = seqs[min(chunk, len(seqs)):]
		part, err := collect(s.reader(ctx), scanEvent, selectEvent+" WHERE seq IN (?"+strings.Repeat(", ?", chunk-1)+")", args...)
		if err != nil {
			return nil, fmt.Errorf("store: events: %w", err)
		}
		list = append(list, part...)
	}
	slices.SortFunc(list, func(a, b event.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return list, nil
}

// VerifyLog reads the whole log and proves that nothing in it was edited, removed, reordered or cut off: places are
// dense, hashes add up to the head's, columns say what the envelopes say. It returns how far the log is sound.
func (s *Store) VerifyLog(ctx context.Context) (event.Seq, error) {
	end, err := s.head(ctx)
	if err != nil {
		return 0, fmt.Errorf("store: head: %w", err)
	}
	hash, last := make([]byte, 32), map[string]event.Seq{}
	var sound event.Seq
	for sound < end.seq {
		list, err := collect(s.reader(ctx), scanSealed, selectSealed+" WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 1000", int64(sound), int64(end.seq))
		if err != nil {
			return sound, fmt.Errorf("store: event after %d: %w", sound, err)
		}
		if len(list) == 0 {
			return sound, fmt.Errorf("store: event %d and all later ones are missing", sound+1)
		}
		for _, e := range list {
			if err := e.sound(sound+1, last[e.Stream], hash); err != nil {
				return sound, fmt.Errorf("store: event %d: %w", sound+1, err)
			}
			sound, hash, last[e.Stream] = e.Seq, e.Hash, e.Seq
		}
	}
	if !bytes.Equal(hash, end.hash) {
		return sound, fmt.Errorf("store: the log's hash is not the head's")
	}
	return sound, nil
}

const selectSealed = "SELECT seq, predecessor, hash, envelope, id, type, stream, time, subject, correlation FROM event"

// A sealed event with its columns, which must say the same.
type sealed struct {
	event.Event
	columns [5]string
	time    int64
}

func scanSealed(row scanner) (r sealed, err error) {
	var seq, before event.Seq
	var hash, envelope []byte
	if err := row.Scan(&seq, &before, &hash, &envelope, &r.columns[0], &r.columns[1], &r.columns[2], &r.time, &r.columns[3], &r.columns[4]); err != nil {
		return r, err
	}
	if r.Event, err = event.Parse(envelope); err != nil {
		return r, err
	}
	r.Seq, r.Predecessor, r.Hash = seq, before, hash
	return r, nil
}

func (r sealed) sound(seq, before event.Seq, hash []byte) error {
	switch {
	case r.Seq != seq:
		return fmt.Errorf("missing; the next one is %d", r.Seq)
	case r.Predecessor != before:
		return fmt.Errorf("its predecessor in %s is %d, not %d", r.Stream, before, r.Predecessor)
	case !bytes.Equal(link(hash, r.Event), r.Hash):
		return fmt.Errorf("its hash does not follow from its content and the event before")
	case r.columns != [5]string{string(r.ID), string(r.Type), r.Stream, r.Subject, r.Correlation} || r.time != toDB(r.Time):
		return fmt.Errorf("its columns differ from its envelope")
	}
	return nil
}
