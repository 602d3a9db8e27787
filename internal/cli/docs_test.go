package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/settings"
)

const repository = "../.."

// blocks returns the fenced blocks of a language in a page.
func blocks(t *testing.T, page, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	if len(out) == 0 {
		t.Fatalf("%s: no block of %s", page, language)
	}
	return out
}

// The examples of docs/intents.md are a fabric without a mistake or a warning.
func TestDocumentedIntents(t *testing.T) {
	dir := t.TempDir()
	for i, b := range blocks(t, "docs/intents.md", "yaml") {
		if err := os.WriteFile(filepath.Join(dir, string(rune('a'+i))+".yaml"), []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	if code := Run([]string{"validate", dir}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != exitDone || errs.Len() > 0 {
		t.Errorf("exit %d\n%s", code, &errs)
	}
}

// Every settings example of the pages is one that is loaded.
func TestDocumentedSettings(t *testing.T) {
	git := blocks(t, "docs/git.md", "yaml")[:2] // the third is a workflow
	for _, b := range append(append(blocks(t, "docs/operating.md", "yaml"), blocks(t, "docs/containerlab.md", "yaml")...), append(git, blocks(t, "docs/access.md", "yaml")...)...) {
		file := filepath.Join(t.TempDir(), "tenter.yaml")
		if err := os.WriteFile(file, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := settings.LoadFile(file); err != nil {
			t.Errorf("%v\n%s", err, b)
		}
	}
}

// The profile, the settings and the documents of docs/netconf.md are good ones.
func TestDocumentedNETCONF(t *testing.T) {
	examples := blocks(t, "docs/netconf.md", "yaml")
	if len(examples) != 4 {
		t.Fatalf("%d examples, want profile, settings, intents and a fabric", len(examples))
	}
	profiles, err := profile.Load(fstest.MapFS{"switch.yaml": {Data: []byte(examples[0])}})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := profiles.Get("switch"); err != nil || p.Transport != profile.TransportNETCONF {
		t.Errorf("%+v, %v", p, err)
	}
	file := filepath.Join(t.TempDir(), "tenter.yaml")
	if err := os.WriteFile(file, []byte(examples[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := settings.LoadFile(file); err != nil {
		t.Error(err)
	}
	_, problems := intent.Load(fstest.MapFS{"switch.yaml": {Data: []byte(examples[2])}, "fabric.yaml": {Data: []byte(examples[3])}}, intent.Options{})
	for _, p := range problems {
		t.Error(p)
	}
}

// Every command line of the pages is one that there is, with flags that it has.
func TestDocumentedCommands(t *testing.T) {
	found := 0
	for _, page := range []string{"README.md", "docs/intents.md", "docs/drift.md", "docs/adopting.md", "docs/operating.md", "docs/git.md", "docs/containerlab.md", "docs/netconf.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join(repository, page))
		if err != nil {
			t.Fatal(err)
		}
		lines := regexp.MustCompile("(?m)^tenter .*$|`tenter [^`]+`").FindAllString(string(text), -1)
		for _, line := range lines {
			line, _, _ = strings.Cut(strings.Trim(line, "`"), " #")
			words := strings.Fields(regexp.MustCompile(`'[^']*'`).ReplaceAllString(line, "quoted"))[1:]
			if words[0] == "completion" {
				continue // cobra's own
			}
			cmd, rest, err := newRoot(Streams{}).Find(words)
			if err != nil || cmd.HasSubCommands() && cmd.Name() != "plan" && cmd.Name() != "sim" && len(rest) > 0 {
				t.Errorf("%s: %s: no such command", page, line)
				continue
			}
			if err := cmd.ParseFlags(rest); err != nil && err != pflag.ErrHelp {
				t.Errorf("%s: %s: %v", page, line, err)
			}
			found++
		}
	}
	if found < 20 {
		t.Errorf("only %d commands found", found)
	}
}

// The variables of docker-compose.yml are settings: a stray one is warned of.
func TestComposeVariables(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Environment map[string]string
		}
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	variables := compose.Services["tenter"].Environment
	if len(variables) < 3 {
		t.Fatalf("variables of tenter: %v", variables)
	}
	t.Chdir(t.TempDir())
	for name, value := range variables {
		t.Setenv(name, value)
	}
	set, err := settings.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range set.Warnings {
		t.Error(w)
	}
	if set.Bus.Redis == "" || set.StateDir != variables["TENTER_STATE_DIR"] {
		t.Errorf("bus %q, state %q", set.Bus.Redis, set.StateDir)
	}
}

// Every variable of a condition is in the table of docs/intents.md.
func TestDocumentedVariables(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "docs/intents.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range intent.ApprovalVars() {
		if row := "| `" + v.Name + "` | " + string(v.Type) + " | " + v.Doc + " |"; !strings.Contains(string(text), row) {
			t.Errorf("docs/intents.md lacks %s", row)
		}
	}
}
