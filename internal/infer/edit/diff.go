package edit

import (
	"bytes"
	"fmt"
	"strings"
)

// around is how many lines stand around a change in a patch.
const around = 3

// Diff returns what git apply makes new of old with, empty if they are the same. An old text that is nil is a file that is not
// there yet. The name is the file's path from the top of the repository.
func Diff(name string, old, changed []byte) string {
	if bytes.Equal(old, changed) {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "diff --git a/%s b/%s\n", name, name)
	from := "a/" + name
	if old == nil {
		b.WriteString("new file mode 100644\n")
		from = "/dev/null"
	}
	fmt.Fprintf(&b, "--- %s\n+++ b/%s\n", from, name)
	for _, h := range hunks(steps(lines(old), lines(changed))) {
		h.write(&b)
	}
	return b.String()
}

// lines returns the lines of a text with their ends; the last one may have none.
func lines(text []byte) []string {
	out := strings.SplitAfter(string(text), "\n")
	return out[:len(out)-boolInt(out[len(out)-1] == "")]
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A step keeps (' '), drops ('-') or adds ('+') one line.
type step struct {
	op   byte
	line string
}

// mostCells bounds the table that finds what two texts have in common; past it, what is between the first and the last difference is
// one change.
const mostCells = 4 << 20

// steps lead from one text to the other.
func steps(a, b []string) []step {
	var out []step
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		out = append(out, step{' ', a[head]})
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	out = append(out, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		out = append(out, step{' ', l})
	}
	return out
}

func middle(a, b []string) []step {
	var out []step
	common := make([][]int32, len(a)+1) // of what is left from i and j on
	if len(a)*len(b) > mostCells {
		common = nil
	}
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0 && common != nil; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case common != nil && i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, step{' ', a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common == nil || common[i+1][j] >= common[i][j+1]):
			out = append(out, step{'-', a[i]})
			i++
		default:
			out = append(out, step{'+', b[j]})
			j++
		}
	}
	return out
}

// A hunk is a run of steps with what is around it.
type hunk struct {
	oldAt, newAt int // lines from 1
	steps        []step
}

func hunks(all []step) []hunk {
	var out []hunk
	var h *hunk
	quiet, oldAt, newAt := 0, 1, 1
	for i, s := range all {
		if s.op != ' ' {
			if h == nil {
				before := all[max(0, i-around):i]
				out = append(out, hunk{oldAt - len(before), newAt - len(before), append([]step(nil), before...)})
				h = &out[len(out)-1]
			}
			quiet = 0
		} else if quiet++; h != nil && quiet > 2*around {
			h.steps = h.steps[:len(h.steps)-around]
			h = nil
		}
		if h != nil {
			h.steps = append(h.steps, s)
		}
		if s.op != '+' {
			oldAt++
		}
		if s.op != '-' {
			newAt++
		}
	}
	if h != nil && quiet > around {
		h.steps = h.steps[:len(h.steps)-(quiet-around)]
	}
	return out
}

func (h hunk) write(b *strings.Builder) {
	olds, news := 0, 0
	for _, s := range h.steps {
		if s.op != '+' {
			olds++
		}
		if s.op != '-' {
			news++
		}
	}
	fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n", h.oldAt-boolInt(olds == 0), olds, h.newAt-boolInt(news == 0), news)
	for _, s := range h.steps {
		b.WriteByte(s.op)
		b.WriteString(strings.TrimSuffix(s.line, "\n"))
		b.WriteByte('\n')
		if !strings.HasSuffix(s.line, "\n") {
			b.WriteString("\\ No newline at end of file\n")
		}
	}
}
