package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// mostRelated is how many events of one correlation a tree is made of.
const mostRelated = 1000

func newEventsShow(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show EVENT",
		Short: "Show one event whole, what caused it and what it caused",
		Long: "Show one event whole, what caused it and what it caused. EVENT is its number, or its id; by an id of version 5, which an event\n" +
			"has that a handler made, it is looked for from the newest on.",
		Example: "  tenter events show 4711",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, func(ctx context.Context, st *store.Store) error {
				e, err := findEvent(ctx, st, args[0])
				if err != nil {
					return hint(fmt.Errorf("event %q: %w", args[0], err), "tenter events ls")
				}
				related, err := st.Events(ctx, event.Query{Correlation: e.Correlation, Limit: mostRelated})
				if err != nil {
					return hint(err, "tenter audit verify")
				}
				t := newTree(e, related)
				if output(cmd) == formatJSON {
					return printJSON(s.Out, struct {
						entry
						Causes  []entry `json:"causes"`  // the first one first
						Effects []entry `json:"effects"` // of it and of its effects, in the log's order
					}{entries([]event.Event{e})[0], entries(t.causes()), entries(t.effects(e.ID))})
				}
				return showEvent(s.Out, e, t)
			})
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func findEvent(ctx context.Context, st *store.Store, name string) (event.Event, error) {
	if seq, err := strconv.ParseUint(strings.TrimPrefix(name, "#"), 10, 63); err == nil {
		list, err := st.EventsAt(ctx, []event.Seq{event.Seq(seq)})
		if err == nil && len(list) == 0 {
			err = errNoEvent
		}
		return firstOf(list), err
	}
	if uuid.Validate(name) != nil {
		return event.Event{}, errors.New("neither a number nor an id of an event")
	}
	e, ok, err := st.EventByID(ctx, event.ID(name))
	if err == nil && !ok {
		err = errNoEvent
	}
	return e, err
}

func showEvent(w io.Writer, e event.Event, t *tree) error {
	var out bytes.Buffer
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&out, "%-12s %s\n", name, value)
		}
	}
	line("event", fmt.Sprintf("%d, after %d in %s", e.Seq, e.Predecessor, e.Stream))
	line("type", string(e.Type))
	line("time", e.Time.Local().Format("2006-01-02 15:04:05.000000 -07:00"))
	line("device", e.Subject)
	line("severity", e.Severity)
	line("actor", strings.TrimSpace(e.Actor+only(e.ActorType != "", " ("+e.ActorType+")")))
	line("source", e.Source)
	line("fabric", e.Fabric)
	line("id", string(e.ID))
	line("correlation", e.Correlation)
	line("causation", string(e.Causation))
	line("trace", e.TraceParent)
	line("version", e.SchemaVersion)
	line("hash", fmt.Sprintf("%x", e.Hash))
	line("says", summary(e))
	out.WriteString("\ndata:\n  ")
	if err := json.Indent(&out, e.Data, "  ", "  "); err != nil {
		return fmt.Errorf("event %d: data: %w", e.Seq, err)
	}
	out.WriteString("\n\ncaused by, and causes:\n")
	t.print(&out)
	_, err := w.Write(out.Bytes())
	return err
}

// A tree is the events of one correlation by what caused them, around one of them.
type tree struct {
	of       event.Event
	byID     map[event.ID]event.Event
	children map[event.ID][]event.Event
	full     bool // there may be more
}

func newTree(e event.Event, related []event.Event) *tree {
	t := &tree{of: e, byID: map[event.ID]event.Event{e.ID: e}, children: map[event.ID][]event.Event{}, full: len(related) == mostRelated}
	for _, r := range related {
		if _, twice := t.byID[r.ID]; twice && r.Seq != e.Seq {
			continue // delivered again by hand: its effects have the ids of the first time
		}
		t.byID[r.ID] = r
		if r.Causation != "" && r.Causation != r.ID {
			t.children[r.Causation] = append(t.children[r.Causation], r)
		}
	}
	return t
}

// causes are what led to the event, the first one first.
func (t *tree) causes() []event.Event {
	var list []event.Event
	for e, ok := t.byID[t.of.Causation]; ok && len(list) < mostRelated; e, ok = t.byID[e.Causation] {
		list = append([]event.Event{e}, list...)
	}
	return list
}

// effects are what the event led to, and what that led to.
func (t *tree) effects(id event.ID) []event.Event {
	var list []event.Event
	t.walk(id, 0, func(_ int, e event.Event) { list = append(list, e) })
	return list
}

// walk goes through what an event led to. An effect is later than its cause, so that this ends, whatever ids say.
func (t *tree) walk(id event.ID, depth int, each func(depth int, e event.Event)) {
	for _, c := range t.children[id] {
		if c.Seq > t.byID[id].Seq {
			each(depth, c)
			t.walk(c.ID, depth+1, each)
		}
	}
}

func (t *tree) print(w io.Writer) {
	causes := t.causes()
	if len(causes) == 0 && t.of.Causation != "" {
		fmt.Fprintf(w, "  %s, of another correlation\n", t.of.Causation)
	}
	show := func(mark string, depth int, e event.Event) {
		fmt.Fprintf(w, "%s %s%d  %s  %s\n", mark, strings.Repeat("  ", depth), e.Seq, e.Type, phrases(e.Subject, summary(e)))
	}
	for i, e := range causes {
		show(" ", i, e)
	}
	show(">", len(causes), t.of)
	t.walk(t.of.ID, len(causes)+1, func(depth int, e event.Event) { show(" ", depth, e) })
	if t.full {
		fmt.Fprintf(w, "  … of the first %d events of this correlation\n", mostRelated)
	}
}
