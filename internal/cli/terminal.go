package cli

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// The colours of a terminal, from the eight that every theme has.
const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	bold   = "\x1b[1m"
	plain  = "\x1b[0m"
)

// A screen is a terminal as wide and as high as it is now. Its zero value is no terminal.
type screen struct {
	width, height int
	colours       bool
}

// screenOf returns the terminal that w writes to, if it is one that lines may be painted on again.
func screenOf(w io.Writer) screen {
	f, ok := untamed(w).(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || os.Getenv("CI") != "" {
		return screen{}
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return screen{}
	}
	return screen{width: width, height: height, colours: os.Getenv("NO_COLOR") == ""}
}

// live reports whether lines can be painted again.
func (s screen) live() bool { return s.width > 0 && s.height > 1 }

// paint returns text in a colour where colours are wanted.
func (s screen) paint(colour, text string) string {
	if !s.colours || text == "" {
		return text
	}
	return colour + text + plain
}

// cut shortens a line to the width of the screen, so that it stays one line.
func (s screen) cut(line string) string {
	if s.width == 0 || utf8.RuneCountInString(line) <= s.width {
		return line
	}
	return string([]rune(line)[:s.width-1]) + "…"
}

// leastPath is how much of a path has to fit for its end to be worth more than its beginning.
const leastPath = 12

// cutPath is cut for a line with a path in its last column, which begins at column: the path loses its front. Without such a column,
// or without room for it, the line loses its end.
func (s screen) cutPath(line string, column int) string {
	text := []rune(line)
	if s.width == 0 || len(text) <= s.width || column == 0 || column >= len(text) {
		return s.cut(line)
	}
	begin := column
	if class, _, ok := strings.Cut(string(text[column:]), " "); ok { // as in "changed /interfaces/…"
		begin += utf8.RuneCountInString(class) + 1
	}
	room := s.width - begin - 1
	if room < leastPath {
		return s.cut(line)
	}
	return string(text[:begin]) + "…" + string(text[len(text)-room:])
}

// paintPlan colours the lines of a plan by their marks.
func (s screen) paintPlan(text string) string {
	if !s.colours {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		body := strings.TrimSuffix(line, "\n")
		switch mark := strings.TrimLeft(body, " "); {
		case strings.Contains(body, "  ! "):
			body = s.paint(yellow, body)
		case strings.HasPrefix(mark, "+ "):
			body = s.paint(green, body)
		case strings.HasPrefix(mark, "- "):
			body = s.paint(red, body)
		case strings.HasPrefix(mark, "~ "), strings.HasPrefix(mark, "= "):
			body = s.paint(yellow, body)
		case !strings.HasPrefix(body, " "):
			body = s.paint(bold, body)
		}
		b.WriteString(body)
		b.WriteString(line[len(strings.TrimSuffix(line, "\n")):])
	}
	return b.String()
}
