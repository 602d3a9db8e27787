package store

import (
	"context"
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// changed notes that the device's row shows something else than before, which an event of the same transaction has to
// tell. It is the store that sees to it: of many callers who change a row, one that forgot would make the log untrue.
func (t *transaction) changed(before, after view.Device) {
	if told := after.Told(); told != before.Told() {
		if t.untold == nil {
			t.untold = map[intent.DeviceName]event.DeviceState{}
		}
		t.untold[after.Name] = told
	}
}

// carry puts into a draft about a device what its row shows, if no event has told that yet.
func (t *transaction) carry(d *event.Draft) {
	if len(t.untold) == 0 {
		return
	}
	switch data := d.Data.(type) {
	case event.Device:
		data.State = t.tell(data.Device)
		d.Data = data
	case event.DeviceEnrolled:
		data.State = t.tell(data.Device)
		d.Data = data
	case event.Drift:
		data.State = t.tell(data.Device)
		d.Data = data
	case event.DriftRemediated:
		data.State = t.tell(data.Device)
		d.Data = data
	case event.StepCompleted:
		data.State = t.tell(data.Device)
		d.Data = data
	}
}

func (t *transaction) tell(name intent.DeviceName) *event.DeviceState {
	told, ok := t.untold[name]
	if !ok {
		return nil
	}
	delete(t.untold, name)
	return &told
}

// tellRest appends device.changed for each row that no event of the transaction was about. It follows from what the
// transaction told last, if anything.
func (t *transaction) tellRest() error {
	for _, name := range slices.Sorted(maps.Keys(t.untold)) {
		d := event.Draft{Type: event.TypeDeviceChanged, Subject: string(name), Data: event.Device{Device: name}}
		if n := len(t.events); n > 0 && t.cause == nil {
			d.Causation, d.Correlation = t.events[n-1].ID, t.events[n-1].Correlation
		}
		if err := t.Append(context.Background(), d); err != nil {
			return err
		}
	}
	return nil
}
