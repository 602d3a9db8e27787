package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/profile"
)

// A user's profile changes one field of a built-in one, and both say so.
func TestProfileCommands(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("ours.yaml", "extends: sonic\ndescription: SONiC with single lanes\nnames:\n  portStep: 1\n")
	t.Setenv("TENTER_CONFIG", write("tenter.settings", "profiles: "+dir+"\n"))
	run := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := Run(args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != want {
			t.Fatalf("%v: exit %d, want %d\n%s", args, code, want, &errs)
		}
		return out.String() + errs.String()
	}

	if got := run(exitDone, "profile", "ls"); !strings.Contains(got, "ours ") || !strings.Contains(got, "srlinux ") {
		t.Errorf("profile ls:\n%s", got)
	}
	text := run(exitDone, "profile", "show", "ours")
	for _, want := range []string{
		"names.portStep: 1\n", "from    ours.yaml:4\n", "names.firstPort: 0\n", "from    built-in sonic.yaml:",
		"source  SONiC gNMI usage examples, https://", "seen on a device: no\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	var fields []profile.Field
	if err := json.Unmarshal([]byte(run(exitDone, "profile", "show", "ours", "--output", "json")), &fields); err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if f.Name == "" || f.Meaning == "" || f.From == "" {
			t.Errorf("field %+v", f)
		}
	}
	if got := run(exitError, "profile", "show", "our"); !strings.Contains(got, `did you mean "ours"?`) {
		t.Errorf("profile show our: %s", got)
	}
	write("theirs.yaml", "extends: sonic\nnames:\n  portSteps: 1\n")
	if got := run(exitError, "profile", "ls"); !strings.Contains(got, `theirs.yaml:3: unknown field "names.portSteps"; did you mean "names.portStep"?`) {
		t.Errorf("profile ls: %s", got)
	}
}
