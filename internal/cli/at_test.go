package cli

import (
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

func TestParseMoment(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.Local)
	for text, want := range map[string]moment{
		"4711":                      {seq: 4711},
		"#12":                       {seq: 12},
		"2026-05-04T10:00:00Z":      {time: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)},
		"2026-05-04T10:00:00+02:00": {time: time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)},
		"2026-05-04 10:00":          {time: time.Date(2026, 5, 4, 10, 0, 0, 0, time.Local)},
		"2026-05-04":                {time: time.Date(2026, 5, 4, 0, 0, 0, 0, time.Local)},
		"2h ago":                    {time: now.Add(-2 * time.Hour)},
		"90m":                       {time: now.Add(-90 * time.Minute)},
		"1h 30m ago":                {time: now.Add(-90 * time.Minute)},
		"3 days ago":                {time: now.AddDate(0, 0, -3)},
	} {
		if got, err := parseMoment(text, now); err != nil || got.seq != want.seq || !got.time.Equal(want.time) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "ago", "yesterday", "-5m", "2026-13-01", "-1", "99999999999999999999", "999999d"} {
		if got, err := parseMoment(text, now); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
	if got, err := parseMoment("0", now); err != nil || got.seq != event.Seq(0) || !got.time.IsZero() {
		t.Errorf("0 is %v, %v", got, err) // find refuses it: there is no event 0
	}
}
