package app

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
)

// StreamEvents is the stream of the log's events on the socket; ids are places in the log. Parameters: type, any number of
// types or domains, device and correlation.
const StreamEvents = "events"

// stream tells a client of every event that it wants after the one that it has, or from now on. The past comes from the log
// and what happens now from the bus within the process. A client too slow for that is paused and gets what it missed from
// the log: it never slows anybody, and misses nothing.
func (a *App) stream(ctx context.Context, f api.Following, out chan<- api.Told) error {
	q := event.Query{After: event.Seq(f.After), Subject: f.Query.Get("device"), Correlation: f.Query.Get("correlation"), Limit: 256}
	for _, t := range f.Query["type"] {
		if !slices.ContainsFunc(event.Types(), func(known event.Type) bool { return known.Matches(t) }) {
			return fmt.Errorf("event type %q: there is none", t)
		}
		q.Types = append(q.Types, event.Type(t))
	}
	live, missed := make(chan event.Event), make(chan struct{}, 1)
	h, err := local.Subscribe(a.local, local.Subscription{
		Name: "stream", Types: q.Types, Every: true, Paused: true,
		Full: local.DropNewest, // whatever is in the queue then comes before what is not: nothing overtakes what was missed
		Dropped: func(local.Drop) {
			select {
			case missed <- struct{}{}:
			default:
			}
		},
	}, func(ctx context.Context, e, _ event.Event) error {
		select {
		case live <- e:
		case <-ctx.Done():
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer h.Unsubscribe()
	if !f.Resumed {
		if q.After, _, err = a.store.Head(ctx); err != nil {
			return err
		}
	}
	select {
	case out <- api.Told{}: // it is connected
	case <-ctx.Done():
	}
	tell := func(e event.Event) {
		select {
		case out <- api.Told{ID: uint64(e.Seq), Type: string(e.Type), Data: bytes.TrimSpace(withoutLogins(e).Envelope)}:
			q.After = e.Seq
		case <-ctx.Done():
		}
	}
	for ctx.Err() == nil {
		h.Pause()
		for list := []event.Event{{}}; len(list) > 0 && ctx.Err() == nil; {
			list, err = a.store.Events(ctx, q)
			if ctx.Err() != nil {
				return nil // whoever listened has gone
			}
			if err != nil {
				return err
			}
			for _, e := range list {
				tell(e)
			}
		}
		h.Resume()
		for again := false; !again && ctx.Err() == nil; {
			select {
			case e := <-live:
				if again = len(missed) > 0; again { // e may be later than what was missed, and is in the log too
					<-missed
				} else if e.Seq > q.After && (q.Subject == "" || q.Subject == e.Subject) && (q.Correlation == "" || q.Correlation == e.Correlation) {
					tell(e)
				}
			case <-missed:
				again = true
			case <-ctx.Done():
			}
		}
	}
	return nil
}
