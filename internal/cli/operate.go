package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
)

// An operator carries operations out: in the server that the settings name, in the one that has the state directory, or in this
// process under its lock.
type operator struct {
	client  *api.Client  // nil without a server
	app     *app.App     // nil with one
	store   *store.Store // nil with a server elsewhere
	intents string       // how to mend them
}

// withOperator runs do with the server of the state directory, or with an application of its own if none serves.
func withOperator(cmd *cobra.Command, do func(ctx context.Context, o *operator) error) (err error) {
	set, log, err := load(cmd, true)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	o := &operator{intents: mendIntents(set)}
	if o.client, err = remote(set, cmd.ErrOrStderr()); err != nil {
		return err
	}
	if o.client != nil {
		return hintRemote(do(ctx, o))
	}
	if err := o.open(ctx, set, log, cmd.CommandPath()); err != nil {
		return err
	}
	if o.app != nil {
		defer func() { err = errors.Join(err, o.app.Close()) }()
	} else {
		defer func() { err = errors.Join(err, o.store.Close()) }()
	}
	return do(ctx, o)
}

// A server has the state directory a moment before it listens and a moment after: so long a command waits for it.
const (
	openPatience = 3 * time.Second
	openPause    = 50 * time.Millisecond
)

// open finds the server, or takes its place.
func (o *operator) open(ctx context.Context, set *settings.Settings, log *zap.Logger, operation string) (err error) {
	client := api.NewClient(app.Socket(set))
	for began := time.Now(); ; {
		if client.Alive(ctx) {
			o.client = client
			o.store, err = app.OpenStore(ctx, set, log)
			return err
		}
		if o.app, err = app.Open(ctx, set, log, operation); err == nil {
			o.store = o.app.Store()
			return nil
		}
		var locked *app.LockedError
		if !errors.As(err, &locked) || !locked.Serving() || time.Since(began) > openPatience {
			return hint(err, "tenter config explain")
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(openPause):
		}
	}
}

// call carries one operation out.
func call[Req, Res any](ctx context.Context, o *operator, name string, local func(*app.App, context.Context, api.Caller, Req) (Res, error), req Req) (Res, error) {
	if o.client != nil {
		return api.Call[Res](ctx, o.client, name, req)
	}
	who, err := o.app.Self()
	if err == nil {
		err = o.app.May(name, who)
	}
	if err != nil {
		var none Res
		return none, err
	}
	return local(o.app, ctx, who, req)
}

// warn writes the warnings of an operation.
func warn(s Streams, warnings []string) {
	for _, w := range warnings {
		fmt.Fprintln(s.Err, w)
	}
}

// mendIntents is what to do about intents with mistakes.
func mendIntents(set *settings.Settings) string {
	if app.FromGit(set) {
		return "mend that and push; in a clone: tenter validate DIR; whom Tenter asks, and how: tenter config explain git.url"
	}
	if _, err := os.Stat(set.Intents); errors.Is(err, os.ErrNotExist) {
		return "tenter init writes the first ones; to use others: --intents DIR"
	}
	return "tenter validate " + set.Intents
}

// about hints at validate when the intents are what is wrong, else at next.
func (o *operator) about(err error, next string, args ...any) error {
	if code(err) == app.CodeIntents {
		return hint(err, "%s", o.intents)
	}
	return hint(err, next, args...)
}
