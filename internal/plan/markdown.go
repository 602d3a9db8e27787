package plan

import (
	"fmt"
	"strings"
)

// mostRows bounds a device's table in Markdown: code forges refuse long comments.
const mostRows = 200

// Markdown returns the plan for a pull request: a summary, and one table for each device.
func (p Plan) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### Tenter plan `%s`\n\n%s\n", p.ID, p.headline())
	if credit := p.credit(); credit != "" {
		fmt.Fprintf(&b, "\n%s\n", cell(credit))
	}
	if p.Changes() > 0 {
		b.WriteString("\n| device | add | change | delete | risk |\n| --- | ---: | ---: | ---: | --- |\n")
		for _, d := range p.Devices {
			c := d.Counts()
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %s |\n", cell(string(d.Device)), c.Add, c.Change, c.Delete, d.Risk)
		}
	}
	for _, d := range p.Devices {
		d.markdown(&b)
	}
	return b.String()
}

func (d DevicePlan) markdown(b *strings.Builder) {
	if len(d.Changes) > 0 {
		fmt.Fprintf(b, "\n<details><summary><b>%s</b> %s</summary>\n\n", cell(string(d.Device)), d.Counts())
		b.WriteString("| | path | before | after | intent | risk |\n| --- | --- | --- | --- | --- | --- |\n")
		for i, ch := range d.Changes {
			if i == mostRows {
				fmt.Fprintf(b, "| | %d more | | | | |\n", len(d.Changes)-mostRows)
				break
			}
			source := ""
			if ch.Source != nil {
				source = ch.Source.String()
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", marks[ch.Action], code(ch.Path), code(ch.Before), code(ch.After), cell(source), cell(ch.Reason))
		}
		b.WriteString("\n</details>\n")
	}
	if d.Unread != "" {
		fmt.Fprintf(b, "\n> **%s** could not be read: %s\n", cell(string(d.Device)), cell(d.Unread))
	}
	if d.Refused != "" {
		fmt.Fprintf(b, "\n> **%s** refused, nothing of it is planned: %s\n", cell(string(d.Device)), cell(d.Refused))
	}
	if d.Phases > 1 {
		fmt.Fprintf(b, "\n> **%s** is sent in %d phases, which is not all or nothing: what fails later is rolled back\n", cell(string(d.Device)), d.Phases)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(b, "\n> **%s**: %s: %s\n", cell(string(d.Device)), code(n.Path), cell(n.Text))
	}
}

var cellEscaper = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "`", "'")

// cell makes text safe inside a Markdown table.
func cell(text string) string { return cellEscaper.Replace(text) }

// code shows text as code inside a Markdown table.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + strings.NewReplacer("|", `\|`, "\n", `\n`, "`", "'").Replace(text) + "`"
}
