package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// sayUnwatched says since when nobody watches the devices: a list of them looks the same, and is of the past.
func sayUnwatched(ctx context.Context, s Streams, st *store.Store) error {
	workers, err := st.Workers(ctx)
	if err != nil {
		return err
	}
	watches := func(roles []string) bool { return slices.Contains(roles, string(settings.RoleMonitor)) }
	var died time.Time
	for _, w := range workers {
		switch {
		case w.Operation != view.OperationServe || !watches(w.Roles):
		case w.Live():
			return nil
		case w.Expires.After(died):
			died = w.Expires
		}
	}
	if !died.IsZero() {
		return printUnwatched(s, died, "the last tenter serve did not end by itself")
	}
	const most = 100
	list, err := st.Events(ctx, event.Query{Types: []event.Type{event.TypeWorkerJoined, event.TypeWorkerLeft}, Newest: true, Limit: most})
	if err != nil {
		return err
	}
	for _, e := range list {
		w, err := event.Decode[event.Worker](e)
		if err == nil && watches(w.Roles) {
			if e.Type == event.TypeWorkerJoined { // it is becoming a worker right now
				return nil
			}
			return printUnwatched(s, e.Time, w.Reason)
		}
	}
	return nil
}

func printUnwatched(s Streams, since time.Time, why string) error {
	if why != "" {
		why = ": " + why
	}
	_, err := fmt.Fprintf(s.Err, "nobody watches these devices since %s (%s ago)%s; what is shown is how they were then\nnext:  tenter serve\n",
		since.Local().Format("2006-01-02 15:04:05"), age(time.Now(), since), why)
	return err
}
