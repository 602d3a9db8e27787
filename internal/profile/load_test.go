package profile

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
)

func TestEmbeddedProfiles(t *testing.T) {
	set, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := set.Get("openconfig-sim")
	if err != nil {
		t.Fatal(err)
	}
	if sim.Limits.MaxMessage != 4<<20 || sim.Save.Method != SaveCLI {
		t.Errorf("unexpected profile %+v", sim)
	}
	if _, err := set.Get("openconfigs"); err == nil || !strings.Contains(err.Error(), "openconfig, openconfig-sim") || !strings.Contains(err.Error(), `did you mean "openconfig"?`) {
		t.Errorf("unknown profile: %v", err)
	}
}

func TestOverride(t *testing.T) {
	set, err := Load(fstest.MapFS{"openconfig.yaml": {Data: []byte("names: {ethernet: \"eth{number}\"}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Get("openconfig")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Names.EthernetName(7); got != "eth7" {
		t.Errorf("EthernetName(7) = %q", got)
	}
	if got := p.Names.LAGName(10); got != "Port-Channel10" {
		t.Errorf("a field that the file leaves out has its default: LAGName(10) = %q", got)
	}
}

func TestBadProfiles(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"unknown field", "description: x\ncolour: red\n", []string{"bad.yaml:2:", "colour"}},
		{"unknown field, meant another", "\nwatch:\n  pollIntervall: 3s\n", []string{`bad.yaml:3: unknown field "watch.pollIntervall"; did you mean "watch.pollInterval"?`}},
		{"unknown field in a list", "origins:\n  - {schma: openconfig}\n", []string{"bad.yaml:2: ", "schma"}},
		{"reason of no field", "why:\n  encoding.get: {says: x}\n", []string{`bad.yaml:2: why: unknown field "encoding.get"; did you mean "encodings.get"?`}},
		{"reason without words", "why: {read: {seen: true}}\n", []string{"bad.yaml:1: why: read: says must not be empty"}},
		{"source that is not there", "sources: {guide: x}\nwhy: {read: {says: x, source: guid}, phasing: {says: x, source: guide}}\n", []string{`bad.yaml:2: why: read: source "guid" is not in sources; did you mean "guide"?`}},
		{"extends what is not there", "description: x\nextends: openconfg\n", []string{`bad.yaml:2: extends: profile "openconfg": unknown`, `did you mean "openconfig"?`}},
		{"extends itself", "extends: bad\n", []string{`bad.yaml:1: extends: profile "bad": unknown`}},
		{"unknown word, meant another", "phasing: spilt\n", []string{`bad.yaml:1: `, `did you mean "split"?`}},
		{"unknown word", "\nencodings:\n  get: xml\n", []string{"bad.yaml:3:", `"xml" is not one of json_ietf, json, proto`}},
		{"every mistake", "read: sometimes\ngranularity: fine\n", []string{"bad.yaml:1:", "bad.yaml:2:"}},
		{"bad pattern", "protected: [\"/a[b\"]\n", []string{"bad.yaml:1:"}},
		{"bad duration", "limits: {timeout: soon}\n", []string{"bad.yaml:1:"}},
		{"duration without unit", "limits: {timeout: 60}\n", []string{`bad.yaml:1: "60" where a duration such as 60s or 5m belongs`}},
		{"no list", "origins: {schema: x}\n", []string{"bad.yaml:1: a mapping where a list belongs"}},
		{"no number", "limits: {maxMessage: [1]}\n", []string{"bad.yaml:1: a list where a number belongs"}},
		{"not yaml", "a: [\n", []string{"bad.yaml:"}},
		{"two documents", "read: get\n---\nread: get\n", []string{"bad.yaml"}},
		{"name without number", "names: {ethernet: eth}\n", []string{`names.ethernet: "eth" must hold {number} once`}},
		{"no interval", "watch: {pollInterval: 0s}\n", []string{"watch.pollInterval: must be more than zero"}},
		{"small messages", "limits: {maxMessage: 10}\n", []string{"limits.maxMessage"}},
		{"secrets of a form that is not said", "secrets: {types: [routing-password]}\n", []string{"bad.yaml:1: secrets.types: say in secrets.shown"}},
		{"a form of no secrets", "secrets: {shown: x}\n", []string{"bad.yaml:1: secrets.shown: say in secrets.types"}},
		{"secrets of a form that is no expression", "secrets: {types: [x], shown: '('}\n", []string{"bad.yaml:1:"}},
		{"save without command", "save: {method: cli}\n", []string{"bad.yaml:1: save.method: cli needs save.command and save.show"}},
		{"no default instance", "names: {defaultInstance: \"\"}\n", []string{"names.defaultInstance"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(fstest.MapFS{"bad.yaml": {Data: []byte(tc.text)}})
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
}

func TestProtectedPatterns(t *testing.T) {
	set, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Get("openconfig-sim")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		via       Management
		path      string
		protected bool
	}{
		{Management{}, "/interfaces/interface[name=Management0]/config/enabled", true},
		{Management{}, "/network-instances/network-instance[name=mgmt]", true},
		{Management{}, "/interfaces/interface[name=Ethernet1]/config/enabled", false},
		{Management{Interface: "eth0"}, "/interfaces/interface[name=eth0]", true},
		{Management{Interface: "eth0"}, "/interfaces/interface[name=Management0]", false},
		{Management{Interface: `a]b\c`}, `/interfaces/interface[name=a\]b\\c]`, true},
		{Management{}, "/system/aaa/authentication", true},
		{Management{}, "/system/config/hostname", false},
	} {
		patterns, err := p.ProtectedPatterns(tc.via)
		if err != nil {
			t.Fatal(err)
		}
		at, err := path.Parse(tc.path)
		if err != nil {
			t.Fatal(err)
		}
		got := false
		for _, g := range patterns {
			got = got || g.Covers(at)
		}
		if got != tc.protected {
			t.Errorf("%+v: %s protected = %v", tc.via, tc.path, got)
		}
	}
}

func TestLadder(t *testing.T) {
	var got []Stage
	for s := StageOnChange; ; s = s.Next() {
		got = append(got, s)
		if s == s.Next() {
			break
		}
	}
	if diff := cmp.Diff([]Stage{StageOnChange, StageTargetDefined, StageSample, StagePoll}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("extends: openconfig\nsources: {a: b}\nwhy: {names: {says: c, source: a}}\n")
	f.Add("read: get\n")
	f.Add("names: {ethernet: \"e{number}\"}\nprotected: [/a/**]\n")
	f.Add("watch: {first: poll, syncTimeout: 1s}\n")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := Load(fstest.MapFS{"f.yaml": {Data: []byte(text)}})
		if (set == nil) == (err == nil) {
			t.Fatalf("profiles %v with error %v", set, err)
		}
	})
}
