package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/assign"
	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/loader"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schedule"
	"github.com/tenter-net/tenter/internal/secret"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/source"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/telemetry"
	"github.com/tenter-net/tenter/internal/view"
)

// sourcePoll is how often the intent directory is looked at whatever the file system says.
const sourcePoll = 5 * time.Second

// leaveTracing is for how long a process that ends waits for whoever receives its last spans.
const leaveTracing = 500 * time.Millisecond

// An App is the one writer of a state directory.
type App struct {
	set         *settings.Settings
	log         *zap.Logger
	worker      string
	lock        *stateLock
	store       *store.Store
	secrets     *secret.Reader
	generations *generations
	pool        *pool
	loader      *loader.Loader
	remote      *source.Remote // nil where the intents are a directory
	engine      *reconcile.Engine
	assigner    *assign.Assigner
	leading     atomic.Bool
	scheduler   *schedule.Scheduler
	now         func() time.Time

	metrics *telemetry.Metrics
	tracer  *telemetry.Tracer // nil when nothing is traced
	local   *local.Bus        // what the log has, for whoever in this process wants to hear of it
}

// Open takes the state directory for the named operation and puts the parts together. Nothing runs yet. The error is
// a *LockedError if another process has the directory.
func Open(ctx context.Context, set *settings.Settings, log *zap.Logger, operation string) (_ *App, err error) {
	a := &App{set: set, log: log, now: time.Now}
	if a.worker, err = worker(set.StateDir); err != nil {
		return nil, err
	}
	if a.lock, err = lockState(set.StateDir, operation, a.now()); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err = a.openTelemetry(ctx); err != nil {
		return nil, err
	}
	a.local = a.newLocal()
	if a.store, err = a.openToWrite(ctx); err != nil {
		return nil, err
	}
	key, err := a.store.SecretKey(ctx)
	if err != nil {
		return nil, err
	}
	a.secrets = secret.NewReader(set.Secrets.Dir, set.Secrets.EnvPrefix, func(text string) { log.Warn(text) })
	compiler, err := newCompiler(set, readSecret(a.secrets, log), key)
	if err != nil {
		return nil, err
	}
	a.generations = &generations{store: a.store, compiler: compiler, log: log.Named("intent")}
	a.pool = newPool(set, a.secrets, log)
	a.pool.observer = observer{a.metrics, a.tracer}
	a.pool.target = a.generations.target
	var from loader.Source
	from, a.remote = newSource(set, a.secrets, log)
	a.loader = loader.New(loader.Options{
		Source: from, Store: a.store, Validate: a.generations.validate, Fabric: set.Fabric, Log: log,
	})
	a.assigner = a.newAssigner(operation)
	a.engine = reconcile.New(reconcile.Options{
		Store: a.store, Sessions: writeSessions{a.pool}, Intents: planIntents{a.generations}, Drained: planIntents{a.generations}.drained, Worker: a.worker, Log: log,
		Holds: engineHolds{a.assigner}, Lease: set.Lease, Leads: a.leading.Load,
		AutoApply: set.Apply.Intent == settings.ApplyAuto, Parallel: set.Apply.Parallel, Window: set.Apply.ReadbackWindow, ConfirmWithin: set.Apply.RollbackTimer,
		PlanExpires: set.Apply.PlanExpiry, OnFailure: run.Mode(set.Apply.OnFailure), Local: a.local, VoteWithin: set.Apply.VoteTimeout, Trace: a.tracer.Story, Person: a.person,
	})
	a.engine.Answer(verbRead, a.answerRead)
	a.engine.Answer(verbRaw, a.answerRaw)
	a.scheduler = schedule.New(schedule.Options{Store: a.store, Declared: a.generations.schedules, Windows: a.generations.windows, Log: log})
	return a, nil
}

// Close gives everything back. Whatever runs must have ended.
func (a *App) Close() error {
	var errs []error
	if a.local != nil {
		a.local.Close()
	}
	if a.pool != nil {
		errs = append(errs, a.pool.close())
	}
	if a.assigner != nil {
		errs = append(errs, a.leave())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	last, cancel := context.WithTimeout(context.Background(), leaveTracing)
	defer cancel()
	if err := a.tracer.Close(last); err != nil {
		a.log.Warn("the last spans were not sent", zap.Error(err))
	}
	return errors.Join(append(errs, a.lock.release())...)
}

// Store returns the store, for reading.
func (a *App) Store() *store.Store { return a.store }

// reload brings the intents of the source into force. Mistakes in them are an error that has them all. A process
// that does not load intents uses those of the store.
func (a *App) reload(ctx context.Context) (warnings []string, err error) {
	if !a.runs(settings.RoleLoader) {
		return nil, nil
	}
	result, err := a.loader.Load(ctx)
	if err != nil {
		return nil, err
	}
	if len(result.Rejected) > 0 {
		if strings.HasPrefix(result.Rejected[0], "intents: ") { // they could not be read, and it says where
			return nil, &IntentsError{errors.New(result.Rejected[0])}
		}
		count := fmt.Sprintf("%d mistakes", len(result.Rejected))
		if len(result.Rejected) == 1 {
			count = "a mistake"
		}
		return nil, &IntentsError{fmt.Errorf("intents %s: %s:\n%s", IntentsOf(a.set), count, strings.Join(a.opened(result.Rejected), "\n"))}
	}
	warnings = a.opened(result.Warnings)
	if a.remote != nil && a.remote.Stale() != "" {
		warnings = append(warnings, "warning: "+a.remote.Stale()+"; these are the intents that were fetched last")
	}
	return warnings, nil
}

// An IntentsError says that the intents as they are in the directory have mistakes, and which.
type IntentsError struct{ error }

// opened puts the directory in front of the file that a diagnostic begins with, so that it can be opened from where the
// user is.
func (a *App) opened(lines []string) []string {
	if a.remote != nil {
		return lines
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = line
		file, _, _ := strings.Cut(line, ":")
		if name := filepath.Join(a.set.Intents, file); filepath.IsLocal(file) {
			if info, err := os.Stat(name); err == nil && !info.IsDir() {
				out[i] = filepath.Join(a.set.Intents, line)
			}
		}
	}
	return out
}

// Execute carries out a run that Apply committed, in a process that does not serve.
func (a *App) Execute(ctx context.Context, id string) error {
	_, err := a.engine.Execute(ctx, id)
	return err
}

// Left returns the runs that an earlier process did not end. Execute goes on with them.
func (a *App) Left(ctx context.Context) ([]string, error) {
	rows, err := a.store.Runs(ctx, view.RunQuery{Status: []view.RunStatus{view.RunRunning}})
	if err != nil {
		return nil, err
	}
	runs := make([]string, len(rows))
	for i, r := range rows {
		runs[i] = r.ID
	}
	return runs, nil
}
