package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/backup"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/reconcile"
)

// The names of the operations of backups.
const (
	OpBackup  = "backup"
	OpRestore = "restore"
)

// registerBackups offers backups on the socket.
func (a *App) registerBackups(s *api.Server) {
	api.Register(s, OpBackup, a.Backup)
	api.Register(s, OpRestore, a.Restore)
}

// BackupRequest asks for the whole configurations of devices: the named ones, or all if it names none.
type BackupRequest struct {
	Devices []intent.DeviceName `json:"devices,omitempty"`
}

// BackupReply has a file for each device that could be read, and why the others could not, by device.
type BackupReply struct {
	Files  []*backup.File               `json:"files"`
	Failed map[intent.DeviceName]string `json:"failed,omitempty"`
}

// Backup reads devices, several at a time. It writes nothing anywhere.
func (a *App) Backup(ctx context.Context, _ api.Caller, req BackupRequest) (BackupReply, error) {
	if _, err := a.reload(ctx); err != nil {
		return BackupReply{}, err
	}
	c, err := a.generations.current(ctx)
	if err != nil {
		return BackupReply{}, err
	}
	names := req.Devices
	for _, d := range c.Fabric.Devices {
		if len(req.Devices) == 0 {
			names = append(names, d.Name)
		}
	}
	for _, n := range names {
		if _, err := c.target(n); err != nil {
			return BackupReply{}, err
		}
	}
	out := BackupReply{Files: []*backup.File{}, Failed: map[intent.DeviceName]string{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	free := make(chan struct{}, 16)
	for _, name := range names {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			f, err := a.engine.Backup(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				out.Failed[name] = err.Error()
				return
			}
			out.Files = append(out.Files, f)
		})
	}
	wg.Wait()
	slices.SortFunc(out.Files, func(x, y *backup.File) int { return cmp.Compare(x.Device, y.Device) })
	return out, ctx.Err()
}

// RestoreRequest asks for a plan that brings a backup back to a device. As lets it be a backup of another one.
type RestoreRequest struct {
	Device intent.DeviceName `json:"device"`
	File   json.RawMessage   `json:"file"`
	As     bool              `json:"as,omitempty"`
}

// Restore plans what brings a backup back, and keeps the plan, which waits to be approved or applied like any other.
func (a *App) Restore(ctx context.Context, who api.Caller, req RestoreRequest) (PlanReply, error) {
	warnings, err := a.reload(ctx)
	if err != nil {
		return PlanReply{}, err
	}
	if _, err := a.generations.target(ctx, req.Device); err != nil {
		return PlanReply{}, err
	}
	planned, err := a.engine.Restore(ctx, reconcile.RestoreRequest{Device: req.Device, Body: req.File, As: req.As})
	var other *reconcile.OtherDeviceError
	if errors.As(err, &other) {
		return PlanReply{}, &CodedError{CodeDenied, err}
	}
	if err != nil {
		return PlanReply{}, coded(err)
	}
	reply := PlanReply{Plan: planned.Plan, Unreachable: planned.Unreachable, ReadOnly: planned.ReadOnly, Warnings: warnings}
	if reply.Plan.Idle() {
		return reply, nil
	}
	id, err := a.engine.Propose(ctx, planned.Plan, who.Name)
	if err != nil {
		return PlanReply{}, coded(err)
	}
	reply.Plan.ID = id
	return reply, nil
}
