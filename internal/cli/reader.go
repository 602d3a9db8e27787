package cli

import (
	"context"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// A reader shows read models and the log: the store, or the API of a server.
type reader interface {
	Plans(ctx context.Context, q view.PlanQuery) ([]view.Plan, error)
	Plan(ctx context.Context, id string) (view.Plan, error)
	Runs(ctx context.Context, q view.RunQuery) ([]view.Run, error)
	Run(ctx context.Context, id string) (view.Run, error)
	RunDevices(ctx context.Context, run string) ([]view.RunDevice, error)
	Devices(ctx context.Context) ([]view.Device, error)
	Episodes(ctx context.Context, q view.EpisodeQuery) ([]view.Episode, error)
	Episode(ctx context.Context, id string) (view.Episode, error)
	Events(ctx context.Context, q event.Query) ([]event.Event, error)
}

type remoteReader struct{ c *api.Client }

// Plans asks the server for plans.
func (r remoteReader) Plans(ctx context.Context, q view.PlanQuery) ([]view.Plan, error) {
	return api.Call[[]view.Plan](ctx, r.c, app.OpPlans, q)
}

// Plan asks the server for one plan.
func (r remoteReader) Plan(ctx context.Context, id string) (view.Plan, error) {
	return api.Call[view.Plan](ctx, r.c, app.OpPlanOf, app.OneRequest{ID: id})
}

// Runs asks the server for runs.
func (r remoteReader) Runs(ctx context.Context, q view.RunQuery) ([]view.Run, error) {
	return api.Call[[]view.Run](ctx, r.c, app.OpRuns, q)
}

// Run asks the server for one run.
func (r remoteReader) Run(ctx context.Context, id string) (view.Run, error) {
	return api.Call[view.Run](ctx, r.c, app.OpRunOf, app.OneRequest{ID: id})
}

// RunDevices asks the server how a run stands on its devices.
func (r remoteReader) RunDevices(ctx context.Context, run string) ([]view.RunDevice, error) {
	list, err := api.Call[[]view.RunDevice](ctx, r.c, app.OpRunDevices, app.OneRequest{ID: run})
	for i := range list {
		list[i].Run = run // which it was asked for, and does not repeat
	}
	return list, err
}

// Devices asks the server for the devices.
func (r remoteReader) Devices(ctx context.Context) ([]view.Device, error) {
	return api.Call[[]view.Device](ctx, r.c, app.OpDevices, app.Nothing{})
}

// Episodes asks the server for drift episodes.
func (r remoteReader) Episodes(ctx context.Context, q view.EpisodeQuery) ([]view.Episode, error) {
	return api.Call[[]view.Episode](ctx, r.c, app.OpEpisodes, q)
}

// Episode asks the server for one drift episode.
func (r remoteReader) Episode(ctx context.Context, id string) (view.Episode, error) {
	return api.Call[view.Episode](ctx, r.c, app.OpEpisodeOf, app.OneRequest{ID: id})
}

// Events asks the server for events of its log.
func (r remoteReader) Events(ctx context.Context, q event.Query) ([]event.Event, error) {
	list, err := api.Call[[]app.LoggedEvent](ctx, r.c, app.OpEvents, q)
	if err != nil {
		return nil, err
	}
	out := make([]event.Event, len(list))
	for i, l := range list {
		if out[i], err = l.Event(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// wholeCorrelation finds the correlation that ends as printEvent shows it, where the log is.
func wholeCorrelation(ctx context.Context, r reader, end string) (string, error) {
	if len(end) != app.CorrelationTail {
		return end, nil
	}
	switch from := r.(type) {
	case remoteReader:
		return api.Call[string](ctx, from.c, app.OpCorrelation, app.CorrelationRequest{End: end})
	case *store.Store:
		return app.WholeCorrelation(ctx, from, end)
	}
	return end, nil
}
