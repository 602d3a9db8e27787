package loader

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// maxDiagnostics bounds what an event carries; the rest is counted. `tenter validate` shows all.
const maxDiagnostics = 100

// A Result is what one reading of the source came to.
type Result struct {
	Generation view.Generation // the one in force now; no ID when there has never been one
	Changed    bool            // it came into force by this reading
	Rejected   []string        // why the source as it is now is not in force; none when it is
	Warnings   []string
}

// Load reads the source now and brings it into force if it is good. It may be called while Run runs, for those who
// cannot wait for the source to rest. An error says that the store or the validation failed, not the intent.
func (l *Loader) Load(ctx context.Context) (Result, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.loaded {
		g, err := l.opts.Store.CurrentGeneration(ctx)
		if err != nil && !errors.Is(err, view.ErrNotFound) {
			return Result{}, fmt.Errorf("current generation: %w", err)
		}
		l.current, l.loaded = g, true
	}
	next, err := l.opts.Source.Snapshot(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return Result{}, fmt.Errorf("intent source: %w", err)
		}
		return l.reject(ctx, view.Generation{}, []string{err.Error()})
	}
	next.Fabric, next.Created = l.opts.Fabric, l.now()
	if next.ID == l.current.ID {
		return l.same(ctx, next)
	}
	verdict, err := l.opts.Validate(ctx, next, l.current)
	if err != nil {
		return Result{}, fmt.Errorf("generation %s: validate: %w", next.ID, err)
	}
	if !verdict.OK {
		return l.reject(ctx, next, verdict.Diagnostics)
	}
	return l.accept(ctx, next, verdict)
}

// same handles a source whose files are those in force. There is news only if they were committed meanwhile, or if
// the source was bad before: who was told of that is told that it is over.
func (l *Loader) same(ctx context.Context, next view.Generation) (Result, error) {
	committed := next.Commit != "" && next.Commit != l.current.Commit && !strings.HasSuffix(next.Commit, "-dirty")
	if !committed && l.rejected == "" {
		return Result{Generation: l.current}, nil
	}
	if !committed { // keep what is known of its origin
		next = l.current
	}
	result, err := l.accept(ctx, next, Verdict{OK: true})
	result.Changed = false
	return result, err
}

func (l *Loader) accept(ctx context.Context, next view.Generation, v Verdict) (Result, error) {
	changed, id, err := l.changed(next)
	if err != nil {
		return Result{}, err
	}
	validated := l.draft(next, id, event.TypeIntentValidated, event.IntentValidated{
		Generation: next.ID, Previous: l.current.ID, Commit: next.Commit,
		Author: next.Author, Subject: next.Subject, Devices: v.Devices,
	})
	err = l.opts.Store.Do(ctx, func(tx event.Tx) error {
		if err := l.opts.Store.SaveGeneration(tx, next); err != nil {
			return err
		}
		if err := l.opts.Store.SetCurrentGeneration(tx, next.ID); err != nil {
			return err
		}
		return tx.Append(ctx, changed, validated)
	})
	if err != nil {
		return Result{}, fmt.Errorf("generation %s: save: %w", next.ID, err)
	}
	l.log.Info("intent accepted", zap.String("generation", next.ID), zap.String("commit", next.Commit),
		zap.Int("files", len(next.Files)), zap.Int("devices", len(v.Devices)), zap.Strings("warnings", v.Diagnostics))
	l.current, l.rejected = next, ""
	return Result{Generation: next, Changed: true, Warnings: v.Diagnostics}, nil
}

// reject tells once of one state of the source, however often it is read. The state is told by its files, or by the
// error when they could not be read.
func (l *Loader) reject(ctx context.Context, next view.Generation, why []string) (Result, error) {
	result := Result{Generation: l.current, Rejected: why}
	state := next.ID + next.Commit
	if next.ID == "" {
		state = strings.Join(why, "\n")
	}
	if state == l.rejected {
		return result, nil
	}
	told := why
	if more := len(why) - maxDiagnostics; more > 0 {
		told = append(append([]string(nil), why[:maxDiagnostics]...), fmt.Sprintf("and %d more", more))
	}
	changed, id, err := l.changed(next)
	if err != nil {
		return Result{}, err
	}
	drafts := []event.Draft{changed, l.draft(next, id, event.TypeIntentRejected, event.IntentRejected{
		Commit: next.Commit, Author: next.Author, Subject: next.Subject, Diagnostics: told,
	})}
	if next.ID == "" { // nothing was read, so there is no new state to tell of
		drafts = drafts[1:]
		drafts[0].Causation = ""
	}
	err = l.opts.Store.Do(ctx, func(tx event.Tx) error { return tx.Append(ctx, drafts...) })
	if err != nil {
		return Result{}, fmt.Errorf("intent rejected: record: %w", err)
	}
	l.rejected = state
	return result, nil
}

// changed drafts intent.changed, with an ID of its own so that what follows from it can name it.
func (l *Loader) changed(next view.Generation) (event.Draft, event.ID, error) {
	u, err := uuid.NewV7()
	if err != nil {
		return event.Draft{}, "", fmt.Errorf("event id: %w", err)
	}
	id := event.ID(u.String())
	d := l.draft(next, "", event.TypeIntentChanged, event.IntentChanged{
		Generation: next.ID, Commit: next.Commit, Author: next.Author, Subject: next.Subject, Files: len(next.Files),
	})
	d.ID, d.Correlation = id, string(id)
	return d, id, nil
}

// draft is an event about a generation, whose actor is the author of its commit.
func (l *Loader) draft(g view.Generation, cause event.ID, t event.Type, data any) event.Draft {
	d := event.Draft{Type: t, Data: data, Fabric: l.opts.Fabric, Correlation: string(cause), Causation: cause}
	if g.Author != "" {
		d.Actor, d.ActorType = g.Author, event.ActorUser
	}
	return d
}
