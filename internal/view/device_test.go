package view_test

import (
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/view"
)

func TestWhatADeviceIsKnownBy(t *testing.T) {
	boot := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	known := view.Known{Software: "1.0", Serial: "A", Booted: boot}
	for name, tt := range map[string]struct {
		now  view.Known
		want string
	}{
		"the same":               {known, ""},
		"nothing told":           {view.Known{}, ""},
		"some milliseconds late": {view.Known{Booted: boot.Add(17 * time.Millisecond)}, ""},
		"some seconds early":     {view.Known{Booted: boot.Add(-4 * time.Second)}, ""},
		"restarted":              {view.Known{Software: "1.0", Serial: "A", Booted: boot.Add(time.Minute)}, "it restarted at 2026-11-01T12:01:00Z"},
		"other software":         {view.Known{Software: "2.0", Serial: "A", Booted: boot.Add(time.Minute)}, "it has other software: 2.0, it had 1.0"},
		"another device":         {view.Known{Software: "2.0", Serial: "B"}, "it is another device: serial number B, it was A"},
	} {
		if got := known.Differs(tt.now); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
