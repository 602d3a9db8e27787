package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/rebuild"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// addAt adds --at to a list that the log can tell for the past, too.
func addAt(cmd *cobra.Command) {
	cmd.Flags().String("at", "", "as of then: a time (2026-11-21T14:00:00Z, '2026-11-21 14:00', 2h ago) or the number of an event")
}

// A display is what a list is made from: the store as it is, or what the log tells of the past.
type display struct {
	now  time.Time   // by which ages are told
	past *view.State // nil for the present
}

// at returns what is to be shown, and says as of what if that is the past.
func at(ctx context.Context, cmd *cobra.Command, s Streams, st *store.Store) (display, error) {
	now := time.Now()
	text, err := cmd.Flags().GetString("at")
	if err != nil || !cmd.Flags().Changed("at") {
		return display{now: now}, err
	}
	m, err := parseMoment(text, now)
	if err != nil {
		return display{}, hint(err, "%s --at '2h ago'", cmd.CommandPath())
	}
	e, err := m.find(ctx, st, now)
	if err != nil {
		return display{}, hint(err, "tenter events tail")
	}
	state, err := rebuild.At(ctx, st, e.Seq)
	var untold *rebuild.UntoldError
	switch {
	case errors.As(err, &untold) && untold.Since == 0:
		return display{}, hint(fmt.Errorf("--at %s: %w", text, err), "tenter serve, which takes a snapshot when it begins")
	case errors.As(err, &untold):
		return display{}, hint(fmt.Errorf("--at %s: %w", text, err), "%s --at %d", cmd.CommandPath(), untold.Since)
	case err != nil:
		return display{}, hint(fmt.Errorf("--at %s: %w", text, err), "tenter audit verify")
	}
	when := e.Time
	if !m.time.IsZero() {
		when = m.time
	}
	fmt.Fprintf(s.Err, "as of %s: after event %d, %s, %s\n", when.Local().Format("2006-01-02 15:04:05"), e.Seq, e.Type, e.Time.Local().Format("2006-01-02 15:04:05.000"))
	return display{now: when, past: state}, nil
}

// A moment is a place in the log: an event, or a time.
type moment struct {
	seq  event.Seq
	time time.Time
}

var (
	agoPattern  = regexp.MustCompile(`^(\d+)\s*d(?:ays?)?$`)
	timeLayouts = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"}
)

// noMoment is what is wrong with a text that parseMoment does not take.
const noMoment = "no time (2026-11-21T14:00:00Z, '2026-11-21 14:00'), no time ago (90m, 2h, 3d) and no number of an event"

// parseMoment reads what people write for a moment. A time without a zone is in the local one.
func parseMoment(text string, now time.Time) (moment, error) {
	text = strings.TrimSpace(text)
	if seq, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 10, 63); err == nil {
		return moment{seq: event.Seq(seq)}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return moment{time: t}, nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return moment{time: t}, nil
		}
	}
	ago := strings.TrimSpace(strings.TrimSuffix(text, "ago"))
	if m := agoPattern.FindStringSubmatch(ago); m != nil {
		if days, err := strconv.Atoi(m[1]); err == nil && days < 100_000 {
			return moment{time: now.AddDate(0, 0, -days)}, nil
		}
	}
	if d, err := time.ParseDuration(strings.ReplaceAll(ago, " ", "")); err == nil && d >= 0 {
		return moment{time: now.Add(-d)}, nil
	}
	return moment{}, fmt.Errorf("--at %q: %s", text, noMoment)
}

// find returns the last event that is not after the moment.
func (m moment) find(ctx context.Context, st *store.Store, now time.Time) (event.Event, error) {
	head, _, err := st.Head(ctx)
	if err != nil {
		return event.Event{}, err
	}
	if head == 0 {
		return event.Event{}, errors.New("the log has no event yet")
	}
	if m.time.IsZero() {
		if m.seq == 0 || m.seq > head {
			return event.Event{}, fmt.Errorf("there is no event %d: the log has 1 to %d", m.seq, head)
		}
		list, err := st.EventsAt(ctx, []event.Seq{m.seq})
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("event %d is not in the log", m.seq)
		}
		if err != nil {
			return event.Event{}, err
		}
		return list[0], nil
	}
	if m.time.After(now) {
		return event.Event{}, fmt.Errorf("%s is in the future: it is %s", m.time.Local().Format(time.RFC3339), now.Local().Format(time.RFC3339))
	}
	list, err := st.Events(ctx, event.Query{Until: m.time.Add(1), Newest: true, Limit: 1})
	if err != nil || len(list) == 1 {
		return firstOf(list), err
	}
	list, err = st.Events(ctx, event.Query{Limit: 1})
	if err != nil || len(list) == 0 {
		return event.Event{}, err
	}
	return event.Event{}, fmt.Errorf("%s is before the first event, which was at %s", m.time.Local().Format(time.RFC3339), list[0].Time.Local().Format(time.RFC3339))
}

func firstOf(list []event.Event) event.Event {
	if len(list) == 0 {
		return event.Event{}
	}
	return list[0]
}
