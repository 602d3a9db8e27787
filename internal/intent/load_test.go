package intent_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

func TestExampleIsClean(t *testing.T) {
	set, problems := intent.Load(intents.Files, intent.Options{Commit: "abc"})
	if len(problems) > 0 {
		t.Fatal(problems.Text())
	}
	if len(set.Devices) != 6 || len(set.Vlans) != 12 || len(set.Vrfs) != 2 {
		t.Errorf("devices %d, vlans %d, vrfs %d", len(set.Devices), len(set.Vlans), len(set.Vrfs))
	}
}

func TestSourceIsWhereTheValueStands(t *testing.T) {
	files := map[string][]byte{"a.yaml": []byte("# first\n---\napiVersion: tenter/v1\nkind: Vlan\nmetadata: {name: web}\nspec:\n  id: 40\n  vni: 10040\n  vrf: red\n  gateway:\n    mode: anycast\n    addresses:\n      - 10.40.0.1/24\n")}
	set, _ := intent.LoadFiles(files, intent.Options{Commit: "c0ffee"})
	at := func(line, column int) tree.Source {
		return tree.Source{File: "a.yaml", Line: line, Column: column, Kind: "Vlan", Name: "web", Commit: "c0ffee"}
	}
	for _, c := range []struct {
		at   []any
		want tree.Source
	}{
		{nil, at(7, 3)},
		{[]any{"id"}, at(7, 7)},
		{[]any{"gateway", "addresses", 0}, at(13, 9)},
		{[]any{"gateway", "addresses", 7}, at(13, 7)}, // not there: the list
		{[]any{"gateway", "mtu"}, at(11, 5)},          // not there: the mapping
	} {
		if d := cmp.Diff(c.want, set.Vlans[0].Source(c.at...)); d != "" {
			t.Errorf("%v: %s", c.at, d)
		}
	}
}

// The same documents give the same diagnostics, however they are spread over files and whatever else is in the map.
func TestLoadingIsDeterministic(t *testing.T) {
	files := map[string][]byte{}
	for i := range 20 {
		files[fmt.Sprintf("%02d.yaml", i)] = []byte(fmt.Sprintf("apiVersion: tenter/v1\nkind: Vlan\nmetadata: {name: v%d}\nspec: {id: %d, vni: %d, vfr: x, devices: {names: [leaf%d]}}\n", i%15, 2+i%7, 1+i%5, i))
	}
	_, first := intent.LoadFiles(files, intent.Options{})
	for range 20 {
		_, again := intent.LoadFiles(files, intent.Options{})
		if d := cmp.Diff(first, again); d != "" {
			t.Fatal(d)
		}
	}
}

func TestDocumentsMayBeInAnyOrder(t *testing.T) {
	files, err := intent.ReadFiles(intents.Files)
	if err != nil {
		t.Fatal(err)
	}
	var docs []string
	for _, name := range []string{"01-fabric.yaml", "02-devices.yaml", "03-services.yaml", "04-ports.yaml", "05-external.yaml", "06-system.yaml", "07-policies.yaml", "08-exceptions.yaml"} {
		docs = append(docs, strings.Split(string(files[name]), "\n---\n")...)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		rnd.Shuffle(len(docs), func(i, k int) { docs[i], docs[k] = docs[k], docs[i] })
		one := map[string][]byte{"all.yml": []byte(strings.Join(docs, "\n---\n"))}
		if _, problems := intent.LoadFiles(one, intent.Options{}); len(problems) > 0 {
			t.Fatal(problems.Text())
		}
	}
}

func TestFilesThatAreNotRead(t *testing.T) {
	fsys := fstest.MapFS{
		".git/config.yaml": {Data: []byte("nonsense: [")}, "sub/.hidden.yaml": {Data: []byte("nonsense: [")},
		"notes.txt": {Data: []byte("x")}, "sub/deep/a.yml": {Data: []byte("kind: x")},
	}
	files, err := intent.ReadFiles(fsys)
	if err != nil || len(files) != 1 || files["sub/deep/a.yml"] == nil {
		t.Errorf("%v, %v", files, err)
	}
}

