package cli

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/intent"
)

// TestValidateSaysWhatADialectCannot renders one intent on devices of three dialects: each says where it has no word for it.
func TestValidateSaysWhatADialectCannot(t *testing.T) {
	dir := t.TempDir()
	edit := strings.NewReplacer(
		"id: 1, dialect: openconfig, profile: openconfig-sim, address: \"172.20.20.11", "id: 1, dialect: frr, profile: frr, ssh: lab, address: \"172.20.20.11",
		"id: 2, dialect: openconfig, profile: openconfig-sim, address: \"172.20.20.12", "id: 2, dialect: frr, profile: frr, ssh: lab, address: \"172.20.20.12",
		"id: 1, dialect: openconfig, profile: openconfig-sim, address: \"172.20.20.21", "id: 1, dialect: eos, profile: eos, address: \"172.20.20.21",
	)
	names, err := fs.Glob(intents.Files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(intents.Files, name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(edit.Replace(string(data))), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var out, errs strings.Builder
	if code := Run([]string{"validate", dir}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, errs.String())
	}
	for _, want := range []string{
		"06-system.yaml:11:13: warning[T0953]: spine1, spine2 (frr): ",
		"05-external.yaml:7:3: warning[T0953]: leaf4 (openconfig): ",
	} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("no warning %q in\n%s", want, errs.String())
		}
	}
	_, summary, _ := strings.Cut(out.String(), "leaves\n")
	want := regexp.MustCompile(`\Aleaf1: eos cannot express \d+ of its wishes, see the warnings
leaf4: openconfig cannot express 1 of its wishes, see the warnings
spine1: frr cannot express \d+ of its wishes, see the warnings
spine2: frr cannot express \d+ of its wishes, see the warnings
\z`)
	if !want.MatchString(summary) {
		t.Errorf("the summary is\n%s", summary)
	}

	out.Reset()
	if code := Run([]string{"validate", dir, "--output", "json"}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	var found []intent.Diagnostic
	if err := json.Unmarshal([]byte(out.String()), &found); err != nil {
		t.Fatal(err)
	}
	on := map[string]bool{}
	for _, d := range found {
		for _, name := range d.Devices {
			on[name+" "+d.Dialect] = true
		}
	}
	if diff := cmp.Diff(map[string]bool{"leaf1 eos": true, "leaf4 openconfig": true, "spine1 frr": true, "spine2 frr": true}, on); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
