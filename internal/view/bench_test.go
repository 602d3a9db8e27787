package view_test

import (
	"fmt"
	"testing"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// BenchmarkFold folds what a storm of drifts on a thousand devices tells: each opens an episode and ends it.
func BenchmarkFold(b *testing.B) {
	var events []event.Event
	add := func(typ event.Type, data any) {
		d := event.Draft{ID: "i", Type: typ, Time: noon, Source: "w", Correlation: "c", Data: data}
		e, err := d.Seal()
		if err != nil {
			b.Fatal(err)
		}
		e.Seq = event.Seq(len(events) + 1)
		events = append(events, e)
	}
	findings := []event.Finding{{Path: "/interfaces/interface[name=Ethernet1]/config/description", Class: "changed", Before: "to leaf1:49", After: "oops"}}
	for i := range 1000 {
		device, id := intent.DeviceName(fmt.Sprintf("leaf%d", i)), fmt.Sprintf("e%d", i)
		add(event.TypeDriftDetected, event.Drift{
			Episode: id, Device: device, Findings: findings, Total: 1, Mode: "enforce", FirstSeen: noon, State: &event.DeviceState{Sync: view.Drifted, Health: view.Healthy},
		})
		add(event.TypeDriftRemediated, event.DriftRemediated{
			Episode: id, Device: device, By: "tenter", Findings: findings, State: &event.DeviceState{Sync: view.InSync, Health: view.Healthy},
		})
	}
	b.ReportAllocs()
	folded := 0
	for b.Loop() {
		s := view.NewState()
		for _, e := range events {
			if err := s.Fold(e); err != nil {
				b.Fatal(err)
			}
		}
		folded += len(events)
	}
	b.ReportMetric(float64(folded)/b.Elapsed().Seconds(), "events/s")
}
