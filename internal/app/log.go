package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// The operations on the event log.
const (
	OpArchive = "archive"
	OpReplay  = "replay"
)

func (a *App) registerLog(s *api.Server) {
	api.Register(s, OpArchive, a.Archive)
	api.Register(s, OpReplay, a.Replay)
}

// ArchiveRequest asks for events to be archived at once.
type ArchiveRequest struct {
	Older time.Duration `json:"older_ns"` // than this
}

// Archive moves the events that are old enough, and that every group has handled, to files.
func (a *App) Archive(ctx context.Context, _ api.Caller, req ArchiveRequest) (store.Archived, error) {
	done, err := a.store.ArchiveLog(ctx, store.ArchiveOptions{Before: a.now().Add(-req.Older)})
	if errors.Is(err, store.ErrArchiving) {
		err = &CodedError{Code: CodeLocked, Err: err}
	}
	return done, err
}

// ReplayRequest asks for events to be given to a group of consumers once more.
type ReplayRequest struct {
	Group  string       `json:"group"`
	From   event.Seq    `json:"from,omitempty"` // the first
	To     event.Seq    `json:"to,omitempty"`   // the last; 0 for the log's
	Since  time.Time    `json:"since,omitzero"`
	Until  time.Time    `json:"until,omitzero"`
	Types  []event.Type `json:"types,omitempty"`
	Device string       `json:"device,omitempty"`
}

// ReplayReply says how many they are.
type ReplayReply struct {
	Events int `json:"events"`
}

// Replay owes the group what it may have handled already.
func (a *App) Replay(ctx context.Context, _ api.Caller, req ReplayRequest) (ReplayReply, error) {
	q := event.Query{Since: req.Since, Until: req.Until, Types: req.Types, Subject: req.Device}
	if req.From > 0 {
		q.After = req.From - 1
	}
	if req.To > 0 {
		q.Before = req.To + 1
	}
	n, err := a.store.Replay(ctx, req.Group, q)
	if err != nil {
		return ReplayReply{}, fmt.Errorf("replay: %w", err)
	}
	return ReplayReply{Events: n}, nil
}