func TestUnreadableFiles(t *testing.T) {
	big := strings.Repeat("# a comment\n", 100_000)
	for _, c := range []struct {
		name string
		fsys fs.FS
		want string
	}{
		{"not UTF-8", fstest.MapFS{"a.yaml": {Data: []byte("apiVersion: tenter/v1\nkind: V\xe9lan\n")}}, "a.yaml:2:8: error[T0001]: this is not UTF-8 text"},
		{"UTF-16", fstest.MapFS{"a.yaml": {Data: []byte("\xff\xfek\x00i\x00")}}, "a.yaml:1:1: error[T0001]: this is not UTF-8 text"},
		{"too large", fstest.MapFS{"a.yaml": {Data: []byte(big)}}, "a.yaml:1:1: error[T0004]: the file is larger than 1048576 bytes"},
		{"a pipe", fstest.MapFS{"a.yaml": {Mode: fs.ModeNamedPipe}}, "error[T0006]: read intents: a.yaml is no regular file"},
		{"gone", failingFS{}, "error[T0006]: read intents: disk on fire"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := intent.Load(c.fsys, intent.Options{})
			if d := cmp.Diff([]string{c.want}, problems.Lines()); d != "" {
				t.Error(d)
			}
		})
	}
}

type failingFS struct{}

func (failingFS) Open(string) (fs.File, error) { return nil, errors.New("disk on fire") }

func TestSizingIsFixed(t *testing.T) {
	load := func(edit ...string) *intent.Set {
		t.Helper()
		files, err := intent.ReadFiles(intents.Files)
		if err != nil {
			t.Fatal(err)
		}
		files["01-fabric.yaml"] = []byte(strings.NewReplacer(edit...).Replace(string(files["01-fabric.yaml"])))
		set, problems := intent.LoadFiles(files, intent.Options{})
		if problems.HasErrors() {
			t.Fatal(problems.Text())
		}
		return set
	}
	before := load()
	if got := intent.CheckChange(before, load("l2Mtu: 9214", "l2Mtu: 9300")); len(got) > 0 {
		t.Errorf("another change: %s", got.Text())
	}
	if got := intent.CheckChange(nil, before); len(got) > 0 {
		t.Errorf("the first generation: %s", got.Text())
	}
	if got := intent.CheckChange(before, load("maxLeaves: 64", "maxLeaves: 32")); len(got) != 1 || got[0].Code != intent.CodeRenumber || got[0].Line == 0 {
		t.Errorf("sizing changed: %s", got.Text())
	}
	if got := intent.CheckChange(before, load("maxLeaves: 64", "maxLeaves: 32", "  sizing:", "  renumber: true\n  sizing:")); len(got) > 0 {
		t.Errorf("renumber: %s", got.Text())
	}
}

func TestDiagnosticsAsJSON(t *testing.T) {
	_, problems := intent.LoadFiles(map[string][]byte{"a.yaml": []byte("kind: Vlann\napiVersion: tenter/v1\nmetadata: {name: x}\nspec: {}\n")}, intent.Options{})
	raw, err := json.Marshal(problems)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"severity":"error","code":"T0103","about":"there is no such kind","file":"a.yaml","line":1,"column":7,` +
		`"message":"unknown kind \"Vlann\"","hint":"did you mean \"Vlan\"?","excerpt":"kind: Vlann","width":5}]`
	if d := cmp.Diff(want, string(raw)); d != "" {
		t.Error(d)
	}
}

func TestIgnoredDriftEndsWithItsLastDay(t *testing.T) {
	var d intent.Date
	if err := d.UnmarshalText([]byte("2026-12-31")); err != nil || !d.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v", d, err)
	}
}
