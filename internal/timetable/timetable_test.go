package timetable

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNextOverClockChanges(t *testing.T) {
	tests := []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"no change", "30 3 * * *", "Europe/Berlin", "2026-06-01T00:00:00+02:00", []string{"2026-06-01T03:30:00+02:00", "2026-06-02T03:30:00+02:00"}},
		{
			"spring: a time that is skipped comes after the gap", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"},
		},
		{
			"spring: two times in the gap are one", "15,45 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:15:00+02:00"},
		},
		{
			"spring: the time after the gap is once", "0 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"},
		},
		{
			"spring: around the gap", "59 1,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T01:59:00+01:00", "2026-03-29T03:59:00+02:00"},
		},
		{
			"autumn: a time that comes twice fires at the first", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		},
		{"autumn: from within the repeated hour", "30 2 * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00", []string{"2026-10-26T02:30:00+01:00"}},
		{"autumn: the hour after", "0 3 * * *", "Europe/Berlin", "2026-10-25T02:59:00+02:00", []string{"2026-10-25T03:00:00+01:00"}},
		{
			"autumn: every quarter of an hour stays that", "*/30 * * * *", "Europe/Berlin", "2026-10-25T02:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:00:00+01:00"},
		},
		{
			"spring: every half hour stays that", "*/30 * * * *", "Europe/Berlin", "2026-03-29T01:00:00+01:00",
			[]string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"},
		},
		{
			"a midnight that does not exist", "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00-03:00",
			[]string{"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"},
		},
		{
			"clocks that change by half an hour", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00+11:00",
			[]string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"},
		},
		{"a zone without changes", "0 12 * * mon", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-05T12:00:00Z", "2026-01-12T12:00:00Z"}},
		{"never", "0 0 30 2 *", "Europe/Berlin", "2026-01-01T00:00:00Z", []string{"never"}},
		{"a day of many years", "0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table, err := Parse(tt.cron, tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range tt.want {
				if at = table.Next(at); at.IsZero() {
					got = append(got, "never")
					continue
				}
				got = append(got, at.In(table.zone).Format(time.RFC3339))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ cron, zone string }{{"* * * *", "UTC"}, {"@daily", "UTC"}, {"61 * * * *", "UTC"}, {"* * * * *", "Mars/Olympus"}} {
		if _, err := Parse(tt.cron, tt.zone); err == nil {
			t.Errorf("%q in %q was accepted", tt.cron, tt.zone)
		}
	}
}

// What is next is later, and is a time that the expression names on the wall or the end of a gap.
func FuzzNext(f *testing.F) {
	f.Add("30 2 * * *", "Europe/Berlin", int64(1774656000))
	f.Add("*/7 * * * *", "Australia/Lord_Howe", int64(1775304000))
	f.Add("0 0 1 * sun", "America/Sao_Paulo", int64(1541250000))
	f.Fuzz(func(t *testing.T, expression, zone string, unix int64) {
		table, err := Parse(expression, zone)
		if err != nil || unix < 0 || unix > 1<<33 {
			return
		}
		at := time.Unix(unix, 0)
		for range 5 {
			next := table.Next(at)
			if next.IsZero() {
				return
			}
			if !next.After(at) {
				t.Fatalf("%q in %s: after %s comes %s", expression, zone, at, next)
			}
			at = next
		}
	})
}

func BenchmarkNext(b *testing.B) {
	table, err := Parse("30 2 * * mon", "Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		table.Next(at)
	}
}
