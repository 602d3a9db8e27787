package chat

import (
	"context"
	"strings"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/notify"
)

// Slack's limits (Block Kit reference): blocks in a message, characters in a header and in a section's text. Below them
// room is left for markup and for what is said about the rest.
const (
	slackBlocks  = 48
	slackHeader  = 150
	slackSection = 2900
)

// A Slack sends messages to an incoming webhook.
type Slack struct{ post *poster }

// NewSlack returns the sender to the URL of an incoming webhook.
func NewSlack(url string) (*Slack, error) {
	p, err := newPoster(url)
	if err != nil {
		return nil, err
	}
	return &Slack{post: p}, nil
}

type (
	slackMessage struct {
		Text   string       `json:"text"` // what a notification shows
		Blocks []slackBlock `json:"blocks"`
	}
	slackBlock struct {
		Type string    `json:"type"`
		Text slackText `json:"text"`
	}
	slackText struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
)

// Send implements notify.Sender. Slack knows no idempotency key: a repeat after a crash is seen twice.
func (s *Slack) Send(ctx context.Context, m notify.Message) error {
	body, err := encode(slackBody(m))
	if err != nil {
		return wrap("slack", err)
	}
	return wrap("slack", s.post.post(ctx, body, nil))
}

func slackBody(m notify.Message) slackMessage {
	title := slackMark(m) + m.Title
	out := slackMessage{Text: escape(title), Blocks: []slackBlock{
		{Type: "header", Text: slackText{"plain_text", cut(title, slackHeader)}},
	}}
	for _, sec := range m.Sections {
		for _, text := range slackTexts(sec) {
			out.Blocks = append(out.Blocks, slackBlock{Type: "section", Text: slackText{"mrkdwn", text}})
		}
	}
	if len(out.Blocks) > slackBlocks {
		out.Blocks = append(out.Blocks[:slackBlocks], slackBlock{Type: "section", Text: slackText{"mrkdwn", "_shortened_"}})
	}
	return out
}

// slackMark tells the severity without colour, as a reader of a black and white screen needs it too.
func slackMark(m notify.Message) string {
	switch {
	case m.Resolved:
		return "✓ "
	case m.Severity == event.SeverityError || m.Severity == event.SeverityCritical:
		return "✗ "
	case m.Severity == event.SeverityWarning:
		return "! "
	}
	return ""
}

// slackTexts is a section in mrkdwn, in as many blocks as Slack's limit makes of it.
func slackTexts(sec notify.Section) []string {
	var lines, out []string
	if sec.Heading != "" {
		lines = append(lines, "*"+escape(sec.Heading)+"*")
	}
	for _, l := range sec.Lines {
		lines = append(lines, escape(l))
	}
	out = append(out, blocks(lines, "", "")...)
	changes := make([]string, len(sec.Changes))
	for i, c := range sec.Changes {
		changes[i] = escape(strings.ReplaceAll(c, "```", "'''"))
	}
	out = append(out, blocks(changes, "```\n", "\n```")...)
	var commands []string
	for _, c := range sec.Commands {
		commands = append(commands, "`"+escape(c)+"`")
	}
	return append(out, blocks(commands, "", "")...)
}

// blocks joins lines to texts below the limit, each between before and after.
func blocks(lines []string, before, after string) []string {
	var out []string
	text := ""
	for _, l := range lines {
		l = cut(l, slackSection)
		switch {
		case text == "":
			text = l
		case len([]rune(text))+len([]rune(l)) < slackSection:
			text += "\n" + l
		default:
			out = append(out, before+text+after)
			text = l
		}
	}
	if text != "" {
		out = append(out, before+text+after)
	}
	return out
}

// escape keeps Slack from reading links and mentions out of what devices say.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}
