package notify

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/event"
)

// A Message is what one receiver is told at once. The same Key means the same message again.
type Message struct {
	Key      string            `json:"key"`
	Fabric   string            `json:"fabric"`
	Severity string            `json:"severity"`
	Resolved bool              `json:"resolved"` // all that it tells of is over
	Title    string            `json:"title"`
	Sections []Section         `json:"sections"`
	Events   []json.RawMessage `json:"events"` // the CloudEvents envelopes, the oldest first
}

// A Section is a part of a message. Its texts are plain: no markup of any receiver.
type Section struct {
	Heading  string   `json:"heading,omitempty"`
	Lines    []string `json:"lines,omitempty"`    // sentences
	Changes  []string `json:"changes,omitempty"`  // one leaf each, to be shown as they are
	Commands []string `json:"commands,omitempty"` // what to run next
}

// Text is the message as plain text.
func (m Message) Text() string {
	var b strings.Builder
	b.WriteString(m.Title)
	for _, s := range m.Sections {
		b.WriteString("\n")
		if s.Heading != "" {
			b.WriteString("\n" + s.Heading)
		}
		for _, l := range s.Lines {
			b.WriteString("\n" + l)
		}
		for _, c := range s.Changes {
			b.WriteString("\n  " + c)
		}
		for _, c := range s.Commands {
			b.WriteString("\n  $ " + c)
		}
	}
	return b.String()
}

// maxDigest bounds the causes that a digest lists.
const maxDigest = 10

// render writes the message about items, the oldest first. It is a pure function: a repeat has the same bytes.
func render(key string, items []item) Message {
	var m Message
	if groups := byCause(items); len(groups) == 1 {
		m = renderGroup(groups[0])
	} else {
		m = renderDigest(groups)
	}
	m.Key, m.Fabric = key, items[0].event.Fabric
	if m.Fabric != "" {
		m.Title = "[" + m.Fabric + "] " + m.Title
	}
	m.Severity = severityOf(items)
	if m.Resolved {
		m.Severity = event.SeverityInfo
	}
	for _, it := range items {
		m.Events = append(m.Events, json.RawMessage(it.event.Envelope))
	}
	return m
}

func severityOf(items []item) string {
	severity := event.SeverityInfo
	for _, it := range items {
		if rank(it.severity) > rank(severity) {
			severity = it.severity
		}
	}
	return severity
}

// renderGroup writes about items of one cause: the title about what weighs most, then a section for each kind of thing.
func renderGroup(items []item) Message {
	var m Message
	s := newStory(items)
	for _, part := range []func(*Message){s.glass, s.escalations, s.strangers, s.drifts, s.rejections, s.plans, s.runs, s.ends, s.deads} {
		part(&m)
	}
	return m
}

func renderDigest(groups [][]item) Message {
	m := Message{Title: fmt.Sprintf("%d different things happened", len(groups)), Resolved: true}
	var s Section
	for i, g := range groups {
		one := renderGroup(g)
		m.Resolved = m.Resolved && one.Resolved
		if i < maxDigest {
			s.Lines = append(s.Lines, "- "+one.Title)
		}
	}
	if more := len(groups) - maxDigest; more > 0 {
		s.Lines = append(s.Lines, fmt.Sprintf("- and %d more", more))
	}
	s.Commands = []string{"tenter drift ls", "tenter plan ls", "tenter run ls"}
	m.Sections = []Section{s}
	return m
}

// title sets the title if no part that weighs more has set one.
func (m *Message) title(format string, args ...any) {
	if m.Title == "" {
		m.Title = fmt.Sprintf(format, args...)
	}
}

func (m *Message) section(s Section) { m.Sections = append(m.Sections, s) }
