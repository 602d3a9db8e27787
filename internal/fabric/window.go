package fabric

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Window says when runs may write: inside one that allows, outside one that does not.
type Window struct {
	Name      string
	Source    tree.Source
	Allow     bool
	Cron      string // of its openings; five fields, checked
	Zone      string // IANA time zone, checked
	Duration  time.Duration
	Manual    bool // a person may start a run that the window would stop
	Overtaken Overtaken
	Devices   []intent.DeviceName // sorted, never empty
}

// An Overtaken is what becomes of a run when a window stops it on its way. Devices in flight are finished in any case.
type Overtaken string

// What becomes of runs that are overtaken.
const (
	OvertakenStop     Overtaken = "stop"     // no further device is begun
	OvertakenPause    Overtaken = "pause"    // nor is one until writing is possible again
	OvertakenFinish   Overtaken = "finish"   // the run goes on
	OvertakenRollback Overtaken = "rollback" // what the run did is put back
)

// windows resolves the devices of each Window.
func (c *compiler) windows() []Window {
	var out []Window
	for _, doc := range c.set.Windows {
		w := Window{
			Name: doc.Name, Source: doc.Source(), Allow: doc.Spec.Mode == "allow", Cron: string(doc.Spec.Cron), Zone: string(doc.Spec.TimeZone),
			Duration: time.Duration(doc.Spec.Duration), Manual: doc.Spec.Manual == "allowed", Overtaken: OvertakenStop,
		}
		if doc.Spec.Overtaken != "" {
			w.Overtaken = Overtaken(doc.Spec.Overtaken)
		}
		for _, d := range c.set.Select(doc.Spec.Devices) {
			w.Devices = append(w.Devices, intent.DeviceName(d.Name))
		}
		out = append(out, w)
	}
	return out
}
