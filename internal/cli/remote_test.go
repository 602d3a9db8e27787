package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/settings"
)

func TestTokenOfTheClient(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		f := filepath.Join(dir, name)
		if err := os.WriteFile(f, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(f, mode); err != nil { // whatever the umask says
			t.Fatal(err)
		}
		return f
	}
	for _, tt := range []struct{ name, variable, file, want, err, warning string }{
		{name: "none"},
		{name: "a variable", variable: " tenter_v\n", file: file("a", "tenter_f", 0o600), want: "tenter_v"},
		{name: "a file", file: file("b", "tenter_f\n", 0o600), want: "tenter_f"},
		{name: "a file that everybody may read", file: file("c", "tenter_f\n", 0o644), want: "tenter_f", warning: "chmod 600"},
		{name: "an empty file", file: file("d", "\n", 0o600), err: "is empty"},
		{name: "a directory", file: dir, err: "no regular file"},
		{name: "what never ends", file: "/dev/zero", err: "no regular file"},
		{name: "a whole disk", file: file("e", strings.Repeat("x", 1<<20), 0o600), err: "larger than"},
		{name: "no file", file: filepath.Join(dir, "absent"), err: "token_file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(settings.TokenVariable, tt.variable)
			var warnings bytes.Buffer
			got, err := clientToken(&settings.Settings{TokenFile: tt.file}, &warnings)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q, %v", got, err)
			}
			if w := warnings.String(); !strings.Contains(w, tt.warning) || tt.warning == "" && w != "" || strings.Contains(w, "tenter_f") {
				t.Errorf("warned: %q", w)
			}
		})
	}
}
