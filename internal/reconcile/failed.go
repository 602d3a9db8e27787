package reconcile

import (
	"context"
	"fmt"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// fell reports whether a run ended on a device so that doing the same again is for a person to decide: it did not work there,
// or it was not to go on since it did not work elsewhere.
func fell(o run.Outcome) bool {
	return o == run.Failed || o == run.RolledBack || o == run.Skipped
}

// mostRollouts is how many plans that are through are looked at for how rolling out a generation went.
const mostRollouts = 200

// fellBack says how the last run that was to roll the generation out went on the devices where it did not work.
func (e *Engine) fellBack(ctx context.Context, generation string) (map[intent.DeviceName]string, error) {
	through, err := e.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanDone}, Limit: mostRollouts})
	if err != nil {
		return nil, err
	}
	seen, how := map[intent.DeviceName]bool{}, map[intent.DeviceName]string{}
	for _, p := range through { // the newest first
		if p.Generation != generation || p.Cause != string(plan.ByIntent) {
			continue
		}
		rows, err := e.o.Store.RunDevices(ctx, runOf(p.ID))
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if seen[r.Device] || r.Step != string(run.Ended) {
				continue
			}
			if seen[r.Device] = true; fell(run.Outcome(r.Outcome)) {
				how[r.Device] = fmt.Sprintf("%s: %s", runOf(p.ID), r.Detail)
			}
		}
	}
	return how, nil
}
