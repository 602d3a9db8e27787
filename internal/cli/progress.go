package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/run"
)

// A progress shows one run as its events come. On a terminal each running device has a line that is painted again, above
// a line with the counts; elsewhere every step is a line.
type progress struct {
	s       Streams
	run     string
	format  string
	screen  screen
	devices []string          // of the run
	steps   map[string]string // what each running device is at
	n       counts
	painted int // lines that the next painting begins by taking back
	ended   *event.ApplyCompleted
	failure string
}

func newProgress(s Streams, run, format string) *progress {
	p := &progress{s: s, run: run, format: format, steps: map[string]string{}}
	if format == formatText {
		p.screen = screenOf(s.Err)
	}
	return p
}

// event takes the next event of the log; the last one of the run stops.
func (p *progress) event(e event.Event) (stop bool, err error) {
	var about struct {
		Run string `json:"run"`
	}
	if err := json.Unmarshal(e.Data, &about); err != nil || about.Run != p.run {
		return false, err
	}
	switch e.Type {
	case event.TypeApplyStarted:
		var d event.ApplyStarted
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return false, err
		}
		for _, n := range d.Devices {
			p.devices = append(p.devices, string(n))
		}
		p.paint()
	case event.TypeBatchStarted:
		var d event.BatchStarted
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return false, err
		}
		p.n.batch, p.n.batches = d.Batch, d.Of
		p.say("%s", batchOf(d.Batch, d.Of, d.Canary, d.Devices))
	case event.TypeBatchWaits:
		var d event.BatchWaits
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return false, err
		}
		p.say("waits until %s before batch %d/%d; go on now with: tenter run resume %s", d.Until.Local().Format(time.TimeOnly), d.Batch, d.Of, p.run)
	case event.TypeStepCompleted:
		var d event.StepCompleted
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return false, err
		}
		p.step(d)
	case event.TypeCommandAck:
		p.told(e)
	case event.TypeApplyCompleted, event.TypeApplyFailed:
		var d event.ApplyFailed // has all fields of ApplyCompleted
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return false, err
		}
		p.ended = &event.ApplyCompleted{Run: d.Run, Plan: d.Plan, Outcome: d.Outcome, Devices: d.Devices, Duration: d.Duration}
		p.failure = d.Error
		return true, nil
	}
	return false, nil
}

// told shows what somebody made of the run.
func (p *progress) told(e event.Event) {
	var d event.CommandAck
	if err := json.Unmarshal(e.Data, &d); err != nil || d.Outcome != "done" || d.Reason != "" && d.Verb != "confirm" || p.format != formatText {
		return
	}
	verb := map[string]string{"pause": "paused", "resume": "resumed", "abort": "aborted", "confirm": "confirmed", "cancel": "canceled"}[d.Verb]
	p.say("%s by %s: tenter run show %s", verb, e.Actor, p.run)
}

// say writes a line that stays.
func (p *progress) say(format string, args ...any) {
	if p.format != formatText {
		return
	}
	p.clear()
	fmt.Fprintf(p.s.Err, format+"\n", args...)
	p.paint()
}

func (p *progress) step(d event.StepCompleted) {
	name := string(d.Device)
	p.steps[name] = doing(d)
	if run.Step(d.Step) == run.Ended {
		p.n.ok-- // it was done, and is being put back
	}
	kept := false // a line that stays: something that the user wants to read after it is over
	switch run.Outcome(d.Outcome) {
	case run.Done:
		delete(p.steps, name)
	case run.RolledBack, run.Failed, run.Stale, run.Refused, run.Unreachable, run.Skipped:
		delete(p.steps, name)
		kept = true
	}
	p.n.add(run.Outcome(d.Outcome))
	if p.format != formatText {
		return
	}
	if kept || !p.screen.live() {
		p.clear()
		fmt.Fprintf(p.s.Err, "%-*s  %s\n", p.nameWidth(), name, stepText(d))
	}
	p.paint()
}

// clear takes back what is painted.
func (p *progress) clear() {
	if p.painted > 0 {
		fmt.Fprintf(untamed(p.s.Err), "\x1b[%dA\r\x1b[J", p.painted)
		p.painted = 0
	}
}

// paint shows the running devices and the counts, in as many lines as the screen has.
func (p *progress) paint() {
	if !p.screen.live() {
		return
	}
	p.clear()
	var lines []string
	for _, name := range p.devices {
		if text, running := p.steps[name]; running {
			lines = append(lines, p.screen.cut(fmt.Sprintf("%-*s  %s", p.nameWidth(), name, text)))
		}
	}
	if room := p.screen.height - 2; len(lines) > room {
		lines = lines[:room]
	}
	lines = append(lines, p.screen.cut(p.counts()))
	p.painted = len(lines)
	fmt.Fprint(p.s.Err, strings.Join(lines, "\n")+"\n")
}

// counts is the run in one line: "batch 2/4 · 37/120 ok · 2 failed · 4 running".
func (p *progress) counts() string {
	n := p.n
	n.all, n.running = len(p.devices), len(p.steps)
	return n.String()
}

func (p *progress) nameWidth() int {
	widest := 0
	for _, n := range p.devices {
		widest = max(widest, len(n))
	}
	return widest
}

// doing says what a device is at after a step: the step's outcome is the next one.
func doing(d event.StepCompleted) string {
	text, ok := map[run.Step]string{
		run.Set: "setting", run.Verify: "reading back", run.Save: "verified, saving", run.Undo: "rolling back",
		run.Gates: "reading what works", run.Soak: "soaking",
		run.Draining: "steering traffic away", run.Undraining: "bringing traffic back",
		run.Prove: "proving the rollback", run.Resave: "put back, saving that",
	}[run.Step(d.Outcome)]
	if !ok {
		return stepText(d)
	}
	return text + " …"
}

