package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
)

// load reads the settings and makes the logger; warnings about the settings are said once.
func load(cmd *cobra.Command) (*settings.Settings, *zap.Logger, error) {
	set, err := settings.Load(cmd.Flags())
	if err != nil {
		return nil, nil, hint(err, "tenter config explain")
	}
	log, err := app.NewLog(set)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range set.Warnings {
		log.Warn(w)
	}
	return set, log, nil
}

// withStore runs do with the store open for reading. It needs no server and no lock: readers never wait for writers.
func withStore(cmd *cobra.Command, do func(ctx context.Context, st *store.Store) error) (err error) {
	set, log, err := load(cmd)
	if err != nil {
		return err
	}
	st, err := app.OpenStore(cmd.Context(), set, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return do(cmd.Context(), st)
}
