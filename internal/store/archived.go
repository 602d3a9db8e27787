package store

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store/archive"
)

// archiveName is the directory of the archive within the store's, unless the options name another.
const archiveName = "archive"

// An archived row is one file of the archive.
type archived struct {
	archive.File
	oldest, newest time.Time // of its events
}

const selectArchived = "SELECT first, last, name, base, hash, oldest, newest FROM archive"

func (s *Store) scanArchived(row scanner) (a archived, err error) {
	a.Dir = s.opts.Archive
	err = row.Scan(&a.First, &a.Last, &a.Name, &a.Base, &a.Hash, timeOf{&a.oldest}, timeOf{&a.newest})
	return a, err
}

// floor is the last event that is in the archive, 0 when there is none. Rows up to there are no more than what is not taken
// away yet.
func (s *Store) floor(ctx context.Context) (event.Seq, error) { return floorOf(s.reader(ctx)) }

func floorOf(q querier) (event.Seq, error) {
	last, _, err := first(q, scanSeq, "SELECT last FROM archive ORDER BY first DESC LIMIT 1")
	return last, err
}

// files are the files that were read last. Whoever goes through the archive asks for the same file many times in a row.
type files struct {
	mu   sync.Mutex
	list []loaded // the newest first
}

type loaded struct {
	file   archive.File
	events []event.Event
}

const filesKept = 2

// load returns the file's events. Two who ask for the same one at once wait for one reading.
func (f *files) load(file archive.File) ([]event.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	same := func(l loaded) bool { return l.file.Name == file.Name && string(l.file.Hash) == string(file.Hash) }
	if i := slices.IndexFunc(f.list, same); i >= 0 {
		return f.list[i].events, nil
	}
	events, err := archive.Read(file)
	if err != nil {
		return nil, err
	}
	f.list = slices.Insert(f.list[:min(len(f.list), filesKept-1)], 0, loaded{file, events})
	return events, nil
}

// archived returns the events that the query selects among those of the archive, in its order.
func (s *Store) archived(ctx context.Context, q event.Query, floor event.Seq) (list []event.Event, err error) {
	from, to := q.After+1, floor
	if q.Before != 0 {
		to = min(to, q.Before-1)
	}
	for from <= to && len(list) < q.Limit {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		file, ok, err := s.nextArchived(ctx, q, from, to)
		if err != nil || !ok {
			return list, err
		}
		events, err := s.files.load(file.File)
		if err != nil {
			return nil, err
		}
		for i := range events {
			e := events[i]
			if q.Newest {
				e = events[len(events)-1-i]
			}
			if q.Selects(e) && len(list) < q.Limit {
				list = append(list, e)
			}
		}
		if q.Newest {
			to = file.First - 1
		} else {
			from = file.Last + 1
		}
	}
	return list, nil
}

// nextArchived returns the first file, or the last one if the newest are asked for, that has some of these places and may
// have the query's times.
func (s *Store) nextArchived(ctx context.Context, q event.Query, from, to event.Seq) (archived, bool, error) {
	// The one that from is in begins before it, and of those that do it is the last.
	begin, _, err := first(s.reader(ctx), scanSeq, "SELECT first FROM archive WHERE first <= ? ORDER BY first DESC LIMIT 1", int64(from))
	if err != nil {
		return archived{}, false, err
	}
	text, args := " WHERE first >= ? AND first <= ?", []any{int64(begin), int64(to)}
	if !q.Since.IsZero() {
		text, args = text+" AND newest >= ?", append(args, toDB(q.Since))
	}
	if !q.Until.IsZero() {
		text, args = text+" AND oldest < ?", append(args, toDB(q.Until))
	}
	text += " ORDER BY first"
	if q.Newest {
		text += " DESC"
	}
	return first(s.reader(ctx), s.scanArchived, selectArchived+text+" LIMIT 1", args...)
}

// archivedAt adds to the events found those of the places asked for that are in the archive.
func (s *Store) archivedAt(ctx context.Context, found []event.Event, asked []event.Seq) ([]event.Event, error) {
	floor, err := s.floor(ctx)
	if err != nil {
		return nil, err
	}
	have := map[event.Seq]bool{}
	for _, e := range found {
		have[e.Seq] = true
	}
	asked = slices.DeleteFunc(slices.Clone(asked), func(seq event.Seq) bool { return seq == 0 || seq > floor || have[seq] })
	slices.Sort(asked)
	for _, seq := range slices.Compact(asked) {
		file, ok, err := s.nextArchived(ctx, event.Query{}, seq, seq)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		events, err := s.files.load(file.File)
		if err != nil {
			return nil, err
		}
		if i, ok := slices.BinarySearchFunc(events, seq, func(e event.Event, seq event.Seq) int { return cmp.Compare(e.Seq, seq) }); ok {
			found = append(found, events[i])
		}
	}
	return found, nil
}
