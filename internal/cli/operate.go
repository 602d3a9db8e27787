package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/store"
)

// An operator carries operations out: in the server that has the state directory, or in this process under its lock.
type operator struct {
	client  *api.Client // nil without a server
	app     *app.App    // nil with one
	store   *store.Store
	intents string // directory
}

// withOperator runs do with the server of the state directory, or with an application of its own if none serves.
func withOperator(cmd *cobra.Command, do func(ctx context.Context, o *operator) error) (err error) {
	set, log, err := load(cmd, true)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	o := &operator{intents: set.Intents}
	if client := api.NewClient(app.Socket(set)); client.Alive(ctx) {
		o.client = client
		if o.store, err = app.OpenStore(ctx, set, log); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, o.store.Close()) }()
		return do(ctx, o)
	}
	if o.app, err = app.Open(ctx, set, log, cmd.CommandPath()); err != nil {
		return hint(err, "tenter config explain")
	}
	defer func() { err = errors.Join(err, o.app.Close()) }()
	o.store = o.app.Store()
	return do(ctx, o)
}

// call carries one operation out.
func call[Req, Res any](ctx context.Context, o *operator, name string, local func(*app.App, context.Context, api.Caller, Req) (Res, error), req Req) (Res, error) {
	if o.client != nil {
		return api.Call[Res](ctx, o.client, name, req)
	}
	return local(o.app, ctx, api.NewCaller(uint32(os.Getuid())), req)
}

// warn writes the warnings of an operation.
func warn(s Streams, warnings []string) {
	for _, w := range warnings {
		fmt.Fprintln(s.Err, w)
	}
}

// about hints at validate when the intents are what is wrong, else at next.
func (o *operator) about(err error, next string, args ...any) error {
	if code(err) == app.CodeIntents {
		return hint(err, "tenter validate %s", o.intents)
	}
	return hint(err, next, args...)
}
