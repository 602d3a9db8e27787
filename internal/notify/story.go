package notify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// A story is items of one cause, sorted out. An episode is told as it stood last.
type story struct {
	drift map[string]event.Drift // by episode
	held  map[string]bool
	end   map[string]event.DriftRemediated
	items []item
}

func newStory(items []item) *story {
	s := &story{drift: map[string]event.Drift{}, held: map[string]bool{}, end: map[string]event.DriftRemediated{}, items: items}
	for _, it := range items {
		switch d := it.data.(type) {
		case event.Drift:
			s.drift[d.Episode] = d
			if it.event.Type != event.TypeDriftUpdated {
				s.held[d.Episode] = it.event.Type == event.TypeDriftHeld
			}
		case event.DriftRemediated:
			s.end[d.Episode] = d
		}
	}
	return s
}

// strangers tells of devices that are not the ones that were enrolled.
func (s *story) strangers(m *Message) {
	var devices []intent.DeviceName
	var lines []string
	for _, it := range s.items {
		if d, ok := it.data.(event.Device); ok {
			devices = append(devices, d.Device)
			lines = append(lines, fmt.Sprintf("%s at %s: %s", d.Device, d.Address, d.Reason))
		}
	}
	if devices == nil {
		return
	}
	m.title("Another device answers for %s: nothing is written to it", names(devices))
	m.section(Section{Lines: bounded(lines), Commands: []string{"tenter device ls"}})
}

// drifts tells what drifted where and since when.
func (s *story) drifts(m *Message) {
	if len(s.drift) == 0 {
		return
	}
	byChange := map[string][]event.Drift{} // the same change on many devices is shown once
	var devices, ended, held []intent.DeviceName
	for _, ep := range slices.Sorted(maps.Keys(s.drift)) {
		d := s.drift[ep]
		byChange[signature(d.Findings)] = append(byChange[signature(d.Findings)], d)
		devices = append(devices, d.Device)
		if _, ok := s.end[ep]; ok {
			ended = append(ended, d.Device)
		} else if s.held[ep] {
			held = append(held, d.Device)
		}
	}
	switch {
	case len(ended) == len(devices):
		m.Resolved = len(s.end) == len(s.drift)
		m.title("Drift on %s, in sync again", names(devices))
	case len(held) > 0:
		m.title("Drift on %s, remediation held on %s", names(devices), names(held))
	case len(ended) > 0:
		m.title("Drift on %s, in sync again on %s", names(devices), names(ended))
	default:
		m.title("Drift on %s", names(devices))
	}
	changes := slices.Collect(maps.Values(byChange))
	slices.SortFunc(changes, func(a, b []event.Drift) int {
		return cmp.Or(a[0].FirstSeen.Compare(b[0].FirstSeen), cmp.Compare(a[0].Episode, b[0].Episode))
	})
	for _, same := range changes {
		m.section(s.driftSection(same))
	}
}

// modes are what the policy says about a drift that is open and not held.
var modes = map[string]string{
	"observe": "Drift policy observe: it is reported only.",
	"adopt":   "Drift policy adopt: it waits for the intents to take it over.",
	"propose": "Drift policy propose: the plan against it waits for approval.",
	"enforce": "Drift policy enforce: it is put right without asking.",
}

// driftSection shows one change on one or more devices.
func (s *story) driftSection(same []event.Drift) Section {
	var devices []intent.DeviceName
	since, total := same[0].FirstSeen, same[0].Total
	for _, d := range same {
		devices = append(devices, d.Device)
		if d.FirstSeen.Before(since) {
			since = d.FirstSeen
		}
	}
	sec := Section{Heading: fmt.Sprintf("%s on %s since %s", count(total, "difference"), names(devices), clock(since))}
	for i, f := range same[0].Findings {
		if i == maxFindings {
			break
		}
		sec.Changes = append(sec.Changes, finding(f, i, same))
	}
	if more := total - len(sec.Changes); more > 0 {
		sec.Changes = append(sec.Changes, fmt.Sprintf("and %d more", more))
	}
	_, over := s.end[same[0].Episode]
	if text := modes[same[0].Mode]; text != "" && !over && !s.held[same[0].Episode] {
		sec.Lines = append(sec.Lines, text)
	}
	sec.Commands = []string{"tenter drift show " + same[0].Episode}
	for _, d := range same {
		if d.Reason != "" {
			sec.Lines = append(sec.Lines, fmt.Sprintf("%s: %s", d.Device, d.Reason))
		}
		if d.HandDetail != "" && d.Hand != view.HandUnknown {
			sec.Lines = append(sec.Lines, fmt.Sprintf("%s: %s", d.Device, d.HandDetail))
		}
		if !d.Grace.IsZero() && !over {
			sec.Lines = append(sec.Lines, fmt.Sprintf("%s: what drifted is new; it is only observed until %s.", d.Device, clock(d.Grace)))
		}
		if command, ok := strings.CutPrefix(d.Next, "tenter "); ok && !over {
			sec.Commands = append(sec.Commands, "tenter "+command)
		}
	}
	return sec
}

