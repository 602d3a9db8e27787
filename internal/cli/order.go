package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
)

// printOrder prints in which order a run goes over its devices and why, if there is more to it than one batch. Begun are the
// batches that were begun, from the first.
func printOrder(w io.Writer, o *run.Order, begun int) error {
	if o == nil {
		return nil
	}
	groups := apart(o)
	if len(o.Stages) < 2 && len(groups) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	t := newTable("BATCH", "DEVICES", "AT ONCE", "?THEN", "?BEGUN", "WHY")
	for i, s := range o.Stages {
		then := ""
		if s.Pause > 0 && i < len(o.Stages)-1 {
			then = "pause " + s.Pause.Round(time.Millisecond).String()
		}
		t.add(fmt.Sprintf("%d/%d", i+1, len(o.Stages)), batchList(s.Devices), fmt.Sprint(min(s.Parallel, len(s.Devices))), then, only(i < begun, "yes"), s.Why)
	}
	if err := t.print(w); err != nil {
		return err
	}
	for _, g := range groups {
		fmt.Fprintf(w, "no more than %d of %s at once: %s\n", g.Together, batchList(g.Devices), g.Why)
	}
	for _, c := range o.Care {
		if c.Drain != nil {
			fmt.Fprintf(w, "drained before the change: %s\n", batchList(c.Devices))
		}
	}
	if len(o.Stages) > 1 {
		fmt.Fprintf(w, "after %s failed, or one of a canary, no further device is begun\n", counted(o.MaxFailures+1, "device"))
	}
	return nil
}

// apart are the groups of which the run changes more devices than may be worked on at once.
func apart(o *run.Order) []run.Group {
	changed := map[intent.DeviceName]bool{}
	for _, s := range o.Stages {
		for _, d := range s.Devices {
			changed[d] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(o.Groups), func(g run.Group) bool {
		n := 0
		for _, d := range g.Devices {
			if changed[d] {
				n++
			}
		}
		return n <= g.Together
	})
}

// progressOf is how a run stands, in a line: "batch 2/4 · 37/120 ok · 2 failed · 4 running".
func progressOf(saga run.Saga, all run.Stands) string {
	c := counts{all: len(all)} // of which there are rows only when they were begun, or are not to be
	if saga.Order != nil {
		c.all = 0
		for _, s := range saga.Order.Stages {
			c.all += len(s.Devices)
		}
	}
	for _, s := range all {
		switch st := s.State; {
		case st.Step == run.Ended:
			c.add(st.Outcome)
		case st.Begun():
			c.running++
		}
	}
	if saga.Order != nil && len(saga.Order.Stages) > 1 {
		c.batch, c.batches = saga.Stage, len(saga.Order.Stages)
	}
	return c.String()
}

// counts are the devices of a run by how they stand.
type counts struct {
	batch, batches                          int // 0 batches for a run that has one
	all, ok, failed, skipped, back, running int
}

func (c *counts) add(o run.Outcome) {
	switch o {
	case run.Done:
		c.ok++
	case run.RolledBack:
		c.back++
	case run.Failed, run.Stale, run.Refused, run.Unreachable:
		c.failed++
	case run.Skipped: // nothing went wrong there
		c.skipped++
	}
}

// String is the counts in a line; what is none is left out.
func (c counts) String() string {
	text := fmt.Sprintf("%d/%d ok", c.ok, c.all)
	if c.batches > 0 {
		text = fmt.Sprintf("batch %d/%d · %s", c.batch, c.batches, text)
	}
	for _, part := range []struct {
		n    int
		what string
	}{{c.failed, "failed"}, {c.skipped, "skipped"}, {c.back, "put back"}, {c.running, "running"}} {
		if part.n > 0 {
			text += fmt.Sprintf(" · %d %s", part.n, part.what)
		}
	}
	return text
}

// batchOf says to which batch a run has come, for a line that stays.
func batchOf(batch, of int, canary bool, names []intent.DeviceName) string {
	what := fmt.Sprintf("batch %d/%d", batch, of)
	if canary {
		what += ", canary"
	}
	return what + ": " + batchList(names)
}

// batchList names the devices of a batch, and how many there are beyond the first few dozen.
func batchList(names []intent.DeviceName) string {
	const most = 24
	var texts []string
	for _, n := range names[:min(len(names), most)] {
		texts = append(texts, string(n))
	}
	if more := len(names) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("+%d", more))
	}
	return strings.Join(texts, ",")
}

// showOrder prints in which order a run of a stored plan would go over its devices.
func showOrder(cmd *cobra.Command, s Streams, id plan.ID) error {
	return withOperator(cmd, func(ctx context.Context, o *operator) error {
		order, err := call(ctx, o, app.OpOrder, (*app.App).Order, app.OrderRequest{ID: id})
		if err != nil {
			return o.about(err, "tenter plan ls")
		}
		return printOrder(s.Out, &order, 0)
	})
}
