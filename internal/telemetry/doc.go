// Package telemetry tells operators' tools how Tenter does: metrics for Prometheus, health for whatever restarts or routes,
// and traces over OTLP. It owns their libraries; nobody else knows of them.
//
// Metrics are counted where something happens, or read from the store when they are scraped; nothing polls. A label is
// always one of a small set that settings or the catalogue bound; the device is a label of tenter_device_state alone,
// and the process that keeps that is one of all that share a store.
//
// Everything works on a nil *Tracer, and does nothing.
package telemetry
