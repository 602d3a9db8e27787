package telemetry

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tenter-net/tenter/internal/event"
)

// Metrics are the counts of one process. Its methods may be called by any goroutine.
type Metrics struct {
	registry *prometheus.Registry

	events, deliveries, runs, calls, messages, elections *prometheus.CounterVec
	handlers, callTimes, runTimes, heard                 *prometheus.HistogramVec
	commits, detection, remediation                      prometheus.Observer
	fleet                                                *fleet
}

// The buckets of times within a process, and of times that devices and people take.
var (
	quick = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	slow  = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800}
)

// A Process is who tells.
type Process struct{ Version, Worker string }

// NewMetrics returns metrics that are all zero.
func NewMetrics(who Process) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), fleet: newFleet()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tenter_" + name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	times := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tenter_" + name, Help: help, Buckets: buckets}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.events = counter("events_total", "Events that this process appended to the log.", "type")
	m.deliveries = counter("deliveries_total", "Attempts to handle an event, by how they ended: done or failed.", "group", "outcome")
	m.handlers = times("handler_seconds", "How long handlers of groups took.", quick, "group")
	m.heard = times("local_handler_seconds", "How long subscribers within this process took.", quick, "subscriber")
	m.commits = times("commit_seconds", "From asking for a transaction until it is committed with its events sealed.", quick).WithLabelValues()
	m.runs = counter("runs_total", "Runs that ended here, by cause and outcome.", "cause", "outcome")
	m.runTimes = times("run_seconds", "How long runs took.", slow, "cause")
	m.detection = times("drift_detection_seconds", "From the first sign of a difference until it is called drift: the settle time is in it.", slow).WithLabelValues()
	m.remediation = times("drift_open_seconds", "How long episodes of drift were open when they ended.", slow).WithLabelValues()
	m.calls = counter("device_calls_total", "Requests to devices: call is set, save, read or probe; outcome is done or failed.", "call", "outcome")
	m.callTimes = times("device_call_seconds", "How long requests to devices took.", slow, "call")
	m.messages = counter("messages_total", "Messages to chat receivers, by outcome: sent or failed.", "receiver", "outcome")
	m.elections = counter("elections_total", "What this process was elected for: the election's name, without what follows its first slash for devices.", "election")
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tenter_info", Help: "1, with what this process is."}, []string{"version", "worker"})
	info.WithLabelValues(who.Version, who.Worker).Set(1)
	m.registry.MustRegister(info, m.fleet, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, t := range event.Types() { // what never happened is 0, not absent: rates and alerts need that
		m.events.WithLabelValues(string(t))
	}
	for _, call := range []string{"set", "save", "read", "probe"} {
		m.callTimes.WithLabelValues(call)
		for _, outcome := range []string{done, failed} {
			m.calls.WithLabelValues(call, outcome)
		}
	}
	return m
}

const (
	done   = "done"
	failed = "failed"
)

func outcome(err error) string {
	if err != nil {
		return failed
	}
	return done
}

// Handled counts an attempt of a group to handle an event.
func (m *Metrics) Handled(group string, took time.Duration, err error) {
	m.deliveries.WithLabelValues(group, outcome(err)).Inc()
	m.handlers.WithLabelValues(group).Observe(took.Seconds())
}

// Group makes the counts of a group be there before it handles anything.
func (m *Metrics) Group(group string) {
	m.deliveries.WithLabelValues(group, done)
	m.deliveries.WithLabelValues(group, failed)
	m.handlers.WithLabelValues(group)
}

// Heard counts an event that a subscriber within the process handled.
func (m *Metrics) Heard(subscriber string, took time.Duration) {
	m.heard.WithLabelValues(subscriber).Observe(took.Seconds())
}

// Committed counts a transaction.
func (m *Metrics) Committed(took time.Duration) { m.commits.Observe(took.Seconds()) }

// Called counts a request to a device.
func (m *Metrics) Called(call string, took time.Duration, err error) {
	m.calls.WithLabelValues(call, outcome(err)).Inc()
	m.callTimes.WithLabelValues(call).Observe(took.Seconds())
}

// Sent counts a message to a receiver.
func (m *Metrics) Sent(receiver string, err error) {
	how := "sent"
	if err != nil {
		how = failed
	}
	m.messages.WithLabelValues(receiver, how).Inc()
}

// Event counts an event that this process appended.
func (m *Metrics) Event(t event.Type) {
	if !t.Known() {
		t = "unknown"
	}
	m.events.WithLabelValues(string(t)).Inc()
}

// RunEnded counts a run.
func (m *Metrics) RunEnded(cause, outcome string, took time.Duration) {
	m.runs.WithLabelValues(cause, outcome).Inc()
	m.runTimes.WithLabelValues(cause).Observe(took.Seconds())
}

// DriftDetected tells how long it took to call a difference drift.
func (m *Metrics) DriftDetected(after time.Duration) { m.detection.Observe(after.Seconds()) }

// DriftEnded tells how long an episode was open.
func (m *Metrics) DriftEnded(after time.Duration) { m.remediation.Observe(after.Seconds()) }

// Elected counts an election that this process won.
func (m *Metrics) Elected(election string) {
	kind, name, named := strings.Cut(election, "/")
	if named && (kind == "device" || kind == "run") { // one of each would be a label without bounds
		election = kind
	} else {
		election = strings.TrimSuffix(kind+"/"+name, "/")
	}
	m.elections.WithLabelValues(election).Inc()
}
