package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/timetable"
)

// Windows are the windows of a fabric, or those of them that concern one device. The zero Windows lets everything be
// written at any time.
type Windows []Window

// A Window is one Window document with its timetable.
type Window struct {
	fabric.Window
	table timetable.Timetable
}

// NewWindows reads the windows of a fabric.
func NewWindows(list []fabric.Window) (Windows, error) {
	var all Windows
	for _, w := range list {
		t, err := timetable.Parse(w.Cron, w.Zone)
		if err != nil {
			return nil, fmt.Errorf("window %q: %w", w.Name, err)
		}
		all = append(all, Window{w, t})
	}
	return all, nil
}

// Of returns those that concern a device.
func (ws Windows) Of(device intent.DeviceName) Windows {
	return slices.DeleteFunc(slices.Clone(ws), func(w Window) bool { return !slices.Contains(w.Devices, device) })
}

// Names returns the names of the windows as one text.
func (ws Windows) Names() string {
	names := make([]string, len(ws))
	for i, w := range ws {
		names[i] = w.Name
	}
	return strings.Join(names, ", ")
}

// A State is how a window stands at a time. Openings that overlap or touch are one.
type State struct {
	Open  bool
	Since time.Time // when it opened; zero when it is not open, and when that is too long ago to tell
	Until time.Time // when it closes; zero when it is not open, and when it does not close in sight
	Next  time.Time // when it opens next; zero when it is open, and when it never does
}

// mostSteps bounds how many openings are looked at to answer one question, so that an expression that fires every minute
// cannot make it endless.
const mostSteps = 1000

// At returns how the window stands at a time. It is open from a firing of its expression, by the clock on the wall of its
// zone, for its duration, which is time that passes: over a change of clocks a window of four hours lasts four hours. The
// moment of opening is in it, that of closing is not.
func (w Window) At(t time.Time) State {
	first := w.table.Next(t.Add(-w.Duration)) // that opened last time or later, and is not over at t
	if first.IsZero() || first.After(t) {
		return State{Next: first}
	}
	return State{Open: true, Since: w.opened(first), Until: w.closes(first)}
}

// opened goes back from an opening to the first of those that run into each other.
func (w Window) opened(at time.Time) time.Time {
	for range mostSteps {
		before := w.table.Next(at.Add(-w.Duration - time.Nanosecond))
		if !before.Before(at) {
			return at
		}
		at = before
	}
	return time.Time{}
}

// closes returns the end of the openings that run into each other from the given one on.
func (w Window) closes(at time.Time) time.Time {
	end := at.Add(w.Duration)
	for range mostSteps {
		next := w.table.Next(at)
		if next.IsZero() || next.After(end) {
			return end
		}
		at, end = next, next.Add(w.Duration)
	}
	return time.Time{}
}

// How far Endless looks: over all minutes of a week, and over openings that are a year apart.
const (
	mostOpenings = 12_000
	longEnough   = 2 * 366 * 24 * time.Hour
)

// Endless reports whether the window, once it is open, does not close: its openings run into each other, as far as one cares to
// look from the given time on.
func (w Window) Endless(from time.Time) bool {
	first := w.table.Next(from)
	if first.IsZero() {
		return false
	}
	at, end := first, first.Add(w.Duration)
	for range mostOpenings {
		next := w.table.Next(at)
		if next.IsZero() || next.After(end) {
			return false
		}
		if at, end = next, next.Add(w.Duration); end.Sub(first) > longEnough {
			return true
		}
	}
	return true
}

// show is a time as a reader of the window's document would say it.
func (w Window) show(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return showTime(t.In(w.table.Zone()))
}

// end is until when an open window is open, as a clause.
func (w Window) end(s State) string {
	if s.Until.IsZero() {
		return " without an end in sight"
	}
	return " until " + w.show(s.Until)
}

func showTime(t time.Time) string { return t.Format("Mon 2006-01-02 15:04:05 MST") }

// An objection is what windows have against a write at a time.
type objection struct {
	Window Window
	Reason string    // with when writing is possible again
	Opens  time.Time // when it is possible again; zero for never
}

// denies returns the first deny window that is open, if it stops a write at t; by hand says that a person wants it now.
func (ws Windows) denies(t time.Time, byHand bool) (objection, bool) {
	for _, w := range ws {
		if w.Allow || byHand && w.Manual {
			continue
		}
		if s := w.At(t); s.Open {
			opens := ws.Opens(t, byHand)
			return objection{w, fmt.Sprintf("window %s (deny) is open%s; %s", w.named(), w.end(s), w.again(opens)), opens}, true
		}
	}
	return objection{}, false
}

// outside returns a stop if there are allow windows and none of them is open at t.
func (ws Windows) outside(t time.Time, byHand bool) (objection, bool) {
	var soonest *Window
	var next time.Time
	for i, w := range ws {
		switch s := w.At(t); {
		case !w.Allow:
		case s.Open, byHand && w.Manual:
			return objection{}, false
		case soonest == nil || !s.Next.IsZero() && (next.IsZero() || s.Next.Before(next)):
			soonest, next = &ws[i], s.Next
		}
	}
	if soonest == nil {
		return objection{}, false
	}
	opens := ws.Opens(t, byHand)
	return objection{*soonest, fmt.Sprintf("outside of window %s; %s", soonest.named(), soonest.again(opens)), opens}, true
}

func (w Window) named() string {
	return fmt.Sprintf("%s (%s:%d)", w.Name, w.Source.File, w.Source.Line)
}

func (w Window) again(opens time.Time) string {
	if opens.IsZero() {
		return "no opening is in sight"
	}
	return "next opening " + w.show(opens)
}

// Opens returns the first time from t on at which all windows together let a write begin; zero when none is in sight.
func (ws Windows) Opens(t time.Time, byHand bool) time.Time {
	for range mostTurns {
		next, stopped := ws.reopens(t, byHand)
		if !stopped || next.IsZero() {
			return next
		}
		t = next
	}
	return time.Time{}
}

// reopens returns t if a write may begin then, else, and stopped, the end of what is in its way; zero for never.
func (ws Windows) reopens(t time.Time, byHand bool) (next time.Time, stopped bool) {
	outside, inside := false, false
	for _, w := range ws {
		s := w.At(t)
		switch {
		case !w.Allow && s.Open && (!byHand || !w.Manual):
			return s.Until, true
		case !w.Allow:
		case s.Open, byHand && w.Manual:
			inside = true
		default:
			outside = true
			if !s.Next.IsZero() && (next.IsZero() || s.Next.Before(next)) {
				next = s.Next
			}
		}
	}
	if inside || !outside {
		return t, false
	}
	return next, true
}

// mostTurns bounds how often windows may open and close while an answer is looked for.
const mostTurns = 200

// Describe lists how each window stands at t, for people: one line each.
func (ws Windows) Describe(t time.Time) []string {
	var lines []string
	for _, w := range ws {
		mode := "deny"
		if w.Allow {
			mode = "allow"
		}
		s := w.At(t)
		if s.Open {
			lines = append(lines, fmt.Sprintf("window %s (%s) is open%s", w.named(), mode, w.end(s)))
			continue
		}
		lines = append(lines, fmt.Sprintf("window %s (%s) is closed; next opening %s", w.named(), mode, w.show(s.Next)))
	}
	return lines
}