// stepText says what a step came to. A step's outcome is the step after it, or how the device's run ended.
func stepText(d event.StepCompleted) string {
	text, ok := map[[2]string]string{
		{string(run.Check), string(run.Set)}:       "checked, nothing moved",
		{string(run.Check), string(run.Done)}:      "nothing to send, done",
		{string(run.Set), string(run.Verify)}:      "set",
		{string(run.Verify), string(run.Save)}:     "verified by read-back",
		{string(run.Verify), string(run.Gates)}:    "verified by read-back, reading what works",
		{string(run.Verify), string(run.Soak)}:     "verified by read-back, soaking",
		{string(run.Verify), string(run.Await)}:    "verified by read-back; it waits: tenter run confirm " + d.Run,
		{string(run.Gates), string(run.Soak)}:      "all that worked still works, soaking",
		{string(run.Gates), string(run.Save)}:      "all that worked still works",
		{string(run.Gates), string(run.Await)}:     "all that worked still works; it waits: tenter run confirm " + d.Run,
		{string(run.Gates), string(run.Undo)}:      "not all that worked still works, rolling back",
		{string(run.Soak), string(run.Gates)}:      "soaked, reading what works",
		{string(run.Await), string(run.Save)}:      "confirmed",
		{string(run.Await), string(run.Undo)}:      "not to stay, rolling back",
		{string(run.Verify), string(run.Set)}:      "nothing of it arrived, setting again",
		{string(run.Verify), string(run.Undo)}:     "not as planned, rolling back",
		{string(run.Undo), string(run.Prove)}:      "rollback sent",
		{string(run.Prove), string(run.Undo)}:      "not rolled back yet, trying again",
		{string(run.Save), string(run.Done)}:       "saved, done",
		{string(run.Save), string(run.Undo)}:       "not confirmed, rolling back",
		{string(run.Set), string(run.Check)}:       "paused before anything was sent",
		{string(run.Ended), string(run.Undo)}:      "putting it back",
		{string(run.Prove), string(run.Resave)}:    "put back, as read",
		{string(run.Check), string(run.Draining)}:  "checked, nothing moved; steering traffic away",
		{string(run.Draining), string(run.Set)}:    "traffic goes around it, setting",
		{string(run.Save), string(run.Undraining)}: "saved; bringing traffic back",
		{string(run.Undraining), string(run.Done)}: "traffic is back, done",
	}[[2]string{d.Step, d.Outcome}]
	switch {
	case !ok:
		text = d.Outcome
	case d.Step == string(run.Set) && d.Outcome == string(run.Verify) && d.Detail != "": // why it is not known to be set
		text = "sent, reading what came of it"
	}
	if d.Detail != "" {
		text += ": " + d.Detail
	}
	return text
}

// why names the devices that are not done; their rows of the table have said the rest.
func (p *progress) why() string {
	var left []string
	for _, d := range p.ended.Devices {
		if d.Outcome != string(run.Done) {
			left = append(left, string(d.Device)+" "+d.Outcome)
		}
	}
	if len(left) == 0 || p.format != formatText {
		return p.failure
	}
	return strings.Join(left, ", ")
}

// finish prints the outcome and chooses the exit code. An output that cannot be written to hides no failure.
func (p *progress) finish() error {
	p.clear()
	told := p.print()
	return errors.Join(p.outcome(), told)
}

// print prints the outcome of each device.
func (p *progress) print() error {
	if p.format == formatText {
		t := newTable("DEVICE", "OUTCOME", "CHANGES", "?DETAIL")
		slices.SortFunc(p.ended.Devices, func(a, b event.RunDevice) int { return strings.Compare(string(a.Device), string(b.Device)) })
		for _, d := range p.ended.Devices {
			t.add(string(d.Device), d.Outcome, fmt.Sprint(d.Changes), d.Detail)
		}
		if err := t.print(p.s.Out); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.s.Out, "%s: %s in %.1f s\n", p.run, p.ended.Outcome, p.ended.Duration.Seconds())
		return err
	}
	return nil
}

// outcome chooses the exit code.
func (p *progress) outcome() error {
	all := func(o run.Outcome) bool {
		return !slices.ContainsFunc(p.ended.Devices, func(d event.RunDevice) bool { return d.Outcome != string(o) })
	}
	switch {
	case p.failure != "" && all(run.Refused):
		denied := &app.CodedError{Code: app.CodeDenied, Err: errors.New(p.failure)}
		return hint(denied, "%s", nextIn(denied, "tenter run show "+p.run))
	case p.failure != "" && all(run.Stale):
		return hint(&app.CodedError{Code: app.CodeStale, Err: errors.New(p.failure)}, "tenter plan")
	case p.failure != "" && slices.ContainsFunc(p.ended.Devices, func(d event.RunDevice) bool { return strings.HasPrefix(d.Detail, run.NobodyConfirmed) }):
		return hint(fmt.Errorf("%s %s: %s", p.run, p.ended.Outcome, p.why()), "tenter apply --confirm manual --within DURATION, and meanwhile, from another terminal: tenter run confirm RUN")
	case p.failure != "":
		return hint(fmt.Errorf("%s %s: %s", p.run, p.ended.Outcome, p.why()), "tenter run show %s", p.run)
	case p.ended.Outcome == string(run.ResultPartial):
		when := "when what stands against them is gone"
		if !slices.ContainsFunc(p.ended.Devices, func(d event.RunDevice) bool { return d.Outcome == string(run.Refused) }) {
			when = "when they are back"
		}
		fmt.Fprintf(p.s.Err, "some devices are left; %s: tenter apply\n", when)
		return exit(exitPartial)
	}
	return nil
}
