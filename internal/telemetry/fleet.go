package telemetry

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tenter-net/tenter/internal/intent"
)

// fleet is the state of every device, while this process is the one that tells of it.
type fleet struct {
	mu      sync.Mutex
	leads   bool
	devices map[intent.DeviceName][2]string
}

var (
	deviceState = prometheus.NewDesc("tenter_device_state",
		"1 for each device, with its states. Only the process that leads telemetry has it. Cardinality: one per device.", []string{"device", "sync", "health"}, nil)
	leads = prometheus.NewDesc("tenter_telemetry_leads", "1 while this process is the one that has tenter_device_state.", nil, nil)
)

func newFleet() *fleet { return &fleet{devices: map[intent.DeviceName][2]string{}} }

// Describe is part of prometheus.Collector.
func (f *fleet) Describe(ch chan<- *prometheus.Desc) {
	ch <- deviceState
	ch <- leads
}

// Collect is part of prometheus.Collector.
func (f *fleet) Collect(ch chan<- prometheus.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(leads, prometheus.GaugeValue, number(f.leads))
	for name, s := range f.devices {
		ch <- prometheus.MustNewConstMetric(deviceState, prometheus.GaugeValue, 1, string(name), s[0], s[1])
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Leads says whether this process tells of devices from now on; with either it begins to know none.
func (m *Metrics) Leads(now bool) {
	m.fleet.mu.Lock()
	defer m.fleet.mu.Unlock()
	m.fleet.leads = now
	clear(m.fleet.devices)
}

// Device sets a device's states.
func (m *Metrics) Device(name intent.DeviceName, sync, health string) {
	m.fleet.mu.Lock()
	defer m.fleet.mu.Unlock()
	m.fleet.devices[name] = [2]string{sync, health}
}

// DeviceGone drops a device that the intents do not have any more.
func (m *Metrics) DeviceGone(name intent.DeviceName) {
	m.fleet.mu.Lock()
	defer m.fleet.mu.Unlock()
	delete(m.fleet.devices, name)
}
