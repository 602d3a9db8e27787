package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/view"
)

// scrapeTime bounds what a scrape asks the store.
const scrapeTime = 5 * time.Second

// Sources are what is read when somebody scrapes. All must be set.
type Sources struct {
	Lags     func(ctx context.Context) ([]view.Lag, error)
	Head     func(ctx context.Context) (event.Seq, []byte, error)
	Local    func() local.Stats
	Failures func() uint64                // of publishing, since the start
	Newer    func() map[event.Type]uint64 // events passed over, of types that this build does not know
	Degraded func() bool                  // events wait in the log
}

// Watch adds to the metrics what the sources tell.
func (m *Metrics) Watch(s Sources) { m.registry.MustRegister(&scrape{s}) }

type scrape struct{ Sources }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("tenter_"+name, help, labels, nil)
}

var (
	storeUp   = desc("store_up", "1 when the store answered this scrape.")
	logHead   = desc("log_head", "The last event's place in the log.")
	pending   = desc("group_pending", "Events that the group has still to handle, by stream.", "group", "stream")
	retrying  = desc("group_retrying", "Of those, events that failed and are tried again.", "group", "stream")
	dead      = desc("group_dead_letters", "Events that the group gave up on and nobody requeued or dropped.", "group", "stream")
	oldest    = desc("group_oldest_seconds", "How long the oldest event that the group has still to handle waits. The log keeps everything from there.", "group", "stream")
	attempts  = desc("group_attempts", "The most attempts at one event that is still to be handled.", "group", "stream")
	published = desc("publish_failures_total", "Failures to hand the log's events on to Redis.")
	newer     = desc("events_passed_over_total", "Events of types that this version does not know, and so acknowledges without handling them.", "type")
	degraded  = desc("bus_degraded", "1 while the log says that events can not be distributed.")
	localSeen = desc("local_events_total", "Events offered to subscribers within this process, by what became of them.", "subscriber", "outcome")
	localLeft = desc("local_pending", "Events in a subscriber's queue, and the one that it handles.", "subscriber")
	requests  = desc("requests_total", "Questions to validators within this process, and answers, by what became of them.", "outcome")
)

// Describe is part of prometheus.Collector.
func (s *scrape) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storeUp, logHead, pending, retrying, dead, oldest, attempts, published, newer, degraded, localSeen, localLeft, requests} {
		ch <- d
	}
}

// Collect is part of prometheus.Collector.
func (s *scrape) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	head, _, err := s.Head(ctx)
	var lags []view.Lag
	if err == nil {
		lags, err = s.Lags(ctx)
	}
	gauge(storeUp, number(err == nil))
	if err == nil {
		gauge(logHead, float64(head))
	}
	now := time.Now()
	for _, l := range lags {
		gauge(pending, float64(l.Pending+l.Retry), l.Group, l.Stream)
		gauge(retrying, float64(l.Retry), l.Group, l.Stream)
		gauge(dead, float64(l.Dead), l.Group, l.Stream)
		gauge(attempts, float64(l.Attempts), l.Group, l.Stream)
		age := 0.0
		if !l.Since.IsZero() {
			age = max(0, now.Sub(l.Since).Seconds())
		}
		gauge(oldest, age, l.Group, l.Stream)
	}
	count(published, s.Failures())
	for t, n := range s.Newer() {
		count(newer, n, string(t))
	}
	gauge(degraded, number(s.Degraded()))
	st := s.Local()
	for name, of := range st.Subscribers {
		for outcome, n := range map[string]uint64{
			"offered": of.Offered, "handled": of.Handled, "merged": of.Merged, "dropped": of.Dropped, "refused": of.Refused,
			"left": of.Left, "failed": of.Failed, "panicked": of.Panics, "replayed": of.Replayed, "skipped": of.Skipped,
		} {
			count(localSeen, n, name, outcome)
		}
		gauge(localLeft, float64(of.Pending), name)
	}
	r := st.Requests
	for outcome, n := range map[string]uint64{
		"asked": r.Requests, "too_few": r.TooFew, "answer": r.Answers, "failed": r.Failed, "missing": r.Missing,
		"duplicate": r.Duplicates, "stranger": r.Strangers, "late": r.Late,
	} {
		count(requests, n, outcome)
	}
}
