package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// clockSlack is how far clocks may have been set back without a time in a query missing an event.
const clockSlack = time.Hour

// rows returns the events that the query selects among the rows. Each query reads by an index, or in the log's order: what
// it takes grows with what it returns, and with how long it has to look for that by the most telling of its conditions.
func (s *Store) rows(ctx context.Context, q event.Query) ([]event.Event, error) {
	if err := s.places(ctx, &q); err != nil {
		return nil, err
	}
	cond, keys, err := s.keys(ctx, q)
	if err != nil {
		return nil, err
	}
	switch {
	case cond == "":
		text, args := eventQuery(q, "")
		return collect(s.reader(ctx), scanEvent, selectEvent+text, args...)
	case len(keys) == 1:
		text, args := eventQuery(q, cond, keys[0])
		return collect(s.reader(ctx), scanEvent, selectEvent+text, args...)
	}
	// By several keys the log's order is that of none of them: the first places of each, merged.
	var all []event.Seq
	for _, key := range keys {
		text, args := eventQuery(q, cond, key)
		list, err := collect(s.reader(ctx), scanSeq, "SELECT seq FROM event"+text, args...)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	order := func(a, b event.Seq) int { return cmp.Compare(a, b) }
	if q.Newest {
		order = func(a, b event.Seq) int { return cmp.Compare(b, a) }
	}
	slices.SortFunc(all, order)
	list, err := s.rowsAt(ctx, all[:min(len(all), q.Limit)])
	slices.SortFunc(list, func(a, b event.Event) int { return order(a.Seq, b.Seq) })
	return list, err
}

func scanSeq(row scanner) (seq event.Seq, err error) { return seq, row.Scan(&seq) }

// places narrows the query to the places that can have its times.
func (s *Store) places(ctx context.Context, q *event.Query) error {
	if q.Since.IsZero() && q.Until.IsZero() {
		return nil
	}
	end, err := s.head(ctx)
	if err != nil {
		return err
	}
	if !q.Since.IsZero() {
		after, err := s.placeOf(ctx, end.seq, q.Since.Add(-clockSlack))
		if err != nil {
			return err
		}
		q.After = max(q.After, after)
	}
	if !q.Until.IsZero() {
		last, err := s.placeOf(ctx, end.seq, q.Until.Add(clockSlack))
		if err != nil {
			return err
		}
		if q.Before == 0 || last+1 < q.Before {
			q.Before = last + 1
		}
	}
	return nil
}

// placeOf returns the last place before the rows of the given time and later, were they in the order of their times:
// which they are, but for clocks that were set. So it is found without reading the log.
func (s *Store) placeOf(ctx context.Context, end event.Seq, when time.Time) (event.Seq, error) {
	lo, hi := event.Seq(0), end
	for lo < hi {
		mid := lo + (hi-lo)/2
		at, ok, err := first(s.reader(ctx), func(row scanner) (t time.Time, err error) { return t, row.Scan(timeOf{&t}) },
			"SELECT time FROM event WHERE seq > ? ORDER BY seq LIMIT 1", int64(mid))
		if err != nil {
			return 0, err
		}
		if ok && at.Before(when) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, nil
}

// keys chooses the index to read by: the condition that leads into it, and the values to read it with, none if nothing
// can be selected. There is no condition for a query that is best answered in the log's order.
func (s *Store) keys(ctx context.Context, q event.Query) (cond string, keys []string, err error) {
	switch {
	case q.Correlation != "":
		return "correlation = ?", []string{q.Correlation}, nil
	case q.Subject != "":
		return "subject = ? AND subject <> ''", []string{q.Subject}, nil
	case q.Actor != "":
		return "actor = ? AND actor <> ''", []string{q.Actor}, nil
	case len(q.Types) > 0 && !slices.Contains(q.Types, ""):
		keys, err = s.typesOf(ctx, q.Types)
		return "type = ?", keys, err
	case q.Severities() != nil:
		return "severity = ? AND severity <> 'info'", q.Severities(), nil
	}
	return "", nil, nil
}

// typesOf returns the types in the log that the patterns mean, going through the index from type to type.
func (s *Store) typesOf(ctx context.Context, patterns []event.Type) ([]string, error) {
	const after = "SELECT type FROM event WHERE type > ? AND type < ? ORDER BY type LIMIT 1"
	const from = "SELECT type FROM event WHERE type >= ? AND type < ? ORDER BY type LIMIT 1"
	var list []string
	for _, p := range patterns {
		at, below := typeRange(p)
		for text := from; ; text = after {
			next, ok, err := first(s.reader(ctx), scanText, text, at, below)
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			if event.Type(next).Matches(string(p)) {
				list = append(list, next)
			}
			at = next
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// typeRange returns the bounds that all types of the pattern are in, the second exclusive: "/" comes right after ".".
func typeRange(p event.Type) (from, below string) {
	exact := strings.TrimSuffix(string(p), ".")
	return exact, exact + "/"
}

// eventQuery's text depends on which fields are set, with how many types, and never on their values, so that only so many
// are prepared.
func eventQuery(q event.Query, key string, value ...any) (string, []any) {
	where, args := []string{"seq > ?"}, []any{int64(q.After)}
	and := func(cond string, arg ...any) { where, args = append(where, cond), append(args, arg...) }
	if key != "" {
		and(key, value...)
	}
	if q.Before != 0 {
		and("seq < ?", int64(q.Before))
	}
	if q.Stream != "" {
		and("stream = ?", q.Stream)
	}
	if q.Subject != "" {
		and("subject = ?", q.Subject)
	}
	if q.Actor != "" {
		and("actor = ?", q.Actor)
	}
	if !q.Since.IsZero() {
		and("time >= ?", toDB(q.Since))
	}
	if !q.Until.IsZero() {
		and("time < ?", toDB(q.Until))
	}
	if list := q.Severities(); list != nil {
		var any []string
		for _, s := range list {
			any = append(any, "severity = ?")
			args = append(args, s)
		}
		where = append(where, "("+strings.Join(any, " OR ")+")")
	}
	if len(q.Types) > 0 && key != "type = ?" && !slices.Contains(q.Types, "") {
		var any []string
		for _, p := range q.Types {
			from, below := typeRange(p)
			any = append(any, "type = ? OR (type > ? AND type < ?)")
			args = append(args, from, from+".", below)
		}
		where = append(where, "("+strings.Join(any, " OR ")+")")
	}
	order := " ORDER BY seq LIMIT ?"
	if q.Newest {
		order = " ORDER BY seq DESC LIMIT ?"
	}
	return " WHERE " + strings.Join(where, " AND ") + order, append(args, q.Limit)
}
