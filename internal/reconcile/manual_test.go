package reconcile

import (
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// TestAnswersToARunThatAsks gives both answers to a run of two devices, in what they may have come to.
func TestAnswersToARunThatAsks(t *testing.T) {
	const all, leaf1 = "leaf1, leaf2", "leaf1; not there yet, and to be confirmed when it is: leaf2 (set)"
	for name, c := range map[string]struct {
		steps           [2]run.Step
		confirmed       []intent.DeviceName
		verb            string
		refused, answer string
		canceled        bool
	}{
		"both wait, kept":                  {steps: [2]run.Step{run.Await, run.Await}, verb: VerbConfirm, answer: "confirmed on " + all},
		"both wait, not kept":              {steps: [2]run.Step{run.Await, run.Await}, verb: VerbCancel, canceled: true},
		"one waits, kept":                  {steps: [2]run.Step{run.Await, run.Set}, verb: VerbConfirm, answer: "confirmed on " + leaf1},
		"one is kept, the other not there": {steps: [2]run.Step{run.Await, run.Set}, confirmed: []intent.DeviceName{"leaf1"}, verb: VerbCancel, canceled: true},
		"kept just now, and nothing is left to cancel": {
			steps: [2]run.Step{run.Await, run.Save}, confirmed: []intent.DeviceName{"leaf1", "leaf2"}, verb: VerbCancel,
			refused: "nothing waits to be confirmed any more; take back what it did: tenter apply --reverse p1",
		},
		"kept twice": {
			steps: [2]run.Step{run.Await, run.Save}, confirmed: []intent.DeviceName{"leaf1", "leaf2"}, verb: VerbConfirm,
			refused: "no device waits to be confirmed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "leaf1", "leaf2")
			e := New(w.options("a"))
			d := &driver{Engine: e, fixed: fixed{id: "run-p1"}}
			err := w.store.Do(t.Context(), func(tx event.Tx) error {
				for i, device := range []intent.DeviceName{"leaf1", "leaf2"} {
					if err := w.store.SaveRunDevice(tx, view.RunDevice{Run: "run-p1", Device: device, Step: string(c.steps[i])}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			s := &run.Saga{Manual: run.Manual{Within: time.Minute, Confirmed: c.confirmed}}
			refused, answer, err := d.confirming(t.Context(), s, instruction{run: view.Run{ID: "run-p1", Plan: "p1"}, command: event.Command{Verb: c.verb}})
			if err != nil || refused != c.refused || answer != c.answer || s.Canceled != c.canceled {
				t.Errorf("refused %q, answered %q, canceled %t, %v", refused, answer, s.Canceled, err)
			}
		})
	}
}
