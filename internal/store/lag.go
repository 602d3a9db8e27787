package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// Lags returns what every group has still to handle of each of its streams, also where that is nothing.
func (s *Store) Lags(ctx context.Context) ([]view.Lag, error) {
	groups, err := collect(s.reader(ctx), func(row scanner) (list []view.Lag, err error) {
		var name string
		var text []byte
		var streams []string
		err = row.Scan(&name, &text)
		if err == nil {
			err = json.Unmarshal(text, &streams)
		}
		for _, stream := range streams {
			list = append(list, view.Lag{Group: name, Stream: stream})
		}
		return list, err
	}, "SELECT grp, streams FROM consumer ORDER BY grp")
	if err != nil {
		return nil, wrapGroup("", err)
	}
	waiting, err := collect(s.reader(ctx), func(row scanner) (l view.Lag, err error) {
		err = row.Scan(&l.Group, &l.Stream, &l.Pending, &l.Retry, &l.Dead, &l.Attempts, &l.Oldest)
		return l, err
	}, `SELECT grp, stream, count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'retry'),
		count(*) FILTER (WHERE state = 'dead'), coalesce(max(attempts) FILTER (WHERE state <> 'dead'), 0),
		coalesce(min(seq) FILTER (WHERE state <> 'dead'), 0) FROM delivery GROUP BY grp, stream`)
	if err != nil {
		return nil, wrapGroup("", err)
	}
	all := slices.Concat(groups...)
	var places []event.Seq
	for _, w := range waiting {
		i := slices.IndexFunc(all, func(l view.Lag) bool { return l.Group == w.Group && l.Stream == w.Stream })
		if i < 0 { // of a stream that the group does not want any more
			all = append(all, w)
		} else {
			all[i] = w
		}
		if w.Oldest != 0 {
			places = append(places, w.Oldest)
		}
	}
	if len(places) == 0 {
		return all, nil
	}
	slices.Sort(places)
	events, err := s.EventsAt(ctx, slices.Compact(places))
	if err != nil {
		return nil, fmt.Errorf("store: lag: %w", err)
	}
	for _, e := range events {
		for i := range all {
			if all[i].Oldest == e.Seq {
				all[i].Since = e.Time
			}
		}
	}
	return all, nil
}
