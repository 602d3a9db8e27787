package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkTime is how long one dependency may take to say that it is there.
const checkTime = 2 * time.Second

// A Check looks whether something is there that the process needs to do its work.
type Check struct {
	Name string
	Look func(ctx context.Context) error // must hold no secret in its error
}

// ready is the answer of /readyz.
type ready struct {
	Ready  bool     `json:"ready"`
	Checks []looked `json:"checks"`
}

type looked struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// Serve answers GET /metrics, /healthz and /readyz on the listener until ctx ends. /healthz says that the process lives;
// /readyz is 503 as long as a check fails, and names it.
func (m *Metrics) Serve(ctx context.Context, l net.Listener, checks []Check) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 2 * scrapeTime}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		answer := look(r.Context(), checks)
		w.Header().Set("Content-Type", "application/json")
		if !answer.Ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(answer) // who asked has left
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("metrics: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := srv.Shutdown(grace)
	if err != nil {
		err = srv.Close()
	}
	if ended := <-done; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// look looks at everything at the same time.
func look(ctx context.Context, checks []Check) ready {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	answer := ready{Ready: true, Checks: make([]looked, len(checks))}
	var wg sync.WaitGroup
	for i, c := range checks {
		wg.Go(func() {
			answer.Checks[i] = looked{Name: c.Name, OK: true}
			if err := c.Look(ctx); err != nil {
				answer.Checks[i] = looked{Name: c.Name, Error: err.Error()}
			}
		})
	}
	wg.Wait()
	for _, c := range answer.Checks {
		answer.Ready = answer.Ready && c.OK
	}
	return answer
}
