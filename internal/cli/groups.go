package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
)

func newEventsGroups(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "groups",
		Short: "How far each consumer group has come, and who serves it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAudit(cmd, func(ctx context.Context, set *settings.Settings, st *store.Store) error {
				p, err := app.LookAtGroups(ctx, set, st)
				if err != nil {
					return err
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, p)
				}
				if err := printGroups(s.Out, p, time.Now()); err != nil {
					return err
				}
				if p.Trouble != "" {
					fmt.Fprintf(s.Err, "\n%s\nnext:  look whether Redis runs where bus.redis says: tenter config explain bus.redis\n", p.Trouble)
				}
				if slices.ContainsFunc(p.Groups, func(g app.GroupState) bool { return g.Dead > 0 }) {
					fmt.Fprintln(s.Err, "\nnext:  tenter events dead")
				}
				return nil
			})
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func printGroups(w io.Writer, p app.GroupsPicture, now time.Time) error {
	t := newTable("GROUP", "STREAMS", "LAG", "PENDING", "RETRY", "DEAD", "OLDEST", "AGE")
	for _, g := range p.Groups {
		oldest := "-"
		if g.Oldest > 0 {
			oldest = strconv.FormatUint(uint64(g.Oldest), 10)
		}
		t.add(g.Name, strings.Join(g.Streams, ","), strconv.Itoa(g.Pending+g.Retry), strconv.Itoa(g.Pending), strconv.Itoa(g.Retry), strconv.Itoa(g.Dead), oldest, age(now, g.OldestTime))
	}
	if err := t.print(w); err != nil {
		return err
	}
	consumers := newTable("GROUP", "CONSUMER", "STATE", "HAS", "IDLE")
	for _, g := range p.Groups {
		for _, c := range g.Consumers {
			consumers.add(g.Name, c.Name, c.State, strconv.FormatInt(c.Has, 10), age(now, now.Add(-c.Idle)))
		}
	}
	if len(consumers.rows) > 1 {
		fmt.Fprintln(w)
		if err := consumers.print(w); err != nil {
			return err
		}
	}
	if len(p.Streams) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	streams := newTable("STREAM", "ENTRIES", "ENDS", "LOG ENDS")
	for _, st := range p.Streams {
		streams.add(st.Name, strconv.FormatInt(st.Entries, 10), dash(st.Ends), strconv.FormatUint(uint64(st.LogEnds), 10))
	}
	return streams.print(w)
}
