package intent

import (
	"time"

	"github.com/tenter-net/tenter/internal/timetable"
)

// WindowSpec is the spec of a Window. All Windows of a device count: nothing is written while one of mode deny is open, and
// where there are any of mode allow, only while one of them is.
type WindowSpec struct {
	// All devices if absent.
	Devices *Selector `json:"devices,omitempty"`
	// allow: runs only inside; deny: no runs inside.
	Mode string `json:"mode" jsonschema:"enum=allow,enum=deny"`
	// When the window opens, by the clock on the wall: minute, hour, day of month, month, day of week.
	Cron Cron `json:"cron"`
	// IANA time zone of cron.
	TimeZone TimeZone `json:"timeZone"`
	// How long the window stays open.
	Duration Duration `json:"duration"`
	// Whether a person may start a run (tenter apply) that the window would stop; denied if absent.
	Manual string `json:"manual,omitempty" jsonschema:"enum=allowed,enum=denied"`
	// What becomes of a run that the window overtakes, besides the devices in flight, which are finished: stop (no further
	// device is begun; the default), pause (it goes on when writing is possible again), finish (it goes on), rollback (what it
	// did is put back).
	Overtaken string `json:"overtaken,omitempty" jsonschema:"enum=stop,enum=pause,enum=finish,enum=rollback"`
}

// sometime is where the search for a window's first opening starts; any time would do, the search goes on for years.
var sometime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// windows checks the Windows: a selector that chooses nothing, a timetable that never comes.
func (c *checker) windows() {
	for _, d := range c.Windows {
		c.selector(d.Document, d.Spec.Devices)
		if d.Spec.Cron == "" || d.Spec.TimeZone == "" {
			continue
		}
		t, err := timetable.Parse(string(d.Spec.Cron), string(d.Spec.TimeZone))
		if err != nil {
			c.add(d.Errorf(CodeNever, At{"cron"}, "%v", err))
			continue
		}
		if t.Next(sometime).IsZero() {
			c.add(d.Errorf(CodeNever, At{"cron"}, "window %q never opens: %q names no day of any year", d.Name, d.Spec.Cron).WithHint(`as in "0 1 * * sat"`))
		}
	}
}
