package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tenter-net/tenter/internal/event"
)

// A turn is when a device's part of a run began and ended, by the events of the log.
type turn struct {
	device     string
	begun, end time.Time
}

// turns reads from the log when a run worked on each of its devices, in the order in which that began: from the end of its check,
// since nothing is sent before that.
func turns(ts *testscript.TestScript, id string) (all []turn, waits []event.BatchWaits, batches []time.Time) {
	cmd := exec.Command(lookup(ts, "tenter"), "events", "tail", "--type", "reconciler", "--lines", "100000", "--output", "jsonl")
	cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
	out, err := cmd.Output()
	ts.Check(err)
	for line := range strings.Lines(string(out)) {
		var e struct {
			Type event.Type      `json:"type"`
			Time time.Time       `json:"time"`
			Data json.RawMessage `json:"data"`
		}
		ts.Check(json.Unmarshal([]byte(line), &e))
		var d event.StepCompleted
		ts.Check(json.Unmarshal(e.Data, &d))
		if !slices.Contains(strings.Split(id, ","), d.Run) {
			continue
		}
		switch e.Type {
		case event.TypeBatchWaits:
			var w event.BatchWaits
			ts.Check(json.Unmarshal(e.Data, &w))
			waits = append(waits, w)
		case event.TypeBatchStarted:
			batches = append(batches, e.Time)
		case event.TypeStepCompleted:
			i := slices.IndexFunc(all, func(t turn) bool { return t.device == string(d.Device) })
			if i < 0 {
				all, i = append(all, turn{device: string(d.Device), begun: e.Time}), len(all)
			}
			all[i].end = e.Time
		}
	}
	if len(all) == 0 {
		ts.Fatalf("run %s: no step in the log", id)
	}
	return all, waits, batches
}

// apartVerb fails unless a run worked on the named devices one after the other, by the times of its events; negated, unless it
// worked on two of them at once:
//
//	apart RUN leaf1 leaf2
//	apart RUN,RUN leaf1 leaf2
func apartVerb(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: apart RUN DEVICE DEVICE...")
	}
	all, _, _ := turns(ts, args[0])
	all = slices.DeleteFunc(all, func(t turn) bool { return !slices.Contains(args[1:], t.device) })
	if len(all) != len(args)-1 {
		ts.Fatalf("the run has steps on %d of %v", len(all), args[1:])
	}
	slices.SortFunc(all, func(a, b turn) int { return a.begun.Compare(b.begun) })
	together := ""
	for i := 1; i < len(all); i++ {
		if a, b := all[i-1], all[i]; b.begun.Before(a.end) {
			together = fmt.Sprintf("%s was begun at %s, and %s was through at %s", b.device, b.begun, a.device, a.end)
		}
	}
	if (together == "") == neg {
		ts.Fatalf("apart %v: %v: %s", args, !neg, together)
	}
}

// pausedVerb fails unless each batch of a run but the first began no sooner than its pause was to end, and the pause was as long as said
// from the end of the last device before it:
//
//	paused RUN 3s
func pausedVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: paused RUN DURATION")
	}
	pause, err := time.ParseDuration(args[1])
	ts.Check(err)
	all, waits, batches := turns(ts, args[0])
	if len(waits) == 0 || len(waits) != len(batches)-1 {
		ts.Fatalf("%d pauses between %d batches", len(waits), len(batches))
	}
	for i, w := range waits {
		last := time.Time{}
		for _, t := range all {
			if t.begun.Before(w.Until) && t.end.After(last) {
				last = t.end
			}
		}
		if began := batches[i+1]; began.Before(w.Until) || w.Until.Before(last.Add(pause)) {
			ts.Fatalf("batch %d began at %s; the pause was until %s, the batch before it ended at %s", i+2, began, w.Until, last)
		}
	}
}
