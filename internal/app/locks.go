package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// LocksReply is who holds what.
type LocksReply struct {
	Locks []view.Lock `json:"locks"`
	// State is the state directory, and Holder the process that has it, empty for none; only its end frees the directory.
	State  string `json:"state"`
	Holder string `json:"holder,omitempty"`
	// Commits are the devices that take back what was sent to them unless it is confirmed.
	Commits []CommitLock `json:"commits,omitempty"`
}

// A CommitLock is a commit on a device that waits to be confirmed.
type CommitLock struct {
	Device intent.DeviceName `json:"device"`
	Run    string            `json:"run"`
	Until  time.Time         `json:"until"` // when the device takes it back by itself
}

// Locks returns what is locked, by whom, and what they do.
func (a *App) Locks(ctx context.Context, _ api.Caller, _ Nothing) (LocksReply, error) {
	return LocksIn(ctx, a.store, a.set.StateDir, a.now())
}

// LocksIn is Locks for those who read the store themselves: it needs no lock.
func LocksIn(ctx context.Context, st *store.Store, stateDir string, now time.Time) (out LocksReply, err error) {
	if out.Locks, err = st.Locks(ctx); err != nil {
		return out, err
	}
	for i := range out.Locks {
		if err := describe(ctx, st, &out.Locks[i]); err != nil {
			return out, err
		}
	}
	out.State = stateDir
	if out.Holder, err = stateHolder(stateDir); err != nil {
		return out, err
	}
	out.Commits, err = commits(ctx, st, now)
	return out, err
}

// describe adds to a lock what it is for, and what its holder does under it.
func describe(ctx context.Context, st *store.Store, l *view.Lock) error {
	kind, name, _ := strings.Cut(l.Name, "/")
	switch {
	case l.Elected:
		l.What, l.Doing = "election", "does for all what one does"
	case kind == "device":
		l.What, l.Doing = "writing to "+name, "serves it, at rest"
		row, err := st.Device(ctx, intent.DeviceName(name))
		if err != nil {
			return err
		}
		if row.Run != "" {
			l.Doing = row.Run
		}
	case kind == "watch":
		l.What, l.Doing = "watching "+name, "monitor"
	case kind == "run":
		l.What, l.Doing = "driving a run", name
	default:
		l.What = l.Name
	}
	return nil
}

// commits finds the devices whose commits wait to be confirmed.
func commits(ctx context.Context, st *store.Store, now time.Time) ([]CommitLock, error) {
	runs, err := st.Runs(ctx, view.RunQuery{Status: []view.RunStatus{view.RunRunning, view.RunPaused}})
	if err != nil {
		return nil, err
	}
	var all []CommitLock
	for _, r := range runs {
		devices, err := st.RunDevices(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, d := range devices {
			var s run.State
			if err := json.Unmarshal(d.State, &s); err != nil {
				return nil, fmt.Errorf("run %q: device %q: %w", r.ID, d.Device, err)
			}
			if s.Step != run.Ended && s.Until.After(now) {
				all = append(all, CommitLock{Device: d.Device, Run: r.ID, Until: s.Until})
			}
		}
	}
	return all, nil
}

// UnlockRequest takes a lock away from whoever holds it.
type UnlockRequest struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Unlock takes a lock away, in the caller's name. The holder, if it lives, can record nothing under it any more.
func (a *App) Unlock(ctx context.Context, who api.Caller, req UnlockRequest) (l view.Lock, err error) {
	if strings.TrimSpace(req.Reason) == "" {
		return l, errors.New("a lock is taken away for a reason")
	}
	err = a.store.Do(ctx, func(tx event.Tx) error {
		if l, err = a.store.Unlock(tx, req.Name); err != nil {
			return err
		}
		if err := describe(ctx, a.store, &l); err != nil {
			return err
		}
		d := event.Draft{
			Type: event.TypeUnlocked, Actor: who.Name, ActorType: event.ActorUser,
			Data: event.Unlocked{Lock: l.Name, Holder: l.Holder.Name, Doing: l.Doing, Held: l.Age, Reason: req.Reason},
		}
		if kind, name, _ := strings.Cut(l.Name, "/"); kind == "device" || kind == "watch" {
			d.Subject = name
		}
		return tx.Append(ctx, d)
	})
	switch {
	case errors.Is(err, view.ErrNotFound):
		return l, fmt.Errorf("nobody holds a lock %q", req.Name)
	case err == nil:
		a.log.Warn("lock taken away", zap.String("lock", l.Name), zap.String("holder", l.Holder.Name), zap.String("doing", l.Doing),
			zap.Duration("held", l.Age), zap.String("reason", req.Reason), zap.String("actor", who.Name))
		a.assigner.Poke()
	}
	return l, err
}
