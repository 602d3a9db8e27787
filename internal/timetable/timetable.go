// Package timetable says when cron expressions fire by the clock on a wall. It is pure: times come in as values, and every
// question has an end, also about an expression that never fires.
package timetable

import (
	"fmt"
	"time"
	_ "time/tzdata" // the zones, for a static binary in an empty image

	"github.com/robfig/cron/v3"
)

// A Timetable is a cron expression in a time zone.
//
// When clocks change it keeps what people mean: an expression with fixed hours fires once for each wall clock time it
// names, at the first of two equal times in autumn, and right after the gap for a time that is skipped in spring. An
// expression for every hour follows time itself, so "every 15 minutes" stays that.
type Timetable struct {
	spec      *cron.SpecSchedule
	zone      *time.Location
	everyHour bool
}

// starBit marks a field of "*" in robfig/cron.
const starBit = 1 << 63

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// Parse reads an expression of five fields and an IANA time zone.
func Parse(expression, zone string) (Timetable, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return Timetable{}, fmt.Errorf("time zone %q: %w", zone, err)
	}
	s, err := parser.Parse(expression)
	if err != nil {
		return Timetable{}, fmt.Errorf("cron %q: %w", expression, err)
	}
	spec, ok := s.(*cron.SpecSchedule)
	if !ok {
		return Timetable{}, fmt.Errorf("cron %q: five fields are expected", expression)
	}
	t := Timetable{spec: spec, zone: loc, everyHour: spec.Hour&starBit != 0}
	if t.everyHour {
		spec.Location = loc
	} else {
		spec.Location = time.UTC // wall clock times are calculated as if they were in UTC, which has no gaps
	}
	return t, nil
}

// Next returns the first time after the given one, or zero when there is none within five years (30 February).
func (t Timetable) Next(after time.Time) time.Time {
	if t.everyHour {
		return t.spec.Next(after.In(t.zone)).In(t.zone)
	}
	wall := wallClock(after.In(t.zone))
	for {
		if wall = t.spec.Next(wall); wall.IsZero() {
			return time.Time{}
		}
		// In the hour that clocks repeat, the wall clock time comes again when its turn is over.
		if at := instant(wall, t.zone); at.After(after) {
			return at
		}
	}
}

// Zone is where the wall is on which the clock hangs.
func (t Timetable) Zone() *time.Location { return t.zone }

// wallClock is what the clock on the wall shows, as a time in UTC.
func wallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instant is when the wall clock shows a time first; for a time that it never shows, the end of the gap.
func instant(wall time.Time, zone *time.Location) time.Time {
	// Which of two times Date returns, and on which side of a gap, is not said, so both are looked at.
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	start, end := t.ZoneBounds()
	switch shown := wallClock(t); {
	case shown.After(wall):
		return start
	case shown.Before(wall):
		return end
	case start.IsZero():
		return t
	}
	_, offset := start.Add(-time.Second).Zone()
	earlier := wall.Add(-time.Duration(offset) * time.Second).In(zone)
	if earlier.Before(start) && wallClock(earlier).Equal(wall) {
		return earlier
	}
	return t
}
