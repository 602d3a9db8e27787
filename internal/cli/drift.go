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

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

func newDrift(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "drift", Short: "What changed on devices behind Tenter's back", Args: cobra.NoArgs}
	cmd.AddCommand(newDriftLs(s), completes(newDriftShow(s), deviceNames), completes(newDriftWatch(s), deviceNames), completes(newDriftRelease(s), deviceNames), completes(newDriftAdopt(s), deviceNames))
	return cmd
}

func newDriftLs(s Streams) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the open drift episodes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withReader(cmd, s, func(ctx context.Context, from display, st reader) error {
				list, err := from.episodes(ctx, st, all)
				if err != nil {
					return err
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, list)
				}
				if len(list) == 0 {
					_, err := fmt.Fprintln(s.Err, "no "+only(!all, "open ")+"drift")
					return err
				}
				t := newTable("EPISODE", "DEVICE", "MODE", "SEVERITY", "LEAVES", "STATE", "SINCE", "?PLAN", "/FIRST")
				for _, e := range list {
					t.add(e.ID, string(e.Device), e.Mode, dash(e.Severity), strconv.Itoa(e.Total), episodeState(e), age(from.now, e.Opened), dash(e.Plan), firstFinding(e.Findings))
				}
				return t.print(s.Out)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "closed episodes too")
	addAt(cmd)
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func (f display) episodes(ctx context.Context, st reader, all bool) ([]view.Episode, error) {
	if f.past == nil {
		return st.Episodes(ctx, view.EpisodeQuery{Open: !all})
	}
	list := f.past.EpisodeList()
	if !all {
		list = slices.DeleteFunc(list, func(e view.Episode) bool { return !e.Closed.IsZero() })
	}
	return list, nil
}

func episodeState(e view.Episode) string {
	switch {
	case e.Closed.IsZero() && e.Rule != "":
		return "held by " + e.Rule
	case e.Closed.IsZero():
		return "open"
	}
	return "closed by " + e.By
}

func firstFinding(fs []event.Finding) string {
	if len(fs) == 0 {
		return "-"
	}
	return fs[0].Class + " " + fs[0].Path
}

func newDriftShow(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show EPISODE|DEVICE",
		Short: "Show an episode (a device's newest): each leaf before and after",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLog(cmd, false, func(ctx context.Context, st reader) error {
				e, err := findEpisode(ctx, st, args[0])
				if err != nil {
					return hint(err, "tenter drift ls --all")
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, e)
				}
				return printEpisode(s.Out, e)
			})
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func findEpisode(ctx context.Context, st reader, name string) (view.Episode, error) {
	list, err := st.Episodes(ctx, view.EpisodeQuery{Device: intent.DeviceName(name), Limit: 1})
	if err != nil {
		return view.Episode{}, err
	}
	if len(list) == 1 {
		return list[0], nil
	}
	devices, err := st.Devices(ctx)
	if err != nil {
		return view.Episode{}, err
	}
	if slices.ContainsFunc(devices, func(d view.Device) bool { return string(d.Name) == name }) {
		return view.Episode{}, fmt.Errorf("device %q: no drift was seen on it", name)
	}
	return st.Episode(ctx, name)
}

func printEpisode(w io.Writer, e view.Episode) error {
	fmt.Fprintf(w, "episode  %s\ndevice   %s\nstate    %s\nmode     %s\nsince    %s\n", e.ID, e.Device, episodeState(e), e.Mode, e.Opened.Local().Format(time.RFC3339))
	if !e.Closed.IsZero() {
		fmt.Fprintf(w, "lasted   %s\n", e.Closed.Sub(e.Opened).Round(time.Millisecond))
	}
	if e.Plan != "" {
		fmt.Fprintf(w, "plan     %s\n", e.Plan)
	}
	if e.Severity != "" {
		fmt.Fprintf(w, "severity %s\n", e.Severity)
	}
	if e.Hand != "" {
		fmt.Fprintf(w, "hand     %s: %s\n", handText(e.Hand), e.HandDetail)
	}
	if e.Reason != "" {
		fmt.Fprintf(w, "reason   %s\n", e.Reason)
	}
	if e.Closed.IsZero() {
		printNext(w, e)
	}
	fmt.Fprintln(w)
	printFindings(w, e.Findings)
	if more := e.Total - len(e.Findings); more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
	return nil
}

// printNext says what an open episode waits for, where that is a person or a moment.
func printNext(w io.Writer, e view.Episode) {
	if !e.Grace.IsZero() {
		fmt.Fprintf(w, "grace    what drifted is new; it is only observed until %s\n", e.Grace.Local().Format(time.RFC3339))
	}
	next := ""
	switch {
	case e.Mode == string(fabric.DriftAdopt):
		next = "tenter drift adopt " + string(e.Device)
	case e.Rule == string(policy.Loop):
		next = fmt.Sprintf("tenter drift release %s --reason TEXT", e.Device)
	case e.Rule != "" && e.Plan != "":
		next = "tenter plan show " + e.Plan
	}
	if next != "" {
		fmt.Fprintf(w, "next     %s\n", next)
	}
}

// printFindings writes one block a leaf: what class it is, what was applied and what the device has.
func printFindings(w io.Writer, fs []event.Finding) {
	for _, f := range fs {
		fmt.Fprintf(w, "  %-10s %s%s\n", f.Class, f.Path, only(f.Mode != "", "  ("+f.Mode+")"))
		if f.Source != "" {
			fmt.Fprintf(w, "  %-10s   from %s\n", "", f.Source)
		}
		if f.Before != "" || f.After != "" {
			fmt.Fprintf(w, "  %-10s   %s -> %s\n", "", shown(f.Before), shown(f.After))
		}
	}
}

func shown(v string) string {
	if v == "" {
		return "(absent)"
	}
	return strconv.Quote(v)
}

func newDriftWatch(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "watch [DEVICE]",
		Short: "Print drift as it happens, until Ctrl-C",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLog(cmd, true, func(ctx context.Context, from reader) error {
				newest, err := from.Events(ctx, event.Query{Newest: true, Limit: 1})
				if err != nil {
					return err
				}
				q := event.Query{After: firstOf(newest).Seq, Types: []event.Type{"drift"}, Subject: strings.Join(args, "")}
				return followLog(ctx, from, q, func(e event.Event) (bool, error) {
					return false, printDrift(s.Out, e)
				})
			})
		},
	}
}
