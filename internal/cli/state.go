package cli

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
)

// loadSettings reads the settings of a command.
func loadSettings(cmd *cobra.Command) (*settings.Settings, error) {
	set, err := settings.Load(cmd.Flags())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint(err, "%s --config FILE, or without --config and TENTER_CONFIG for the defaults", cmd.CommandPath())
	}
	return set, hint(err, "mend that, then again: %s", cmd.CommandPath())
}

// warned marks a command that has said what is dangerous in the settings: some read them once to find the server and again for
// the store.
const warned = "settings.warned"

// load reads the settings and makes the logger; warnings about the settings are said once.
func load(cmd *cobra.Command, command bool) (*settings.Settings, *zap.Logger, error) {
	set, err := loadSettings(cmd)
	if err != nil {
		return nil, nil, err
	}
	log, err := app.NewLog(set, command)
	if err != nil {
		return nil, nil, err
	}
	if cmd.Annotations[warned] == "" {
		for _, w := range set.Warnings {
			log.Warn(w)
		}
		cmd.Annotations = map[string]string{warned: "yes"}
	}
	return set, log, nil
}

// withStore runs do with the store open for reading. It needs no server and no lock: readers never wait for writers.
func withStore(cmd *cobra.Command, do func(ctx context.Context, st *store.Store) error) error {
	return withStoreBy(app.ReadStore, cmd, do)
}

// withNewStore is withStore for those who wait for what is to come: a store that is not there yet is made.
func withNewStore(cmd *cobra.Command, do func(ctx context.Context, st *store.Store) error) error {
	return withStoreBy(app.OpenStore, cmd, do)
}

type openStore func(context.Context, *settings.Settings, *zap.Logger) (*store.Store, error)

func withStoreBy(open openStore, cmd *cobra.Command, do func(ctx context.Context, st *store.Store) error) (err error) {
	set, log, err := load(cmd, true)
	if err != nil {
		return err
	}
	if err := notRemote(cmd, set); err != nil {
		return err
	}
	st, err := open(cmd.Context(), set, log)
	if err != nil {
		return noStore(err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return do(cmd.Context(), st)
}

// noStore tells a store that is not there yet from one that can not be had.
func noStore(err error) error {
	var none *app.NoStoreError
	if errors.As(err, &none) {
		return hint(err, "tenter plan, or the settings that you mean: --config FILE, --state-dir DIR")
	}
	return hint(err, "tenter config explain store.dsn")
}
