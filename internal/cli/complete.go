package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// A lister names what a shell may complete an argument to.
type lister func(ctx context.Context, st *store.Store) ([]string, error)

// completes makes the shell complete the first argument of cmd from the store. Where there is none it completes nothing:
// the command itself will say so.
func completes(cmd *cobra.Command, list lister) *cobra.Command {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		err := withStore(cmd, func(ctx context.Context, st *store.Store) (err error) {
			names, err = list(ctx, st)
			return err
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return names, cobra.ShellCompDirectiveDefault
	}
	return cmd
}

func deviceNames(ctx context.Context, st *store.Store) ([]string, error) {
	list, err := st.Devices(ctx)
	names := make([]string, len(list))
	for i, d := range list {
		names[i] = string(d.Name)
	}
	return names, err
}

func openPlans(ctx context.Context, st *store.Store) ([]string, error) {
	list, err := st.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen, view.PlanApproved}})
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.ID + "\t" + string(p.Status) + ", for " + p.Cause
	}
	return names, err
}

func runNames(ctx context.Context, st *store.Store) ([]string, error) {
	list, err := st.Runs(ctx, view.RunQuery{})
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.ID + "\t" + string(r.Status)
	}
	return names, err
}
