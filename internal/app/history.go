package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// The operations that show the log to those who cannot open the store.
const (
	OpEvents      = "events-ls"
	OpCorrelation = "correlation"
)

// MostEvents is how many events one answer has at most.
const MostEvents = 10_001

// A LoggedEvent is an event of the log on its way to a client, with its place there.
type LoggedEvent struct {
	Seq         event.Seq       `json:"seq"`
	Predecessor event.Seq       `json:"predecessor"`
	Hash        []byte          `json:"hash"`
	Envelope    json.RawMessage `json:"event"`
}

// Event returns the event as the log has it, without user names and passwords that were in what it quotes.
func (l LoggedEvent) Event() (event.Event, error) {
	e, err := event.Parse(l.Envelope)
	e.Seq, e.Predecessor, e.Hash = l.Seq, l.Predecessor, l.Hash
	return e, err
}

// Events returns the events that a query selects, in its order.
func (a *App) Events(ctx context.Context, _ api.Caller, q event.Query) ([]LoggedEvent, error) {
	if q.Limit < 0 || q.Limit > MostEvents {
		return nil, fmt.Errorf("events: %d at once are too many: %d is the most", q.Limit, MostEvents)
	}
	list, err := a.store.Events(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]LoggedEvent, len(list))
	for i, e := range list {
		out[i] = LoggedEvent{e.Seq, e.Predecessor, e.Hash, bytes.TrimSpace(withoutLogins(e).Envelope)}
	}
	return out, nil
}

// CorrelationRequest asks for the correlation that ends so.
type CorrelationRequest struct {
	End string `json:"end"`
}

// Correlation finds a correlation by its end.
func (a *App) Correlation(ctx context.Context, _ api.Caller, req CorrelationRequest) (string, error) {
	return WholeCorrelation(ctx, a.store, req.End)
}

// CorrelationTail is how much of a correlation is shown: the end, since the beginning of an id is the time.
const CorrelationTail = 8

// WholeCorrelation returns the correlation that ends so among the newest events, and end itself if there is none, or if it is
// not as long as what is shown of one.
func WholeCorrelation(ctx context.Context, st *store.Store, end string) (string, error) {
	const most = 10_000
	if len(end) != CorrelationTail {
		return end, nil
	}
	list, err := st.Events(ctx, event.Query{Newest: true, Limit: most})
	if err != nil {
		return "", err
	}
	for _, e := range list {
		if strings.HasSuffix(e.Correlation, end) {
			return e.Correlation, nil
		}
	}
	return end, nil
}
