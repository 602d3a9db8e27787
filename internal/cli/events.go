package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

func newEvents(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "events", Short: "The event log: what happened, when, where and why", Args: cobra.NoArgs}
	cmd.AddCommand(newEventsLs(s), newEventsShow(s), newEventsTail(s), newEventsReplay(s), newEventsArchive(s), newEventsGroups(s), newEventsDead(s), newEventsVerify(s), newEventsRebuild(s), newEventsSchema(s))
	return cmd
}

type tailFlags struct {
	follow      bool
	lines       int
	types       []string
	wanted      []event.Type // types, checked
	device      string
	correlation string
	since       time.Duration
	until       string
	timeout     time.Duration
}

func newEventsTail(s Streams) *cobra.Command {
	var f tailFlags
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Print events from the past, and live with --follow",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.wanted, err = eventTypes(f.types); err != nil {
				return err
			}
			return withLog(cmd, f.follow, func(ctx context.Context, from reader) error { return tail(ctx, from, f, s, output(cmd)) })
		},
	}
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "go on with new events until Ctrl-C")
	cmd.Flags().IntVarP(&f.lines, "lines", "n", 20, "how many events of the past")
	cmd.Flags().StringSliceVar(&f.types, "type", nil, "only these types or domains: drift, reconciler.apply_failed")
	cmd.Flags().StringVar(&f.device, "device", "", "only events of this device")
	cmd.Flags().StringVar(&f.correlation, "correlation", "", "only events of this episode, generation or command")
	cmd.Flags().DurationVar(&f.since, "since", 0, "only events younger than this")
	cmd.Flags().StringVar(&f.until, "until", "", "with --follow: end with exit 0 at the first event of this type or domain")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 0, "with --follow: end with an error after this time")
	addOutput(cmd, formatText, formatJSONL)
	return cmd
}

func tail(ctx context.Context, from reader, f tailFlags, s Streams, format string) error {
	newest, err := from.Events(ctx, event.Query{Newest: true, Limit: 1})
	if err != nil {
		return err
	}
	head := firstOf(newest).Seq
	q := event.Query{Before: head + 1, Types: f.wanted, Subject: f.device, Limit: f.lines, Newest: true}
	if q.Correlation, err = wholeCorrelation(ctx, from, f.correlation); err != nil {
		return err
	}
	if f.since > 0 {
		q.Since = time.Now().Add(-f.since)
	}
	done, shown := false, false
	show := func(e event.Event) (bool, error) {
		shown = true
		done = f.until != "" && e.Type.Matches(f.until)
		return done, printEvent(s.Out, e, format)
	}
	if f.lines > 0 {
		past, err := from.Events(ctx, q)
		if err != nil {
			return err
		}
		for i := len(past) - 1; i >= 0; i-- {
			if stop, err := show(past[i]); err != nil || stop && f.follow {
				return err
			}
		}
	}
	if !f.follow {
		if !shown && format == formatText {
			fmt.Fprintln(s.Err, "no such events in the log")
		}
		return nil
	}
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	q.After, q.Before, q.Newest, q.Limit, q.Since = head, 0, false, 0, time.Time{}
	if err := followLog(ctx, from, q, show); err != nil {
		return err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && f.until != "" && !done {
		return fmt.Errorf("no %s within %s", f.until, f.timeout)
	}
	return nil
}

// eventTypes checks that there are events of each type or domain: a filter with a slip in it would show nothing for ever.
func eventTypes(names []string) ([]event.Type, error) {
	var out []event.Type
	for _, name := range names {
		if !slices.ContainsFunc(event.Types(), func(t event.Type) bool { return t.Matches(name) }) {
			var domains []string
			for _, t := range event.Types() {
				domain, _, _ := strings.Cut(string(t), ".")
				domains = append(domains, domain)
			}
			return nil, hint(fmt.Errorf("event type %q: there is none; the domains are %s", name, strings.Join(slices.Compact(domains), ", ")), "tenter events tail --type drift")
		}
		out = append(out, event.Type(name))
	}
	return out, nil
}

// followLog is follow of whatever log is read.
func followLog(ctx context.Context, from reader, q event.Query, show func(event.Event) (stop bool, err error)) error {
	switch from := from.(type) {
	case remoteReader:
		return followRemote(ctx, from.c, q, show)
	case *store.Store:
		return follow(ctx, from, q, show)
	}
	return nil
}

// follow calls show with each event that q selects, past and future, until show says stop or ctx ends.
func follow(ctx context.Context, st *store.Store, q event.Query, show func(event.Event) (stop bool, err error)) error {
	for {
		head, _, err := st.Head(ctx)
		if err == nil {
			var list []event.Event
			for {
				if list, err = st.Events(ctx, q); err != nil {
					break
				}
				for _, e := range list {
					q.After = e.Seq
					if stop, err := show(e); err != nil || stop {
						return err
					}
				}
				if len(list) == 0 {
					break
				}
			}
		}
		if err == nil {
			q.After = max(q.After, head)
			err = st.Wait(ctx, q.After)
		}
		if ctx.Err() != nil {
			return nil // the user, or the timeout, ended it
		}
		if err != nil {
			return err
		}
	}
}

func printEvent(w io.Writer, e event.Event, format string) error {
	if format == formatJSONL {
		_, err := fmt.Fprintf(w, "%s\n", e.Envelope)
		return err
	}
	_, err := fmt.Fprintf(w, "%s %6d  %-26s  %-6s  %s  %s\n", e.Time.Local().Format("15:04:05.000"), e.Seq, e.Type, dash(e.Subject), short(e.Correlation), summary(e))
	return err
}

func printDrift(w io.Writer, e event.Event) error {
	if err := printEvent(w, e, formatText); err != nil {
		return err
	}
	var d event.Drift
	if err := json.Unmarshal(e.Data, &d); err == nil {
		printFindings(w, d.Findings)
	}
	return nil
}

func short(id string) string {
	if len(id) > app.CorrelationTail {
		return id[len(id)-app.CorrelationTail:]
	}
	return dash(id)
}
