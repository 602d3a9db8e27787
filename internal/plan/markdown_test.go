package plan

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tenter-net/tenter/internal/intent"
)

// many returns a plan of that many devices with as many changes each.
func many(devices, changes int, value string) Plan {
	var parts []DevicePlan
	for i := range devices {
		d := DevicePlan{Device: intent.DeviceName(fmt.Sprintf("leaf%d", i))}
		for j := range changes {
			d.Changes = append(d.Changes, Change{
				Action: Modify, Path: fmt.Sprintf("/interfaces/interface[name=Ethernet%d]/config/description", j), Subtree: fmt.Sprintf("/interfaces/interface[name=Ethernet%d]", j),
				Before: value, After: value + "!", Source: &Source{File: "a|b_c.yaml", Line: j}, Code: InterfaceShut, Score: 70 - i%5, Reason: "shuts " + value,
			})
		}
		d.Notes = []Note{{Path: "/system/config/" + value, Text: "stays: " + value}}
		d.assess()
		parts = append(parts, d)
	}
	return New(Cause{Trigger: ByManual}, Origin{Generation: "0123456789ab", Devices: devices}, parts)
}

var counted = regexp.MustCompile(`\| and (\d+) more changes? \||_Left out here: (\d+) changes?`)

// A comment holds every plan: what does not fit is counted.
func TestMarkdownFits(t *testing.T) {
	for name, p := range map[string]Plan{
		"a little":        many(3, 2, "x"),
		"many devices":    many(2000, 2, "to spine"),
		"many changes":    many(2, 5000, "to spine"),
		"long values":     many(40, 40, strings.Repeat("long ", 1000)),
		"nothing to say":  many(3000, 0, ""),
		"wide characters": many(100, 100, strings.Repeat("線", 300)),
	} {
		t.Run(name, func(t *testing.T) {
			text := p.Markdown()
			if len(text) > mostMarkdown || !utf8.ValidString(text) {
				t.Errorf("%d bytes", len(text))
			}
			if open, end := strings.Count(text, "<details>"), strings.Count(text, "</details>"); open != end {
				t.Errorf("%d details begin and %d end", open, end)
			}
			rows := strings.Count(text, "\n| ~ |")
			if left := p.Changes() - rows; left > 0 && !strings.Contains(text, fmt.Sprintf("_Left out here: %d change", left)) {
				t.Errorf("shows %d of %d changes and does not say so:\n%s", rows, p.Changes(), text[len(text)-300:])
			} else if left == 0 && counted.MatchString(text) {
				t.Errorf("shows all, and says %q", counted.FindString(text))
			}
		})
	}
}

var cells = regexp.MustCompile(`(^|[^\\])\|`)

// No value breaks a row, ends a block or begins one.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"plain", "a|b", "a\\|b", "`code`", "``", "</details>", "<script>alert(1)</script>", "line\nfeed", "\r\n| x |", "*bold* _it_ [a](b) ~~c~~", "\x1b[31m", "\xff\xfe", "", " ", "\\",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text := many(2, 2, value).Markdown()
		rows := 0
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "| ~ |") {
				rows++
				if n := len(cells.FindAllString(line, -1)); n != 7 {
					t.Errorf("%d bars in %q", n, line)
				}
			}
			if strings.HasPrefix(line, "<") && line != "</details>\n" && !strings.HasPrefix(line, "<details><summary><b>leaf") {
				t.Errorf("a line of HTML: %q", line)
			}
		}
		if rows != 4 || !utf8.ValidString(text) {
			t.Errorf("%d rows of 4:\n%s", rows, text)
		}
	})
}
