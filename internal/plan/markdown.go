package plan

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostMarkdown is how many bytes Markdown returns at most: GitHub takes comments of 65,536 characters, GitLab more. What is left
// is for whoever puts a line around it.
const mostMarkdown = 65_000

// Bounds of what Markdown shows of one thing.
const (
	mostRows    = 200 // devices in the summary
	mostValue   = 200 // characters of a value, a path or a text
	mostReasons = 10
	leastShare  = 1500 // bytes for the details of a device, while there are that many
	closing     = 400  // bytes kept for the end
)

// Markdown returns the plan for a pull request: a summary, then the details of each device, the riskiest first. It is never
// longer than mostMarkdown: what does not fit is counted, and where all of it is to be found is said. No value of a device
// or of an intent can break its form.
func (p Plan) Markdown() string {
	var b strings.Builder
	if p.ID == "" {
		fmt.Fprintf(&b, "### Tenter: the reverse of a plan\n\n%s\n", cell(p.headline()))
	} else {
		fmt.Fprintf(&b, "### Tenter plan `%s`\n\n%s\n", p.ID, cell(p.headline()))
	}
	for _, line := range p.standing() {
		fmt.Fprintf(&b, "\n**%s**\n", cell(line))
	}
	p.markdownReasons(&b)
	p.markdownDevices(&b)
	devices := slices.DeleteFunc(slices.Clone(p.Devices), DevicePlan.silent)
	slices.SortStableFunc(devices, func(a, b DevicePlan) int { return cmp.Compare(b.Score, a.Score) })
	left, changes := 0, 0
	for i, d := range devices {
		room := mostMarkdown - closing - b.Len()
		text, shown := d.markdown(min(room, max(room/(len(devices)-i), leastShare)))
		if b.WriteString(text); text == "" {
			left++
		}
		changes += len(d.Changes) - shown
	}
	var out []string
	if changes > 0 {
		out = append(out, plural(changes, "change"))
	}
	if left > 0 {
		out = append(out, "all details of "+plural(left, "device"))
	}
	if len(out) > 0 {
		fmt.Fprintf(&b, "\n_Left out here: %s. All of it:_ `tenter plan show %s`\n", strings.Join(out, ", "), p.ID)
	}
	return b.String()
}

func (p Plan) markdownReasons(b *strings.Builder) {
	if len(p.Reasons) == 0 {
		return
	}
	fmt.Fprintf(b, "\nRisk **%d of 100** (%s):\n\n", p.Score, p.Risk)
	for _, r := range p.Reasons[:min(len(p.Reasons), mostReasons)] {
		fmt.Fprintf(b, "- %s\n", cell(r.String()))
	}
	if more := len(p.Reasons) - mostReasons; more > 0 {
		fmt.Fprintf(b, "- and %s\n", plural(more, "more reason"))
	}
}

func (p Plan) markdownDevices(b *strings.Builder) {
	if p.Changes() == 0 {
		return
	}
	b.WriteString("\n| device | add | change | delete | risk |\n| --- | ---: | ---: | ---: | --- |\n")
	rows, same := 0, 0
	for _, d := range p.Devices {
		c := d.Counts()
		switch {
		case len(d.Changes) == 0:
			same++
		case rows < mostRows:
			fmt.Fprintf(b, "| %s | %d | %d | %d | %s |\n", cell(string(d.Device)), c.Add, c.Change, c.Delete, d.Risk)
			rows++
		default:
			rows++
		}
	}
	if more := rows - mostRows; more > 0 {
		fmt.Fprintf(b, "| and %s | | | | |\n", plural(more, "more device"))
	}
	if same > 0 {
		fmt.Fprintf(b, "\nNo changes on %s.\n", plural(same, "device"))
	}
}

// markdown returns what there is to say of a device in at most so many bytes, nothing if not even a beginning fits, and how
// many changes it shows.
func (d DevicePlan) markdown(most int) (text string, shown int) {
	var b strings.Builder
	notes := d.markdownNotes(most / 3)
	if len(d.Changes) > 0 {
		fmt.Fprintf(&b, "\n<details><summary><b>%s</b> %s</summary>\n\n", html.EscapeString(string(d.Device)), d.Counts())
		b.WriteString("| | path | before | after | intent | risk |\n| --- | --- | --- | --- | --- | --- |\n")
		const end = "\n</details>\n"
		room := most - len(notes) - len(end) - 40 // for the line that counts the rest
		for _, ch := range d.Changes {
			source := ""
			if ch.Source != nil {
				source = ch.Source.String()
			}
			row := fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", marks[ch.Action], code(ch.Path), code(ch.Before), code(ch.After), cell(clip(source)), cell(clip(ch.Reason)))
			if b.Len()+len(row) > room {
				break
			}
			b.WriteString(row)
			shown++
		}
		if shown == 0 {
			return "", 0
		}
		if more := len(d.Changes) - shown; more > 0 {
			fmt.Fprintf(&b, "| | and %s | | | | |\n", plural(more, "more change"))
		}
		b.WriteString(end)
	}
	b.WriteString(notes)
	if b.Len() > most {
		return "", 0
	}
	return b.String(), shown
}

// markdownNotes is what there is to say of a device besides its changes.
func (d DevicePlan) markdownNotes(most int) string {
	var b strings.Builder
	name := cell(string(d.Device))
	say := func(format string, args ...any) bool {
		line := "\n> **" + name + "** " + fmt.Sprintf(format, args...) + "\n"
		if b.Len()+len(line) > most {
			return false
		}
		b.WriteString(line)
		return true
	}
	if d.Unread != "" {
		say("could not be read: %s", code(d.Unread))
	}
	if d.Refused != "" {
		say("refused, nothing of it is planned: %s", code(d.Refused))
	}
	if d.Phases > 1 {
		say("is sent in %d phases, which is not all or nothing: what fails later is rolled back", d.Phases)
	}
	for i, n := range d.Notes {
		if !say("%s: %s", code(n.Path), cell(clip(n.Text))) {
			more := fmt.Sprintf("\n> and %s\n", plural(len(d.Notes)-i, "more note"))
			return b.String() + more
		}
	}
	return b.String()
}

var cellEscaper = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", ">", "&gt;", "&", "&amp;", "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`,
)

// cell makes text safe inside a line or a table of Markdown.
func cell(text string) string { return cellEscaper.Replace(plain(text)) }

// code shows text as code inside a table of Markdown, where it is taken as it is: only what would end the code, the cell or the
// line is written otherwise.
func code(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ReplaceAll(clip(plain(text)), "|", `\|`)
	fence, run := 0, 0
	for _, r := range text {
		if run++; r != '`' {
			run = 0
		}
		fence = max(fence, run)
	}
	mark := strings.Repeat("`", fence+1)
	if fence > 0 {
		return mark + " " + text + " " + mark
	}
	return mark + text + mark
}

// clip bounds a text.
func clip(text string) string {
	if utf8.RuneCountInString(text) <= mostValue {
		return text
	}
	return string([]rune(text)[:mostValue]) + "…"
}

// plain returns text without what is not to be printed: a line more, a control character, half a letter.
func plain(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) || !utf8.ValidString(text) {
		quoted := strconv.Quote(text)
		return quoted[1 : len(quoted)-1]
	}
	return text
}
