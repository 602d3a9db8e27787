package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"unicode"

	"golang.org/x/term"
)

// Terminal returns the streams of a process. What is shown on a terminal cannot command it: names, values and errors come from
// devices, commits and other people. A file or a pipe gets every byte as it is, as long as somebody reads it.
func Terminal(in, out, errs *os.File) Streams {
	s := Streams{In: in, Out: &lasting{to: out}, Err: &lasting{to: errs}}
	if term.IsTerminal(int(out.Fd())) {
		s.Out = &tamed{out}
	}
	if term.IsTerminal(int(errs.Fd())) {
		s.Err = &tamed{errs}
	}
	return s
}

// A tamed writer writes what would move the cursor, change its terminal or hide text as the code of the character. Our own
// colours pass.
type tamed struct{ to io.Writer }

var ours = regexp.MustCompile(`^\x1b\[(0|1|31|32|33)m`)

// Write writes p, and reports its length.
func (t *tamed) Write(p []byte) (int, error) {
	if _, err := t.to.Write(tame(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func tame(p []byte) []byte {
	if !bytes.ContainsFunc(p, unruly) {
		return p
	}
	var out []byte
	for i, r := range string(p) {
		switch {
		case r == unicode.ReplacementChar: // a byte of a character that goes on in the next Write, or of none: as it is
			out = append(out, p[i])
			if bytes.HasPrefix(p[i:], []byte(string(r))) {
				out = append(out, p[i+1:i+3]...)
			}
		case !unruly(r), r == '\x1b' && ours.Match(p[i:]), r == '\r' && i+1 < len(p) && p[i+1] == '\n':
			out = append(out, string(r)...)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// unruly reports whether a terminal does something else with the character than to show it: control characters, and those
// that reorder what is around them.
func unruly(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// untamed is the terminal behind w, for what is meant to command it.
func untamed(w io.Writer) io.Writer {
	if t, ok := w.(*tamed); ok {
		return t.to
	}
	return w
}
