package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func newEventsDead(s Streams) *cobra.Command {
	cmd := newDeadLs(s)
	cmd.Use = "dead"
	cmd.AddCommand(newDeadLs(s), newDeadShow(s), newDeadRequeue(s), newDeadDrop(s))
	return cmd
}

// A deadRow is one thing that was given up on, as JSON has it.
type deadRow struct {
	Group    string    `json:"group"`
	Stream   string    `json:"stream"`
	Seq      event.Seq `json:"seq,omitempty"`
	Entry    string    `json:"entry,omitempty"` // of a forged entry, which is no event
	Device   string    `json:"device,omitempty"`
	Attempts int       `json:"attempts,omitempty"`
	Error    string    `json:"error"`
}

func newDeadLs(s Streams) *cobra.Command {
	var group, matching string
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List what groups gave up on, and forged entries, with the reason",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, st *store.Store) error {
				rows, err := deadRows(ctx, st, group, matching)
				if err != nil {
					return err
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, rows)
				}
				if len(rows) == 0 {
					fmt.Fprintln(s.Err, "nothing is dead")
					return nil
				}
				t := newTable("GROUP", "STREAM", "ENTRY", "DEVICE", "ATTEMPTS", "ERROR")
				given := false
				for _, r := range rows {
					entry, attempts := r.Entry, "-"
					if r.Entry == "" {
						entry, attempts, given = strconv.FormatUint(uint64(r.Seq), 10), strconv.Itoa(r.Attempts), true
					}
					t.add(r.Group, r.Stream, entry, dash(r.Device), attempts, r.Error)
				}
				if err := t.print(s.Out); err != nil {
					return err
				}
				if given {
					fmt.Fprintln(s.Err, "\nnext:  tenter events dead show GROUP ENTRY\n       tenter events dead requeue GROUP ENTRY")
				}
				return nil
			})
		},
	}
	deadFilter(cmd, &group, &matching)
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func deadFilter(cmd *cobra.Command, group, matching *string) {
	cmd.Flags().StringVar(group, "group", "", "only what this group gave up on")
	cmd.Flags().StringVar(matching, "matching", "", "only where the error has this text in it")
}

// deadRows are the deliveries that groups gave up on, and the entries on Redis that no event of the log stands behind: nobody's
// delivery, but told of in the log.
func deadRows(ctx context.Context, st *store.Store, group, matching string) ([]deadRow, error) {
	list, err := st.DeadDeliveries(ctx)
	if err != nil {
		return nil, err
	}
	rows := []deadRow{}
	for _, d := range list {
		rows = append(rows, deadRow{Group: d.Group, Stream: d.Stream, Seq: d.Seq, Device: d.Subject, Attempts: d.Attempts, Error: d.Error})
	}
	const most = 1000
	told, err := st.Events(ctx, event.Query{Types: []event.Type{event.TypeDeadLettered}, Newest: true, Limit: most})
	if err != nil {
		return nil, err
	}
	for _, e := range slices.Backward(told) {
		var d event.DeadLettered
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return nil, fmt.Errorf("event %d: %w", e.Seq, err)
		}
		if d.Entry != "" {
			rows = append(rows, deadRow{Group: d.Group, Stream: d.Stream, Entry: d.Entry, Error: d.Reason})
		}
	}
	if group != "" && !slices.ContainsFunc(rows, func(r deadRow) bool { return r.Group == group }) {
		if err := knownGroup(ctx, st, group); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(rows, func(r deadRow) bool {
		return group != "" && r.Group != group || !strings.Contains(r.Error, matching)
	}), nil
}

