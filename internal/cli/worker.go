package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func newWorker(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "worker", Short: "Processes: which are at work, and the devices of each", Args: cobra.NoArgs}
	cmd.AddCommand(newWorkerLs(s))
	return cmd
}

// A workerRow is one worker with what it has.
type workerRow struct {
	view.Worker
	Writes  []intent.DeviceName `json:"writes"`
	Watches []intent.DeviceName `json:"watches"`
	Leads   []string            `json:"leads"` // what it does for all
}

func newWorkerLs(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the processes over the store with their roles and devices",
		Long: "List the processes that are at work over the store: since when, how long each will count as being there unless it renews,\n" +
			"and which devices it writes to and watches. One that died is listed until another one has noticed.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, st *store.Store) error {
				rows, err := workerRows(ctx, st)
				if err != nil {
					return err
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, rows)
				}
				if len(rows) == 0 {
					_, err := fmt.Fprintln(s.Err, "nobody is at work; see: tenter serve")
					return err
				}
				t := newTable("WORKER", "DOES", "ROLES", "FOR", "LEASE LEFT", "WRITES", "WATCHES", "?LEADS")
				for _, w := range rows {
					left := w.Left.Round(100 * time.Millisecond).String()
					if !w.Live() {
						left = "over"
					}
					t.add(w.Name, w.Operation, strings.Join(w.Roles, ","), w.For.Round(time.Second).String(), left, few(w.Writes), few(w.Watches), dash(strings.Join(w.Leads, " ")))
				}
				return t.print(s.Out)
			})
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func workerRows(ctx context.Context, st *store.Store) ([]workerRow, error) {
	workers, err := st.Workers(ctx)
	if err != nil {
		return nil, err
	}
	claims, err := st.Claims(ctx, "")
	if err != nil {
		return nil, err
	}
	elections, err := st.Elections(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]workerRow, len(workers))
	for i, w := range workers {
		rows[i] = workerRow{Worker: w, Writes: []intent.DeviceName{}, Watches: []intent.DeviceName{}, Leads: []string{}}
		for _, c := range claims {
			kind, name, _ := strings.Cut(c.Key, "/")
			switch {
			case c.Holder != w.Name || c.Incarnation != w.Token:
			case kind == "device":
				rows[i].Writes = append(rows[i].Writes, intent.DeviceName(name))
			case kind == "watch":
				rows[i].Watches = append(rows[i].Watches, intent.DeviceName(name))
			}
		}
		for _, l := range elections {
			if l.Holder == w.Name {
				rows[i].Leads = append(rows[i].Leads, l.Key)
			}
		}
	}
	return rows, nil
}

// few are the first names, and how many there are.
func few(names []intent.DeviceName) string {
	if len(names) == 0 {
		return "-"
	}
	const most = 4
	var texts []string
	for _, n := range slices.Sorted(slices.Values(names)) {
		if len(texts) == most {
			texts = append(texts, "…")
			break
		}
		texts = append(texts, string(n))
	}
	return fmt.Sprintf("%d: %s", len(names), strings.Join(texts, " "))
}
