package event

import (
	"strings"
	"testing"
)

func TestCatalogueIsWhole(t *testing.T) {
	streams := map[string]bool{}
	for _, s := range Streams() {
		streams[s] = true
	}
	for typ := range catalogue {
		domain, action, ok := strings.Cut(string(typ), ".")
		if !ok || domain == "" || action == "" {
			t.Errorf("type %q is not domain.action", typ)
		}
		if !streams[StreamOf(typ)] {
			t.Errorf("type %q travels on %q, which is none of %v", typ, StreamOf(typ), Streams())
		}
		if !typ.Matches(domain) || !typ.Matches("") || typ.Matches(string(typ)+"x") {
			t.Errorf("type %q is matched wrongly", typ)
		}
	}
	for domain, stream := range map[string]string{
		"approval.granted": "reconciler", "control.command": "reconciler", "window.opened": "intent",
		"worker.joined": "system", "bus.degraded": "system", "notification.sent": "system", "device.synced": "device", "drift.held": "drift",
	} {
		if got := StreamOf(Type(domain)); got != stream {
			t.Errorf("StreamOf(%s) = %s, want %s", domain, got, stream)
		}
	}
}
