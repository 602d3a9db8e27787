package intent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/tree"
)

// A Severity tells what must be mended from what should be known.
type Severity string

// The severities. A Set with errors is not compiled; warnings change nothing.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// A Diagnostic is one mistake in the intents. It never holds a secret: text that looks like one is masked.
type Diagnostic struct {
	Severity Severity  `json:"severity"`
	Code     Code      `json:"code"`
	About    string    `json:"about"`             // what the code means in general
	File     string    `json:"file,omitempty"`    // relative to the intent directory; "" when no file is to blame
	Line     int       `json:"line,omitempty"`    // from 1
	Column   int       `json:"column,omitempty"`  // from 1, in characters
	Devices  []string  `json:"devices,omitempty"` // that it is about, sorted; none where it is about the intents as such
	Dialect  string    `json:"dialect,omitempty"` // of those devices
	Message  string    `json:"message"`
	Hint     string    `json:"hint,omitempty"`
	Excerpt  string    `json:"excerpt,omitempty"` // the offending line
	Width    int       `json:"width,omitempty"`   // characters to underline from Column
	Related  []Related `json:"related,omitempty"`
}

// A Related position is the other side of a mistake, such as the first of two documents with one name.
type Related struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// WithHint returns the diagnostic with a hint on how to mend it; an empty hint changes nothing.
func (d Diagnostic) WithHint(format string, args ...any) Diagnostic {
	if h := fmt.Sprintf(format, args...); h != "" {
		d.Hint = h
	}
	return d
}

// WithRelated returns the diagnostic with one more related position.
func (d Diagnostic) WithRelated(s tree.Source, message string) Diagnostic {
	d.Related = append(slices.Clip(d.Related), Related{File: s.File, Line: s.Line, Column: s.Column, Message: message})
	return d
}

// String returns the first line of Text: "file:line:col: error[T0104]: message", or "…: leaf1, leaf2 (eos): message" where
// it is about devices.
func (d Diagnostic) String() string {
	at := ""
	if d.File != "" {
		at = d.File + ": "
		if d.Line > 0 {
			at = fmt.Sprintf("%s:%d:%d: ", d.File, d.Line, d.Column)
		}
	}
	about := ""
	if len(d.Devices) > 0 {
		about = fmt.Sprintf("%s (%s): ", strings.Join(d.Devices, ", "), d.Dialect)
	}
	return fmt.Sprintf("%s%s[%s]: %s%s", at, d.Severity, d.Code, about, d.Message)
}

// Text returns the diagnostic for people: position and message, the offending line with a caret under the mistake,
// related positions and the hint, each on its own line and ended by a newline.
func (d Diagnostic) Text() string {
	var b strings.Builder
	b.WriteString(d.String())
	b.WriteByte('\n')
	if d.Excerpt != "" {
		line := fmt.Sprint(d.Line)
		fmt.Fprintf(&b, "  %s | %s\n", line, d.Excerpt)
		fmt.Fprintf(&b, "  %s | %s%s\n", strings.Repeat(" ", len(line)), indent(d.Excerpt, d.Column-1), strings.Repeat("^", max(d.Width, 1)))
	}
	for _, r := range d.Related {
		fmt.Fprintf(&b, "  %s:%d:%d: %s\n", r.File, r.Line, r.Column, r.Message)
	}
	if d.Hint != "" {
		fmt.Fprintf(&b, "  hint: %s\n", d.Hint)
	}
	return b.String()
}

// indent returns the blanks that put a caret under character n of line: tabs stay tabs, so that both move alike.
func indent(line string, n int) string {
	var b strings.Builder
	for _, r := range line {
		if n--; n < 0 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Diagnostics is everything that is wrong with a Set, sorted by position.
type Diagnostics []Diagnostic

// HasErrors reports whether one of them is an error.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == SeverityError })
}

// Text returns all of them for people, see Diagnostic.Text.
func (ds Diagnostics) Text() string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.Text())
	}
	return b.String()
}

// Lines returns each in one line: position, message and the related positions.
func (ds Diagnostics) Lines() []string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
		for _, r := range d.Related {
			lines[i] += fmt.Sprintf("; %s:%d:%d: %s", r.File, r.Line, r.Column, r.Message)
		}
	}
	return lines
}

// Sort orders ds by file, position, code and message. What is said twice is said once, of all devices that it is said of.
func (ds Diagnostics) Sort() Diagnostics {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Dialect, b.Dialect), slices.Compare(a.Devices, b.Devices))
	})
	out := ds[:0]
	for _, d := range ds {
		if n := len(out); n > 0 && out[n-1].says(d) {
			devices := slices.Concat(out[n-1].Devices, d.Devices)
			slices.Sort(devices)
			out[n-1].Devices = slices.Compact(devices)
			continue
		}
		out = append(out, d)
	}
	return out
}

// says reports whether another diagnostic says the same, be it of other devices.
func (d Diagnostic) says(other Diagnostic) bool {
	d.Devices, other.Devices = nil, nil
	return d.Dialect == other.Dialect && d.String() == other.String()
}
