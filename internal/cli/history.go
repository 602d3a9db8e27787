package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/event"
)

type historyFlags struct {
	types        []string
	device       string
	correlation  string
	actor        string
	severity     string
	since, until string
	limit        int
	cursor       string
	oldest       bool
}

func newEventsLs(s Streams) *cobra.Command {
	var f historyFlags
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List events of the past, the newest first, page by page",
		Example: "  tenter events ls --device leaf1 --type drift --since 2d\n" +
			"  tenter events ls --actor alice --severity warning --limit 20 --cursor CURSOR",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := f.query(time.Now())
			if err != nil {
				return err
			}
			return withLog(cmd, false, func(ctx context.Context, from reader) error {
				return listing{historyFlags: f, out: s, command: cmd.CommandPath(), format: output(cmd)}.run(ctx, from, q)
			})
		},
	}
	cmd.Flags().StringSliceVar(&f.types, "type", nil, "only these types or domains: drift, reconciler.apply_failed")
	cmd.Flags().StringVar(&f.device, "device", "", "only events of this device")
	cmd.Flags().StringVar(&f.correlation, "correlation", "", "only events of this episode, generation or command")
	cmd.Flags().StringVar(&f.actor, "actor", "", "only events that this person or program caused")
	cmd.Flags().StringVar(&f.severity, "severity", "", "only events as grave as this, or more: info, warning, error, critical")
	cmd.Flags().StringVar(&f.since, "since", "", "only from then on: a time (2026-11-21T14:00:00Z, '2026-11-21 14:00', 2h ago) or the number of an event")
	cmd.Flags().StringVar(&f.until, "until", "", "only before then, as --since")
	cmd.Flags().IntVarP(&f.limit, "limit", "n", 50, "how many at once")
	cmd.Flags().StringVar(&f.cursor, "cursor", "", "go on where the list before ended, which said this")
	cmd.Flags().BoolVar(&f.oldest, "oldest", false, "the oldest first")
	addOutput(cmd, formatText, formatJSON, formatJSONL)
	return cmd
}

// query checks the flags. The correlation is as it was given.
func (f historyFlags) query(now time.Time) (q event.Query, err error) {
	const most = 10_000
	if f.limit < 1 || f.limit > most {
		return q, hint(fmt.Errorf("--limit %d is not between 1 and %d", f.limit, most), "tenter events ls --limit 100, and --cursor for more")
	}
	q = event.Query{Subject: f.device, Correlation: f.correlation, Actor: f.actor, Severity: f.severity, Limit: f.limit, Newest: !f.oldest}
	if q.Types, err = eventTypes(f.types); err != nil {
		return q, err
	}
	if known := []string{event.SeverityInfo, event.SeverityWarning, event.SeverityError, event.SeverityCritical}; f.severity != "" && !slices.Contains(known, f.severity) {
		return q, hint(fmt.Errorf("--severity %q is none of %s", f.severity, strings.Join(known, ", ")), "tenter events ls --severity warning")
	}
	if f.since != "" {
		m, err := parseMoment(f.since, now)
		if err != nil {
			return q, hint(fmt.Errorf("--since %q: no time, no time ago and no number of an event", f.since), "tenter events ls --since 2h")
		}
		q.Since, q.After = m.time, max(m.seq, 1)-1
	}
	if f.until != "" {
		m, err := parseMoment(f.until, now)
		if err != nil {
			return q, hint(fmt.Errorf("--until %q: no time, no time ago and no number of an event", f.until), "tenter events ls --until '1h ago'")
		}
		q.Until, q.Before = m.time, m.seq
	}
	return q, nil
}

// A listing is one call of events ls.
type listing struct {
	historyFlags
	out             Streams
	command, format string
}

func (l listing) run(ctx context.Context, from reader, q event.Query) (err error) {
	if q.Correlation, err = wholeCorrelation(ctx, from, l.correlation); err != nil {
		return err
	}
	page := q
	if l.cursor != "" {
		if page, err = q.From(l.cursor); err != nil {
			return hint(fmt.Errorf("--%w: it goes with the flags of the list that said it", err), "%s, without --cursor, to begin anew", l.command)
		}
	}
	page.Limit++ // whether there are more
	list, err := from.Events(ctx, page)
	if err != nil {
		return hint(err, "tenter audit verify")
	}
	next := ""
	if len(list) > q.Limit {
		list = list[:q.Limit]
		next = q.Cursor(list[q.Limit-1].Seq)
	}
	if l.format == formatJSON {
		return printJSON(l.out.Out, struct {
			Events []entry `json:"events"`
			Next   string  `json:"next,omitempty"`
		}{entries(list), next})
	}
	if err := printEvents(l.out, list, l.format); err != nil {
		return err
	}
	switch {
	case next != "":
		fmt.Fprintf(l.out.Err, "more: the same with --cursor %s\n", next)
	case len(list) == 0 && l.cursor == "":
		fmt.Fprintln(l.out.Err, "no such events in the log")
	}
	return nil
}

func printEvents(s Streams, list []event.Event, format string) error {
	day := ""
	for _, e := range list {
		if on := e.Time.Local().Format("2006-01-02"); format == formatText && on != day {
			day = on
			if _, err := fmt.Fprintln(s.Out, day); err != nil {
				return err
			}
		}
		if err := printEvent(s.Out, e, format); err != nil {
			return err
		}
	}
	return nil
}

// An entry is an event with its place in the log.
type entry struct {
	Seq         event.Seq       `json:"seq"`
	Predecessor event.Seq       `json:"predecessor"`
	Hash        string          `json:"hash"`
	Event       json.RawMessage `json:"event"`
}

func entries(list []event.Event) []entry {
	out := make([]entry, len(list))
	for i, e := range list {
		out[i] = entry{e.Seq, e.Predecessor, fmt.Sprintf("%x", e.Hash), e.Envelope}
	}
	return out
}

var errNoEvent = errors.New("no such event in the log")
