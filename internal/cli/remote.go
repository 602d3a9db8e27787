package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/secret"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
)

// remote returns a client of the server that the settings name, nil if they name none.
func remote(set *settings.Settings, warnings io.Writer) (*api.Client, error) {
	if set.Server == "" {
		return nil, nil
	}
	token, err := clientToken(set, warnings)
	if err != nil {
		return nil, hint(err, "tenter config explain token_file")
	}
	c, err := api.NewRemote(api.Remote{URL: string(set.Server), CAFile: set.ServerCA, Token: token})
	return c, hint(err, "tenter config explain server")
}

// clientToken is never from an argument, which everybody on the machine can read.
func clientToken(set *settings.Settings, warnings io.Writer) (string, error) {
	if text := os.Getenv(settings.TokenVariable); text != "" {
		return strings.TrimSpace(text), nil
	}
	if set.TokenFile == "" {
		return "", nil
	}
	// A pipe or a whole disk is no token, and one that everybody may read is everybody's.
	token, err := secret.NewReader("", "", func(text string) { fmt.Fprintln(warnings, "warning:", text) }).From(set.TokenFile, "")
	if err != nil {
		return "", fmt.Errorf("token_file: %w", err)
	}
	return strings.TrimSpace(token.Reveal()), nil
}

// notRemote refuses a command that reads the store itself when a server elsewhere is meant.
func notRemote(cmd *cobra.Command, set *settings.Settings) error {
	if set.Server == "" {
		return nil
	}
	return hint(fmt.Errorf("%s reads the state directory, and with --server there is only the API", cmd.CommandPath()),
		"%s, without --server, where %s runs", cmd.CommandPath(), set.Server)
}

// follow is follow of the store, or of the server's stream.
func (o *operator) follow(ctx context.Context, q event.Query, show func(event.Event) (stop bool, err error)) error {
	if o.store != nil {
		return follow(ctx, o.store, q, show)
	}
	return followRemote(ctx, o.client, q, show)
}

// followRemote is follow of a server's stream. The stream has no other bounds than the place that it begins after.
func followRemote(ctx context.Context, c *api.Client, q event.Query, show func(event.Event) (stop bool, err error)) error {
	want := url.Values{"after": {strconv.FormatUint(uint64(q.After), 10)}}
	for _, t := range q.Types {
		want.Add("type", string(t))
	}
	if q.Subject != "" {
		want.Set("device", q.Subject)
	}
	if q.Correlation != "" {
		want.Set("correlation", q.Correlation)
	}
	return c.Follow(ctx, app.StreamEvents, want, func(t api.Told) (bool, error) {
		e, err := event.Parse(t.Data)
		if err != nil {
			return false, err
		}
		e.Seq = event.Seq(t.ID)
		return show(e)
	})
}

// withReader runs do with the store of the state directory, as of the moment that --at names, or with the server that the
// settings name, which tells only of now.
func withReader(cmd *cobra.Command, s Streams, do func(ctx context.Context, from display, r reader) error) error {
	return withLog(cmd, false, func(ctx context.Context, r reader) error {
		from := display{now: time.Now()}
		f := cmd.Flags().Lookup("at")
		st, local := r.(*store.Store)
		switch {
		case f == nil || !f.Changed:
		case !local:
			return hint(fmt.Errorf("%s --at reads the state directory, and with --server there is only the API", cmd.CommandPath()),
				"%s --at, without --server, where the server runs", cmd.CommandPath())
		default:
			var err error
			if from, err = at(ctx, cmd, s, st); err != nil {
				return err
			}
		}
		return do(ctx, from, r)
	})
}

// withLog runs do with the store of the state directory, or with the server that the settings name. Who waits for what is to
// come gets a store that is made if it is not there yet.
func withLog(cmd *cobra.Command, wait bool, do func(ctx context.Context, r reader) error) error {
	set, _, err := load(cmd, true)
	if err != nil {
		return err
	}
	c, err := remote(set, cmd.ErrOrStderr())
	switch {
	case err != nil:
		return err
	case c != nil:
		return hintRemote(do(cmd.Context(), remoteReader{c}))
	}
	open := withStore
	if wait {
		open = withNewStore
	}
	return open(cmd, func(ctx context.Context, st *store.Store) error { return do(ctx, st) })
}

// hintRemote says what to do about a server that does not know who calls, or is not there.
func hintRemote(err error) error {
	switch p := (*api.Problem)(nil); { // whatever a command would say of other errors
	case errors.As(err, &p) && p.Code == api.CodeUnauthorized:
		return hint(err, "%s", nextIn(err, "tenter token create, on the server"))
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return hint(err, "look at whom you reach; an authority of your own: TENTER_SERVER_CA=FILE, or the setting server_ca")
	case errors.Is(err, api.ErrNoServer), errors.As(err, new(*net.OpError)):
		return hint(err, "see that tenter serve runs there, and where it listens: tenter config explain server")
	}
	return err
}
