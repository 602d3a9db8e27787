package app

import (
	"context"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
)

// ControlRequest gives a command to a run: reconcile.VerbPause, VerbResume or VerbAbort.
type ControlRequest struct {
	Run    string `json:"run"`
	Verb   string `json:"verb"`
	Reason string `json:"reason,omitempty"`
}

// ControlReply names the command's event; its acknowledgement, which has it as causation, is later than From.
type ControlReply struct {
	Run     string    `json:"run"`
	Command event.ID  `json:"command"`
	From    event.Seq `json:"from"`
}

// Control records the command in the caller's name. Whoever drives the run answers it; in a process that does not serve,
// that is for Execute to do.
func (a *App) Control(ctx context.Context, who api.Caller, req ControlRequest) (out ControlReply, err error) {
	out.Run = req.Run
	if out.From, _, err = a.store.Head(ctx); err != nil {
		return out, err
	}
	out.Command, err = a.engine.Command(ctx, event.Command{Verb: req.Verb, Run: req.Run, Reason: req.Reason}, who.Name)
	return out, err
}