// knownGroup tells a group that gave up on nothing from one that there is not, which is most often a slip.
func knownGroup(ctx context.Context, st *store.Store, group string) error {
	lags, err := st.Lags(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, l := range lags {
		if l.Group == group {
			return nil
		}
		names = append(names, l.Group)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return hint(fmt.Errorf("group %q: there is no group yet", group), "tenter serve, whose roles are the groups")
	}
	return hint(fmt.Errorf("group %q: there is none; there are %s", group, strings.Join(names, ", ")), "tenter events groups")
}

func newDeadShow(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show GROUP ENTRY",
		Short:   "Show an event that a group gave up on, why, and what can be done",
		Example: "  tenter events dead show notify 4711",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			seq, err := deadSeq(args[1])
			if err != nil {
				return err
			}
			return withStore(cmd, func(ctx context.Context, st *store.Store) error {
				list, err := st.DeadDeliveries(ctx)
				if err != nil {
					return err
				}
				i := slices.IndexFunc(list, func(d view.Delivery) bool { return d.Group == args[0] && d.Seq == seq })
				if i < 0 {
					return notDead(args[0], seq)
				}
				events, err := st.EventsAt(ctx, []event.Seq{seq})
				if err != nil {
					return err
				}
				if len(events) == 0 {
					return fmt.Errorf("event %d: the log does not have it any more", seq)
				}
				if output(cmd) == formatJSON {
					d := list[i]
					return printJSON(s.Out, struct {
						deadRow
						Event json.RawMessage `json:"event"`
					}{deadRow{Group: d.Group, Stream: d.Stream, Seq: d.Seq, Device: d.Subject, Attempts: d.Attempts, Error: d.Error}, events[0].Envelope})
				}
				return printDead(s.Out, list[i], events[0])
			})
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func printDead(w io.Writer, d view.Delivery, e event.Event) error {
	_, err := fmt.Fprintf(w, "group     %s\nattempts  %d\nerror     %s\n\nevent     %d %s, %s\ndevice    %s\nid        %s\ntime      %s\ndata      %s\n\n"+
		"next:  tenter events dead requeue %s %d                what was wrong is put right: try again\n"+
		"       tenter events dead drop %[1]s %[2]d --reason TEXT  it need not be handled any more\n"+
		"       tenter events show %[2]d                         what caused it, and what it caused\n",
		d.Group, d.Attempts, d.Error, d.Seq, e.Type, summary(e), dash(e.Subject), e.ID, e.Time.Local().Format(time.RFC3339), e.Data, d.Group, d.Seq)
	return err
}

func newDeadRequeue(s Streams) *cobra.Command {
	var req app.DeadRequest
	cmd := &cobra.Command{
		Use:     "requeue GROUP ENTRY | --all",
		Short:   "Let groups try events again that they gave up on",
		Example: "  tenter events dead\n  tenter events dead requeue notify 4711\n  tenter events dead requeue --all --group notify --matching 'connection refused'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return resolveDead(cmd, args, req, func(n int) error {
				_, err := fmt.Fprintf(s.Err, "%s given back; tried again when tenter serve runs\n", counted(n, "event"))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&req.All, "all", false, "all that --group and --matching let through")
	deadFilter(cmd, &req.Group, &req.Matching)
	return cmd
}

func newDeadDrop(s Streams) *cobra.Command {
	req := app.DeadRequest{Drop: true}
	cmd := &cobra.Command{
		Use:     "drop GROUP ENTRY --reason TEXT | --all --reason TEXT",
		Short:   "Give events up for good; the log keeps them, and by whom",
		Example: "  tenter events dead drop notify 4711 --reason 'the receiver is gone'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if req.Reason == "" {
				return hint(errors.New("dropping needs --reason"), "tenter events dead drop GROUP ENTRY --reason 'the receiver is gone'")
			}
			return resolveDead(cmd, args, req, func(n int) error {
				_, err := fmt.Fprintf(s.Err, "%s dropped\n", counted(n, "event"))
				return err
			})
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for those who wonder")
	cmd.Flags().BoolVar(&req.All, "all", false, "all that --group and --matching let through")
	deadFilter(cmd, &req.Group, &req.Matching)
	return cmd
}

// resolveDead does what was asked with the one that the arguments name, or with all.
func resolveDead(cmd *cobra.Command, args []string, req app.DeadRequest, done func(n int) error) (err error) {
	switch {
	case req.All && len(args) == 0:
	case !req.All && len(args) == 2 && req.Group == "" && req.Matching == "":
		req.Group = args[0]
		if req.Seq, err = deadSeq(args[1]); err != nil {
			return err
		}
	default:
		return hint(errors.New("name a group and an entry, or --all with --group and --matching"), "tenter events dead")
	}
	return withOperator(cmd, func(ctx context.Context, o *operator) error {
		if req.All && req.Group != "" && o.store != nil {
			if _, err := deadRows(ctx, o.store, req.Group, ""); err != nil {
				return err
			}
		}
		reply, err := call(ctx, o, app.OpDead, (*app.App).Dead, req)
		if err == nil && reply.Count == 0 && !req.All {
			return notDead(req.Group, req.Seq)
		}
		if err != nil {
			return hint(err, "tenter events dead")
		}
		return done(reply.Count)
	})
}

func deadSeq(text string) (event.Seq, error) {
	seq, err := strconv.ParseUint(text, 10, 63)
	if err != nil || seq == 0 {
		return 0, hint(fmt.Errorf("entry %q is no number of an event", text), "tenter events dead")
	}
	return event.Seq(seq), nil
}

func notDead(group string, seq event.Seq) error {
	return hint(fmt.Errorf("event %d is not dead for group %q", seq, group), "tenter events dead")
}
