package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
)

// Order returns in which order a run of the plan would go over its devices, if it began now.
func (e *Engine) Order(ctx context.Context, p plan.Plan) (run.Order, error) {
	f, err := e.o.Intents.Fabric(ctx, p.Generation)
	if err != nil {
		return run.Order{}, err
	}
	return run.Arrange(f, p.Busy(), run.Usual{Parallel: e.o.Parallel, MaxFailures: e.o.MaxFailures}), nil
}

// arrange gives the run an order, if an older Tenter has begun it without one.
func (d *driver) arrange(ctx context.Context) error {
	if d.saga.Order != nil {
		return nil
	}
	order, err := d.Order(ctx, d.plan)
	if err != nil {
		return err
	}
	d.saga.Order, d.saga.Stage = &order, len(order.Stages)
	d.fixed.order = &order
	return d.saveRun(ctx)
}

// turn decides what to do now, and records it.
func (d *driver) turn(ctx context.Context, running []intent.DeviceName) (run.Turn, error) {
	others, err := d.others(ctx)
	if err != nil {
		return run.Turn{}, err
	}
	t := d.saga.Next(d.stands(), running, others, d.now())
	return t, d.record(ctx, t)
}

// record writes down what a turn decides about the run as a whole, before anything is done about it.
func (d *driver) record(ctx context.Context, t run.Turn) error {
	switch {
	case t.Back:
		d.saga.Back = t.Why
		if err := d.saveRun(ctx); err != nil {
			return err
		}
		d.tell()
	case t.Stage > 0:
		return d.enter(ctx, t.Stage)
	case t.Rest != nil:
		return d.rest(ctx, *t.Rest)
	}
	return d.skip(ctx, t)
}

// enter begins a stage.
func (d *driver) enter(ctx context.Context, stage int) error {
	order := d.saga.Order
	s := order.Stages[stage-1]
	d.saga.Stage = stage
	return d.saveRun(ctx, event.Draft{Type: event.TypeBatchStarted, Data: event.BatchStarted{
		Run: d.fixed.id, Batch: stage, Of: len(order.Stages), Canary: s.Canary, Devices: s.Devices, Reason: s.Why,
	}})
}

// rest begins a pause between two stages.
func (d *driver) rest(ctx context.Context, r run.Rest) error {
	d.saga.Rest = &r
	_, why := standing(d.saga)
	return d.saveRun(ctx, event.Draft{Type: event.TypeBatchWaits, Data: event.BatchWaits{
		Run: d.fixed.id, Batch: r.Before, Of: len(d.saga.Order.Stages), Until: r.Until, Standing: why,
	}})
}

// waits is how a run is shown that pauses between two stages.
func waits(s run.Saga) string {
	r := s.Resting()
	return fmt.Sprintf("waits until %s before batch %d/%d", r.Until.UTC().Format(time.RFC3339), r.Before, len(s.Order.Stages))
}

// saveRun records the run as a whole as its saga says, with the events that tell of it.
func (d *driver) saveRun(ctx context.Context, told ...event.Draft) error {
	row := d.run
	row.Status, row.Reason = standing(d.saga)
	var err error
	if row.Body, err = json.Marshal(d.saga); err != nil {
		return err
	}
	for i, t := range told {
		told[i] = d.draft("")
		told[i].Type, told[i].Data = t.Type, t.Data
		if t.Actor != "" {
			told[i].Actor, told[i].ActorType = t.Actor, t.ActorType
		}
	}
	err = d.o.Store.Do(ctx, func(tx event.Tx) error {
		if err := d.lease.guard(tx); err != nil {
			return err
		}
		if err := d.o.Store.SaveRun(tx, row); err != nil || len(told) == 0 {
			return err
		}
		return tx.Append(ctx, told...)
	})
	if err == nil {
		d.run = row
	}
	return err
}
