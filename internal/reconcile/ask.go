package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// What has to be done with a device is done by the process that serves it, over the one session that there is. Other processes
// ask it: a row in the store says what for, an event that there is one, and the answer comes in the row. The event is a hint:
// whoever serves devices looks for rows on an interval too.

// VerbAsk is the verb of the command that tells of asks.
const VerbAsk = "ask"

// askPatience is how old an ask may become: its asker has died.
const askPatience = time.Hour

// An answerer does what is asked and returns what is to be told, as it is to be marshalled.
type answerer func(ctx context.Context, device intent.DeviceName, body json.RawMessage) (any, error)

// Answer has what is asked with the verb done by do, when this process serves the device. It is to be called before Run.
func (e *Engine) Answer(verb string, do func(ctx context.Context, device intent.DeviceName, body json.RawMessage) (any, error)) {
	e.answers[verb] = do
}

// Elsewhere reports whether another process is to be asked about the device.
func (e *Engine) Elsewhere(ctx context.Context, device intent.DeviceName) (bool, error) {
	if e.o.Holds.Serves(device) {
		return false, nil
	}
	others, err := e.o.Holds.Others(ctx)
	if err != nil {
		return false, err
	}
	_, ok := others[device]
	return ok, nil
}

// errGone says that nobody serves the device any more that was asked about it.
var errGone = errors.New("the process that served the device is gone")

// Ask has whoever serves the device do what the verb says, and fills in the answer. It fails when nobody does any more.
func (e *Engine) Ask(ctx context.Context, device intent.DeviceName, verb string, body, answer any) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	a := view.Ask{ID: id.String(), Device: device, Verb: verb, Asker: e.o.Worker}
	if a.Body, err = json.Marshal(body); err != nil {
		return err
	}
	if err := e.o.Store.Do(ctx, func(tx event.Tx) error { return e.post(ctx, tx, a) }); err != nil {
		return err
	}
	defer e.drop(a.ID)
	for wait := firstAsk; ; wait = min(2*wait, mostAsk) {
		if err := pause(ctx, wait); err != nil {
			return err
		}
		got, err := e.answered(ctx, a.ID)
		if err != nil {
			return err
		}
		if got != nil {
			if got.Error != "" {
				return fmt.Errorf("device %q: %s", device, got.Error)
			}
			return json.Unmarshal(got.Answer, answer)
		}
		if there, err := e.Elsewhere(ctx, device); err != nil || !there {
			return errors.Join(err, fmt.Errorf("device %q: %w; try again", device, errGone))
		}
	}
}

// The waits between two looks for an answer.
const (
	firstAsk = 10 * time.Millisecond
	mostAsk  = 250 * time.Millisecond
)

// post keeps an ask and tells of it.
func (e *Engine) post(ctx context.Context, tx event.Tx, a view.Ask) error {
	if err := e.o.Store.AddAsk(tx, a); err != nil {
		return err
	}
	return tx.Append(ctx, event.Draft{
		Type: event.TypeCommand, Subject: string(a.Device), Actor: e.o.Worker, ActorType: event.ActorSystem,
		Data: event.Command{Verb: VerbAsk, Devices: []intent.DeviceName{a.Device}, Reason: a.Verb},
	})
}

func (e *Engine) answered(ctx context.Context, id string) (*view.Ask, error) {
	list, err := e.o.Store.AnsweredAsks(ctx, e.o.Worker)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		if a.ID == id {
			return &a, nil
		}
	}
	return nil, nil
}

// drop forgets an ask. What cannot be forgotten is when it is too old.
func (e *Engine) drop(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = e.o.Store.DropAsks(ctx, askPatience, id)
}

// resyncAsks queues what others ask of this process.
func (e *Engine) resyncAsks(ctx context.Context) error {
	list, err := e.o.Store.OpenAsks(ctx)
	if err != nil {
		return err
	}
	for _, a := range list {
		if e.o.Holds.Serves(a.Device) {
			e.asks.add(job{key: "ask/" + a.ID, kind: kindAsk, device: a.Device, ask: a})
		}
	}
	return nil
}

// reply does what is asked, and answers. When ctx ends it does not: whoever serves the device next will.
func (e *Engine) reply(ctx context.Context, a view.Ask) error {
	open, err := e.o.Store.OpenAsks(ctx)
	if err != nil {
		return err
	}
	still := false
	for _, o := range open {
		still = still || o.ID == a.ID && o.Asked.Equal(a.Asked)
	}
	if !still || !e.o.Holds.Serves(a.Device) {
		return nil // answered, or not to be answered here any more
	}
	do, known := e.answers[a.Verb]
	if !known {
		return fmt.Errorf("device %q: ask %q: a newer version's", a.Device, a.Verb)
	}
	answer, err := do(ctx, a.Device, a.Body)
	if ctx.Err() != nil || errors.Is(err, view.ErrLeaseLost) {
		return err
	}
	if err != nil {
		a.Error = err.Error()
	} else if a.Answer, err = json.Marshal(answer); err != nil {
		return err
	}
	_, err = e.o.Store.AnswerAsk(ctx, a)
	return err
}
