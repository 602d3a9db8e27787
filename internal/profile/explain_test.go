package profile

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func load(t *testing.T, files fstest.MapFS) *Set {
	t.Helper()
	set, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func field(t *testing.T, set *Set, profile, name string) Field {
	t.Helper()
	p, err := set.Get(profile)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Explain() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("profile %q has no field %q", profile, name)
	return Field{}
}

func TestEveryFieldHasAMeaning(t *testing.T) {
	names := fieldNames()
	for _, n := range names {
		if meanings[n] == "" {
			t.Errorf("%s: no meaning", n)
		}
	}
	if len(meanings) != len(names) {
		t.Errorf("%d meanings for %d fields", len(meanings), len(names))
	}
}

// What a profile says of a family of devices must be published somewhere, or one cannot tell it from a guess.
func TestEmbeddedProfilesNameTheirSources(t *testing.T) {
	set := load(t, nil)
	for _, name := range set.Names() {
		p, err := set.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range p.Explain() {
			switch {
			case f.From == "default" || f.Name == "description":
			case f.Why == "" || f.Source == "":
				t.Errorf("%s: %s = %s: say why, and name the source", f.From, f.Name, f.Value)
			case f.Seen && !strings.HasPrefix(f.Source, "internal/e2ereal"):
				t.Errorf("%s: %s: only what a test shows on a device was seen", f.From, f.Name)
			case !strings.Contains(f.Source, "https://") && !strings.HasPrefix(f.Source, "internal/"):
				t.Errorf("%s: %s: source %q has no address", f.From, f.Name, f.Source)
			}
		}
	}
}

func TestEmbeddedSourcesAreUsed(t *testing.T) {
	builtin, err := fs.Sub(embedded, "profiles")
	if err != nil {
		t.Fatal(err)
	}
	files, err := readFiles(builtin, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for name := range f.head.Sources {
			used := false
			for _, r := range f.head.Why {
				used = used || r.Source == name
			}
			if !used {
				t.Errorf("%s:%d: nothing refers to the source %q", f.name, f.line("sources", name), name)
			}
		}
	}
}

func TestExtends(t *testing.T) {
	set := load(t, fstest.MapFS{
		"openconfig-sim.yaml": {Data: []byte("extends: openconfig-sim\nwatch:\n  pollInterval: 1s\n")},
		"ours.yaml": {Data: []byte(`extends: openconfig-sim
sources: {lab: "lab notebook, https://example.net/lab"}
why:
  names: {says: as ours are named, source: lab, seen: true}
names: {lag: "bond{number}"}
save: {show: show startup}
`)},
	})
	for _, tc := range []struct {
		profile string
		want    Field
	}{
		{"openconfig-sim", Field{Name: "watch.pollInterval", Value: "1s", From: "openconfig-sim.yaml:3"}},
		{"ours", Field{Name: "watch.pollInterval", Value: "1s", From: "openconfig-sim.yaml:3"}},
		{"ours", Field{Name: "names.lag", Value: "bond{number}", Why: "as ours are named", Source: "lab notebook, https://example.net/lab", Seen: true, From: "ours.yaml:5"}},
		{"ours", Field{Name: "save.show", Value: "show startup", From: "ours.yaml:6"}},
		{"ours", Field{Name: "phasing", Value: "none", From: "default"}},
	} {
		got := field(t, set, tc.profile, tc.want.Name)
		tc.want.Meaning = got.Meaning
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", tc.profile, diff)
		}
	}
	// A field that the extending file leaves alone keeps its reason, one that it changes does not.
	if got := field(t, set, "ours", "save.method"); got.Value != "cli" || got.Why == "" {
		t.Errorf("save.method: %+v", got)
	}
}

func TestExtendsInTurn(t *testing.T) {
	_, err := Load(fstest.MapFS{"a.yaml": {Data: []byte("extends: b\n")}, "b.yaml": {Data: []byte("\nextends: a\n")}})
	for _, want := range []string{`b.yaml:2: extends: "a" extends this one in turn`, `a.yaml:1: extends: "b" extends this one in turn`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
}

func TestPortNames(t *testing.T) {
	for _, tc := range []struct {
		names Names
		port  int
		name  string
	}{
		{Names{Ethernet: "Ethernet{number}", FirstPort: 1, PortStep: 1}, 49, "Ethernet49"},
		{Names{Ethernet: "ethernet-1/{number}", FirstPort: 1, PortStep: 1}, 49, "ethernet-1/49"},
		{Names{Ethernet: "Ethernet{number}", FirstPort: 0, PortStep: 4}, 1, "Ethernet0"},
		{Names{Ethernet: "Ethernet{number}", FirstPort: 0, PortStep: 4}, 3, "Ethernet8"},
		{Names{Ethernet: "et-0/0/{number}", FirstPort: 0, PortStep: 1}, 1, "et-0/0/0"},
	} {
		if got := tc.names.EthernetName(tc.port); got != tc.name {
			t.Errorf("port %d is %q, want %q", tc.port, got, tc.name)
		}
	}
}

func TestExplainOrder(t *testing.T) {
	p, err := load(t, nil).Get("openconfig")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, f := range p.Explain() {
		got = append(got, f.Name)
	}
	for _, name := range fieldNames() { // a gNMI profile has nothing to say of prompts
		if !strings.HasPrefix(name, "cli.") && !strings.HasPrefix(name, "netconf.") {
			want = append(want, name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
