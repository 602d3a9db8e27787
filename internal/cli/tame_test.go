package cli

import (
	"bytes"
	"io"
	"testing"
)

func TestTerminalIsNotCommanded(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "leaf1\tgood\n", "leaf1\tgood\n"},
		{"other scripts", "Zürich 東京 ✓ \ufffd\n", "Zürich 東京 ✓ \ufffd\n"},
		{"our colours", red + "- mtu" + plain + " é\n", red + "- mtu" + plain + " é\n"},
		{"text that nobody sees", "a\x1b[8mhidden\x1b[0m", `a\u001b[8mhidden` + plain},
		{"a line end of Windows", "a\r\nb", "a\r\nb"},
		{"the screen cleared", "up\x1b[2J\x1b[Hok", `up\u001b[2J\u001b[Hok`},
		{"lines before painted over", "x\x1b[3A\rdone", `x\u001b[3A\u000ddone`},
		{"the title, the clipboard", "\x1b]0;root\x07 \x1b]52;c;Zm9v\x07", `\u001b]0;root\u0007 \u001b]52;c;Zm9v\u0007`},
		{"C1 controls", "\u009b2J", `\u009b2J`},
		{"text that reads backwards", "allow \u202eyned\u202c", `allow \u202eyned\u202c`},
		{"a backspace", "deny\b\b\b\b", `deny\u0008\u0008\u0008\u0008`},
		{"no text", "\xff\x1b\xfe", "\xff\\u001b\xfe"},
	} {
		var b bytes.Buffer
		if n, err := io.WriteString(&tamed{&b}, tt.text); err != nil || n != len(tt.text) || b.String() != tt.want {
			t.Errorf("%s: %q, %d of %d, %v; want %q", tt.name, b.String(), n, len(tt.text), err, tt.want)
		}
	}
	// A character that comes in two parts.
	var b bytes.Buffer
	w := &tamed{&b}
	for _, part := range []string{"\x07\xe6\x9d", "\xb1"} {
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
	}
	if want := `\u0007東`; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	if untamed(w) != io.Writer(&b) || untamed(&b) != io.Writer(&b) {
		t.Error("what is meant to command the terminal does not get there")
	}
}
