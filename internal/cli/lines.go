package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
)

// lineVersion is the version of the JSON lines. It grows when a reader of the old ones would misread the new.
const lineVersion = 1

// A line is one JSON line of a command that runs a plan. docs/plans.md says what each type has.
type line struct {
	FormatVersion int       `json:"format_version"`
	Type          string    `json:"type"`
	Time          time.Time `json:"time"`
	Run           string    `json:"run,omitempty"`

	PlanID  string     `json:"plan_id,omitempty"`
	Plan    *plan.Plan `json:"plan,omitempty"`
	Partial bool       `json:"partial,omitempty"`

	Device  intent.DeviceName   `json:"device,omitempty"`
	Devices []intent.DeviceName `json:"devices,omitempty"`
	Moved   []plan.Movement     `json:"moved,omitempty"`

	Step    string   `json:"step,omitempty"`
	Outcome string   `json:"outcome,omitempty"`
	Detail  string   `json:"detail,omitempty"`
	Proven  *bool    `json:"proven,omitempty"`
	Left    []string `json:"left,omitempty"`

	Batch  int       `json:"batch,omitempty"`
	Of     int       `json:"of,omitempty"`
	Canary bool      `json:"canary,omitempty"`
	Until  time.Time `json:"until,omitzero"`

	Verb  string `json:"verb,omitempty"`
	Actor string `json:"actor,omitempty"`

	Results  []event.RunDevice `json:"results,omitempty"`
	Seconds  float64           `json:"seconds,omitempty"`
	Error    string            `json:"error,omitempty"`
	Next     string            `json:"next,omitempty"`
	ExitCode *int              `json:"exit_code,omitempty"`

	Event json.RawMessage `json:"event,omitempty"`
}

// lines writes JSON lines. The nil lines write nothing. Where a line cannot be written, none follows it: what is there has no
// gap, and a run that has begun goes on, for devices matter more than what is told of them. lost says so in the end.
type lines struct {
	to    []*lineSink
	ended bool
}

// A lineSink is one place that lines go to. Failed is why it takes no more.
type lineSink struct {
	w      io.Writer
	what   string
	failed error
}

// newLines returns the lines that a command is to write: to its output, into a file, to both or nowhere. The file is made
// before anything is done, and only its owner may read it. Close it.
func newLines(s Streams, format, file string) (l *lines, closing func() error, err error) {
	var all []*lineSink
	if format == formatJSONL {
		all = append(all, &lineSink{w: s.Out, what: "the output"})
	}
	closing = func() error { return nil }
	if file != "" {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, hint(err, "--json-into FILE with a file that can be written")
		}
		all, closing = append(all, &lineSink{w: f, what: file}), f.Close
	}
	if len(all) == 0 {
		return nil, closing, nil
	}
	return &lines{to: all}, closing, nil
}

// write writes a line wherever lines can still be written. Its error is of the line, not of a place: see lost.
func (l *lines) write(x line) error {
	if l == nil {
		return nil
	}
	x.FormatVersion = lineVersion
	if x.Time.IsZero() {
		x.Time = time.Now()
	}
	x.Time = x.Time.UTC()
	text, err := json.Marshal(x)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	for _, to := range l.to {
		if to.failed == nil {
			_, to.failed = to.w.Write(text)
		}
	}
	return nil
}

// lost says where lines are missing, and why; nil if nowhere.
func (l *lines) lost() error {
	if l == nil {
		return nil
	}
	var err error
	for _, to := range l.to {
		if to.failed != nil {
			err = errors.Join(err, fmt.Errorf("JSON lines are missing in %s: %w", to.what, to.failed))
		}
	}
	return err
}

// began writes what is known once a run is committed.
func (l *lines) began(r app.ApplyReply) error {
	if l == nil {
		return nil
	}
	err := l.write(line{Type: "plan", PlanID: string(r.Plan.ID), Plan: r.Plan, Partial: r.Partial})
	for _, s := range r.Stale {
		err = errors.Join(err, l.write(line{Type: "stale", PlanID: string(r.Plan.ID), Device: s.Device, Moved: s.Moved}))
	}
	return err
}

// before returns a follower of the log that writes what an event of the run tells, before another follower has it.
func (l *lines) before(run string, then func(event.Event) (bool, error)) func(event.Event) (bool, error) {
	return func(e event.Event) (bool, error) {
		var about struct {
			Run string `json:"run"`
		}
		if err := json.Unmarshal(e.Data, &about); err == nil && about.Run == run {
			if err := l.event(e); err != nil {
				return false, err
			}
		}
		return then(e)
	}
}

// event writes what an event of the run tells. That of the run's end is for end.
func (l *lines) event(e event.Event) error {
	if l == nil {
		return nil
	}
	x := line{Time: e.Time}
	switch e.Type {
	case event.TypeApplyStarted:
		d := data[event.ApplyStarted](e)
		x.Type, x.Run, x.PlanID, x.Devices = "run", d.Run, d.Plan, d.Devices
	case event.TypeBatchStarted:
		d := data[event.BatchStarted](e)
		x.Type, x.Run, x.Batch, x.Of, x.Canary, x.Devices = "batch", d.Run, d.Batch, d.Of, d.Canary, d.Devices
	case event.TypeBatchWaits:
		d := data[event.BatchWaits](e)
		x.Type, x.Run, x.Batch, x.Of, x.Until = "wait", d.Run, d.Batch, d.Of, d.Until
	case event.TypeStepCompleted:
		d := data[event.StepCompleted](e)
		x.Type, x.Run, x.Device, x.Step, x.Outcome, x.Detail = "step", d.Run, d.Device, d.Step, d.Outcome, d.Detail
	case event.TypeRolledBack:
		d := data[event.RolledBack](e)
		x.Type, x.Run, x.Device, x.Proven, x.Left = "rolled_back", d.Run, d.Device, &d.Proven, d.Left
	case event.TypeCommandAck:
		d := data[event.CommandAck](e)
		x.Type, x.Run, x.Verb, x.Actor, x.Outcome, x.Detail = "command", d.Run, d.Verb, e.Actor, d.Outcome, d.Reason
	case event.TypeApplyCompleted, event.TypeApplyFailed:
		return nil
	default:
		x.Type, x.Event = "event", e.Envelope
	}
	return l.write(x)
}

// end writes the last line: how the run ended, and with which code the command does. It returns an error where lines are missing.
func (l *lines) end(p *progress, partial bool, err error) error {
	if l == nil {
		return nil
	}
	l.ended = true
	code := codeOf(errors.Join(err, l.lost()))
	err = l.write(line{
		Type: "end", Run: p.run, PlanID: p.ended.Plan, Outcome: p.ended.Outcome, Results: p.ended.Devices, Partial: partial,
		Seconds: p.ended.Duration.Seconds(), Error: p.failure, ExitCode: &code,
	})
	if err = errors.Join(err, l.lost()); err != nil {
		return hint(err, "tenter run show %s", p.run)
	}
	return nil
}

// fail writes the last line of a command that came to no end of a run, and returns err.
func (l *lines) fail(err error) error {
	if l == nil || l.ended || err == nil {
		return err
	}
	l.ended = true
	x, c := line{Type: "error"}, codeOf(err)
	var known exit
	if !errors.As(err, &known) {
		x.Error = err.Error()
	}
	var h hinted
	if errors.As(err, &h) {
		x.Next = h.next
	}
	x.ExitCode = &c
	return errors.Join(err, l.write(x), l.lost())
}

// codeOf is the exit code that an error ends the command with.
func codeOf(err error) int {
	var code exit
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	}
	return exitCode(err)
}
