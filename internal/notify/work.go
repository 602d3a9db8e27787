package notify

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

// maxLines bounds diagnostics and devices that a section lists.
const maxLines = 10

// rejections tells of intent that was not accepted; only the last of several is of interest.
func (s *story) rejections(m *Message) {
	var last event.IntentRejected
	found := false
	for _, it := range s.items {
		if d, ok := it.data.(event.IntentRejected); ok {
			last, found = d, true
		}
	}
	if !found {
		return
	}
	m.title("Intent rejected: %s", count(len(last.Diagnostics), "mistake"))
	sec := Section{Lines: []string{"The last good intent stays in force."}, Commands: []string{"tenter validate"}}
	if last.Commit != "" {
		sec.Heading = "Commit " + last.Commit
	}
	if last.Author != "" {
		sec.Lines = append(sec.Lines, fmt.Sprintf("%q by %s", last.Subject, last.Author))
	}
	sec.Changes = bounded(last.Diagnostics)
	m.section(sec)
}

// plans tells of plans, with the command that approves those that wait for it.
func (s *story) plans(m *Message) {
	for _, it := range s.items {
		p, ok := it.data.(event.PlanGenerated)
		if !ok {
			continue
		}
		var devices []intent.DeviceName
		var lines []string
		for _, d := range p.Devices {
			devices = append(devices, d.Device)
			lines = append(lines, fmt.Sprintf("%s: +%d ~%d -%d", d.Device, d.Add, d.Change, d.Delete))
		}
		sec := Section{Heading: fmt.Sprintf("Plan %s for %s, risk %s", p.Plan, names(devices), p.Risk), Changes: bounded(lines)}
		if p.Reason != "" {
			sec.Lines = append(sec.Lines, p.Reason)
		}
		sec.Commands = []string{"tenter plan show " + p.Plan}
		if p.NeedsApproval {
			m.title("Plan for %s waits for approval", names(devices))
			sec.Commands = append(sec.Commands, "tenter plan approve "+p.Plan)
		}
		m.title("Plan for %s", names(devices))
		m.section(sec)
	}
}

// runs tells how runs ended.
func (s *story) runs(m *Message) {
	for _, it := range s.items {
		switch a := it.data.(type) {
		case event.ApplyFailed:
			m.title("Apply failed on %s", names(troubled(a.Devices)))
			sec := runSection(a.Run, a.Plan, a.Devices)
			sec.Heading += " failed after " + span(a.Duration)
			sec.Lines = append(sec.Lines, a.Error)
			m.section(sec)
		case event.ApplyCompleted:
			sec := runSection(a.Run, a.Plan, a.Devices)
			if a.Outcome == "done" {
				if _, over := s.end[a.Episode]; !over { // else that is the news
					m.title("Applied on %s", names(devicesOf(a.Devices)))
				}
				sec.Heading += " done after " + span(a.Duration)
			} else {
				m.title("Applied in part: left over %s", names(troubled(a.Devices)))
				sec.Heading += fmt.Sprintf(" ended %s after %s", a.Outcome, span(a.Duration))
			}
			m.section(sec)
		}
	}
}

// runSection lists the devices that did not end well; those that did are counted.
func runSection(run, plan string, devices []event.RunDevice) Section {
	sec := Section{Heading: fmt.Sprintf("Run %s of plan %s", run, plan), Commands: []string{"tenter run show " + run}}
	well, changes := 0, 0
	var lines []string
	for _, d := range devices {
		changes += d.Changes
		if d.Outcome == "done" {
			well++
			continue
		}
		line := fmt.Sprintf("%s: %s", d.Device, d.Outcome)
		if d.Detail != "" {
			line += ": " + d.Detail
		}
		lines = append(lines, line)
	}
	sec.Lines = []string{fmt.Sprintf("%d of %s done, %s.", well, count(len(devices), "device"), count(changes, "change"))}
	sec.Changes = bounded(lines)
	return sec
}

// troubled are the devices that did not end well, or all if that is not known.
func troubled(devices []event.RunDevice) []intent.DeviceName {
	var out []intent.DeviceName
	for _, d := range devices {
		if d.Outcome != "done" {
			out = append(out, d.Device)
		}
	}
	if out == nil {
		return devicesOf(devices)
	}
	return out
}

func devicesOf(devices []event.RunDevice) []intent.DeviceName {
	out := make([]intent.DeviceName, len(devices))
	for i, d := range devices {
		out[i] = d.Device
	}
	return out
}

// deads tells of events that a consumer group gave up on.
func (s *story) deads(m *Message) {
	var lines []string
	group := ""
	for _, it := range s.items {
		d, ok := it.data.(event.DeadLettered)
		if !ok {
			continue
		}
		group = d.Group
		what := string(d.Type)
		if what == "" {
			what = "entry " + d.Entry + " of " + d.Stream
		}
		lines = append(lines, fmt.Sprintf("%s #%d after %s: %s", what, d.Seq, count(d.Attempts, "attempt"), d.Reason))
	}
	if lines == nil {
		return
	}
	m.title("%s given up by %s", count(len(lines), "event"), group)
	m.section(Section{
		Lines:   []string{"Nothing is lost: they are kept, and can be handled again."},
		Changes: bounded(lines), Commands: []string{"tenter events dead"},
	})
}

func bounded(lines []string) []string {
	if len(lines) <= maxLines {
		return lines
	}
	out := append([]string(nil), lines[:maxLines]...)
	return append(out, fmt.Sprintf("and %d more", len(lines)-maxLines))
}
