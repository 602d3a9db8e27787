package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"github.com/tenter-net/tenter/internal/event"
)

// Append implements event.Tx. Within a delivery the drafts are children of the event delivered: their ID derives from
// it, so that handling it again after a crash makes the same events, and they inherit its correlation and trace.
func (t *transaction) Append(_ context.Context, drafts ...event.Draft) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return fmt.Errorf("append: %w", errOver)
	}
	t.busy.Store(true)
	for _, d := range drafts {
		t.carry(&d)
		if err := t.complete(&d); err != nil {
			return err
		}
		e, err := d.Seal()
		if err != nil {
			return err
		}
		t.events = append(t.events, e)
	}
	return nil
}

func (t *transaction) complete(d *event.Draft) error {
	if t.cause != nil {
		t.inherit(d)
	}
	if d.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("store: event id: %w", err)
		}
		d.ID = event.ID(id.String())
	}
	if d.Correlation == "" {
		d.Correlation = string(d.ID)
	}
	if t.s.opts.Traced { // whatever it was made from: each event is a span of its own
		d.TraceParent = event.TraceParent(d.Correlation, d.ID)
	}
	if d.Time.IsZero() {
		d.Time = t.s.now()
	}
	if d.Source == "" {
		d.Source = t.s.opts.Worker
	}
	if d.Fabric == "" {
		d.Fabric = t.s.opts.Fabric
	}
	if d.ActorType == "" {
		d.ActorType = event.ActorSystem
	}
	return nil
}

func (t *transaction) inherit(d *event.Draft) {
	t.children++
	if d.ID == "" {
		name := string(t.cause.ID) + "/" + t.group + "/" + strconv.Itoa(t.children)
		d.ID = event.ID(uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String())
	}
	if d.Causation == "" {
		d.Causation = t.cause.ID
	}
	if d.Correlation == "" {
		d.Correlation = t.cause.Correlation
	}
	if d.TraceParent == "" && !t.s.opts.Traced { // a trace that others began is not to be cut here
		d.TraceParent = t.cause.TraceParent
	}
}
