// Package loader keeps the store's current generation of intent equal to the intent source.
//
// It watches the source, waits until it is quiet, validates the whole of it and then either makes it the current
// generation and publishes intent.changed and intent.validated, or publishes intent.changed and intent.rejected and
// leaves the last good generation in force. A source that cannot be read, or is empty, is rejected: it never counts as
// the wish to remove everything. State and events are written in one transaction.
//
// Several loaders over one store do no harm as long as their sources are the same: generations are named by content.
package loader

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// A Source is where intent comes from.
type Source interface {
	// Snapshot reads all of it. Fabric and Created are left to the loader.
	Snapshot(ctx context.Context) (view.Generation, error)
	// Watch calls changed whenever the source may be different, and blocks until ctx ends.
	Watch(ctx context.Context, changed func()) error
}

// A Store keeps generations.
type Store interface {
	Do(ctx context.Context, fn func(tx event.Tx) error) error
	// CurrentGeneration returns view.ErrNotFound when there is none yet.
	CurrentGeneration(ctx context.Context) (view.Generation, error)
	SaveGeneration(tx event.Tx, g view.Generation) error
	SetCurrentGeneration(tx event.Tx, id string) error
}

// A Verdict is the outcome of a validation.
type Verdict struct {
	OK          bool
	Devices     []intent.DeviceName // whose desired configuration may differ from the previous generation's
	Diagnostics []string            // mistakes when not OK, else warnings
}

// A Validate judges a generation as a whole; previous is the one in force, with no ID when there is none. An error
// says that it could not be judged, and is tried again.
type Validate func(ctx context.Context, next, previous view.Generation) (Verdict, error)

// Options are what a Loader works with. All fields but Quiet are required.
type Options struct {
	Source   Source
	Store    Store
	Validate Validate
	Fabric   string
	Quiet    time.Duration // how long the source must rest before it is read; 200 ms when 0
	Log      *zap.Logger
}

// The pauses of the loop: a source that never rests is read all the same, and a store that fails is tried again.
const (
	defaultQuiet = 200 * time.Millisecond
	maxUnrest    = 10 // times Quiet
	retryAfter   = time.Second
)

// A Loader is the engine. Make it with New.
type Loader struct {
	opts Options
	log  *zap.Logger
	now  func() time.Time

	mu       sync.Mutex // over Load: Run's own and those that are asked for
	loaded   bool       // current is known
	current  view.Generation
	rejected string // what was rejected last, empty when the source was good when last read
}

// New returns a Loader that has read nothing yet.
func New(opts Options) *Loader {
	if opts.Quiet == 0 {
		opts.Quiet = defaultQuiet
	}
	return &Loader{opts: opts, log: opts.Log.Named("loader"), now: time.Now}
}

// Run reads the source at once and then whenever it changed, until ctx ends; then it returns nil. It returns an error
// only when the source can no longer be watched.
func (l *Loader) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	hints := make(chan struct{}, 1) // one is as good as many
	watch := make(chan error, 1)
	go func() {
		watch <- l.opts.Source.Watch(ctx, func() {
			select {
			case hints <- struct{}{}:
			default:
			}
		})
	}()
	err := l.loop(ctx, hints, watch)
	cancel()
	if err != nil {
		return fmt.Errorf("loader: %w", err)
	}
	return nil
}

// loop ends with the watch, whose outcome it returns.
func (l *Loader) loop(ctx context.Context, hints <-chan struct{}, watch <-chan error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var unrest time.Time // since when hints keep coming
	told := ""           // what the log was told last of a source that is not in force
	for {
		select {
		case err := <-watch:
			if err == nil && ctx.Err() == nil {
				err = errors.New("the watch of the source ended")
			}
			return err
		case <-hints:
			now := l.now()
			if unrest.IsZero() {
				unrest = now
			}
			timer.Reset(min(l.opts.Quiet, max(0, unrest.Add(maxUnrest*l.opts.Quiet).Sub(now))))
		case <-timer.C:
			unrest = time.Time{}
			result, err := l.Load(ctx)
			if err != nil && ctx.Err() == nil {
				l.log.Error("intent not loaded, will try again", zap.Error(err))
				timer.Reset(retryAfter)
			}
			if why := strings.Join(result.Rejected, "\n"); err == nil && why != told {
				told = why
				l.warn(result)
			}
		}
	}
}

// warn logs a source that is not in force. Whoever asked for a reading is told by its result instead.
func (l *Loader) warn(r Result) {
	if len(r.Rejected) == 0 {
		return
	}
	if r.Generation.ID == "" { // as in a new installation, where they are still to be written
		l.log.Warn("no intents are in force yet", zap.Int("mistakes", len(r.Rejected)), zap.String("first", r.Rejected[0]))
		return
	}
	l.log.Warn("intent rejected, the last good one stays in force", zap.String("generation", r.Generation.ID),
		zap.Int("mistakes", len(r.Rejected)), zap.String("first", r.Rejected[0]))
}