const maxFindings = 10

// finding shows one leaf, of the first device of those that share the change.
func finding(f event.Finding, i int, same []event.Drift) string {
	before, source := short(f.Before), f.Source
	for _, d := range same[1:] {
		if i >= len(d.Findings) || d.Findings[i].Path != f.Path || d.Findings[i].Before != f.Before {
			before = "(differs)"
		}
		if i >= len(d.Findings) || d.Findings[i].Source != f.Source {
			source = ""
		}
	}
	var line string
	switch f.Class {
	case "missing":
		line = fmt.Sprintf("- %s: %s is gone", f.Path, before)
	case "unexpected":
		line = fmt.Sprintf("+ %s: %s", f.Path, short(f.After))
	case "unreadable":
		line = fmt.Sprintf("? %s: not readable: %s", f.Path, short(f.After))
	case "conflict":
		line = fmt.Sprintf("! %s: %s -> %s, and the intent changed too", f.Path, before, short(f.After))
	default:
		line = fmt.Sprintf("~ %s: %s -> %s", f.Path, before, short(f.After))
	}
	if source != "" {
		line += "  (" + source + ")"
	}
	return line
}

// ends tells how episodes ended, and after how long.
func (s *story) ends(m *Message) {
	if len(s.end) == 0 {
		return
	}
	sec := Section{Heading: "Resolution"}
	var devices []intent.DeviceName
	for _, ep := range slices.Sorted(maps.Keys(s.end)) {
		d := s.end[ep]
		devices = append(devices, d.Device)
		line := fmt.Sprintf("%s: in sync again after %s, ", d.Device, span(d.Duration))
		switch d.By {
		case "tenter":
			line += "put right by Tenter"
			if d.Run != "" {
				line += fmt.Sprintf(" (plan %s, run %s)", d.Plan, d.Run)
			}
		case "stranger":
			line += "put back by somebody else"
		case "device":
			line += "put back by the device itself"
		case "reading":
			line += "as reading it shows, whatever it streamed"
		case "adopted":
			line = fmt.Sprintf("%s: the intents took it over after %s", d.Device, span(d.Duration))
		case "intents":
			line = fmt.Sprintf("%s: not in the intents any more after %s", d.Device, span(d.Duration))
		default:
			line += "by " + d.By
		}
		sec.Lines = append(sec.Lines, line+".")
	}
	slices.Sort(sec.Lines)
	if len(s.drift) == 0 { // the message of the drift is sent already: say again what it was about
		m.Resolved = true
		m.title("Drift is over on %s", names(devices))
		same := len(s.end) == 1
		first := s.end[slices.Sorted(maps.Keys(s.end))[0]]
		for i, f := range first.Findings {
			if i == maxFindings {
				sec.Changes = append(sec.Changes, fmt.Sprintf("and %d more", len(first.Findings)-i))
				break
			}
			sec.Changes = append(sec.Changes, undone(f, same))
		}
	}
	m.section(sec)
}

// undone shows one leaf of a drift that is over; what it is again is shown only where it is the same everywhere.
func undone(f event.Finding, same bool) string {
	switch {
	case f.Class == "unexpected":
		return fmt.Sprintf("- %s: %s is gone again", f.Path, short(f.After))
	case f.Class == "missing" && same:
		return fmt.Sprintf("+ %s: %s is back", f.Path, short(f.Before))
	case f.Class == "missing":
		return fmt.Sprintf("+ %s: is back", f.Path)
	case same:
		return fmt.Sprintf("~ %s: %s -> %s", f.Path, short(f.After), short(f.Before))
	}
	return fmt.Sprintf("~ %s: no longer %s", f.Path, short(f.After))
}

// names lists devices by name, the first eight of them.
func names(devices []intent.DeviceName) string {
	const most = 8
	sorted := slices.Sorted(slices.Values(devices))
	sorted = slices.Compact(sorted)
	var texts []string
	for i, d := range sorted {
		if i == most {
			texts = append(texts, fmt.Sprintf("%d more", len(sorted)-most))
			break
		}
		texts = append(texts, string(d))
	}
	if len(sorted) > 2 {
		return fmt.Sprintf("%d devices (%s)", len(sorted), strings.Join(texts, ", "))
	}
	return strings.Join(texts, " and ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// clock is a moment for people: in UTC, for readers are anywhere.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// span is a duration for people: three digits are enough.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// short is a value on one line, shortened when it is long.
func short(v string) string {
	const most = 120
	if v == "" {
		return `""`
	}
	if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' }) {
		v = fmt.Sprintf("%q", v)
	}
	if runes := []rune(v); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return v
}
