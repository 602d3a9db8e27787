package app

import (
	"context"
	"errors"
	"strings"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// DeadRequest says what is to become of events that groups gave up on. It names one by Group and Seq, or sets All, which means all
// of the group, when one is given, whose error has the text Matching in it.
type DeadRequest struct {
	Group    string    `json:"group,omitempty"`
	Seq      event.Seq `json:"seq,omitempty"`
	All      bool      `json:"all,omitempty"`
	Matching string    `json:"matching,omitempty"`
	Drop     bool      `json:"drop,omitempty"` // instead of giving them back to be tried again
	Reason   string    `json:"reason,omitempty"`
}

// DeadReply says how many there were.
type DeadReply struct {
	Count int `json:"count"`
}

// Dead gives dead events back to their groups, or drops them; the log tells who did it.
func (a *App) Dead(ctx context.Context, who api.Caller, req DeadRequest) (out DeadReply, err error) {
	switch {
	case req.Drop && strings.TrimSpace(req.Reason) == "":
		return out, errors.New("dropping needs a reason")
	case !req.All && (req.Group == "" || req.Seq == 0):
		return out, errors.New("which? name a group and an event, or all")
	}
	out.Count, err = a.store.ResolveDead(ctx, view.DeadResolution{
		Group: req.Group, Seq: req.Seq, Matching: req.Matching, Drop: req.Drop, Reason: req.Reason, Actor: who.Name,
	})
	return out, err
}
