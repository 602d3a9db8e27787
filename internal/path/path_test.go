package path_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
)

func Example() {
	p, err := path.Parse("/interfaces/interface[name=Ethernet1]/config/mtu")
	if err != nil {
		fmt.Println(err)
		return
	}
	list, _ := path.Parse("/interfaces/interface")
	all, _ := path.ParsePattern("/interfaces/interface[name=Ethernet*]/**")
	fmt.Println(p.Last(), p.HasPrefix(list), all.Match(p))
	fmt.Println(p.Parent().Append(path.Elem{Name: "description"}))
	// Output:
	// mtu true true
	// /interfaces/interface[name=Ethernet1]/config/description
}

func TestParse(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"root", "/", "/"},
		{"plain", "/system/config/hostname", "/system/config/hostname"},
		{"keys sorted", "/a/b[y=2][x=1]", "/a/b[x=1][y=2]"},
		{"prefixes dropped", "/oc-if:interfaces/oc-if:interface[oc-if:name=e1]", "/interfaces/interface[name=e1]"},
		{"slash in a key", "/a[name=ethernet-1/1]/b", "/a[name=ethernet-1/1]/b"},
		{"escapes", `/a[k=x\]y\\z]`, `/a[k=x\]y\\z]`},
		{"needless escape", `/a[k=\x]`, "/a[k=x]"},
		{"opening bracket and equals in a key", "/a[k=[=]", "/a[k=[=]"},
		{"empty key", "/a[k=]", "/a[k=]"},
		{"colon in a key", "/a[address=2001:db8::1]", "/a[address=2001:db8::1]"},
		{"origin", "srl_nokia:/network-instance[name=red]", "srl_nokia:/network-instance[name=red]"},
		{"origin root", "srl_nokia:/", "srl_nokia:/"},
		{"openconfig origin", "openconfig:/a", "/a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := path.Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.String(); got != tt.want {
				t.Errorf("Parse(%q) = %s, want %s", tt.text, got, tt.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		text   string
		column int
	}{
		{"", 1},
		{"interfaces", 1},
		{"a/b", 1},
		{":/a", 1},
		{"/a//b", 4},
		{"/a/", 4},
		{"/a[k]", 3},
		{"/a[k=v", 3},
		{"/a[k=v]b", 8},
		{"/a[=v]", 4},
		{"/a[k=v][k=w]", 8},
		{`/a[k=v\`, 7},
		{"/a]b", 3},
		{"/a=b", 3},
		{"/x:", 2},
		{"/a[x:=1]", 4},
	}
	for _, tt := range tests {
		_, err := path.Parse(tt.text)
		var syntax *path.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Parse(%q) = %v, want a syntax error", tt.text, err)
			continue
		}
		if syntax.Column != tt.column {
			t.Errorf("Parse(%q): column %d, want %d: %v", tt.text, syntax.Column, tt.column, err)
		}
	}
}

func must(t *testing.T, text string) path.Path {
	t.Helper()
	p, err := path.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCompareKeepsSubtreesTogether(t *testing.T) {
	want := []string{
		"eos:/a", "/a", "/a/b", "/a/b[k=1]", "/a/b[k=1]/c", "/a/b[k=1]/c/d", "/a/b[k=10]", "/a/b[k=2]", "/a/b-c", "/b",
	}
	var paths []path.Path
	for _, text := range want {
		paths = append(paths, must(t, text))
	}
	slices.Reverse(paths)
	slices.SortFunc(paths, path.Compare)
	var got []string
	for _, p := range paths {
		got = append(got, p.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHasPrefix(t *testing.T) {
	tests := []struct {
		p, prefix string
		want      bool
	}{
		{"/a/b[k=1]/c", "/", true},
		{"/a/b[k=1]/c", "/a/b[k=1]", true},
		{"/a/b[k=1]/c", "/a/b", true},
		{"/a/b[k=1]/c", "/a/b[k=2]", false},
		{"/a/b[k=1]/c", "/a/bb", false},
		{"/a", "/a/b", false},
		{"eos:/a/b", "/a", false},
	}
	for _, tt := range tests {
		if got := must(t, tt.p).HasPrefix(must(t, tt.prefix)); got != tt.want {
			t.Errorf("%s has prefix %s: %v", tt.p, tt.prefix, got)
		}
	}
}

func TestAppendDoesNotShare(t *testing.T) {
	p := must(t, "/a/b")
	x, y := p.Append(path.Elem{Name: "x"}), p.Append(path.Elem{Name: "y"})
	if x.String() != "/a/b/x" || y.String() != "/a/b/y" || p.String() != "/a/b" {
		t.Errorf("%s %s %s", p, x, y)
	}
}

func TestPattern(t *testing.T) {
	tests := []struct {
		pattern, path         string
		match, covers, prefix bool
	}{
		{"/a/*/c", "/a/b/c", true, true, true},
		{"/a/*/c", "/a/b", false, false, true},
		{"/a/*/c", "/a/b/c/d", false, true, false},
		{"/a/**", "/a", true, true, true},
		{"/a/...", "/a/b/c", true, true, true},
		{"/a/**/mtu", "/a/b/c/mtu", true, true, true},
		{"/a/**/mtu", "/a/b", false, false, true},
		{"/a/**/mtu", "/b", false, false, false},
		{"/i/i[name=Eth*]/m", "/i/i[name=Eth1]/m", true, true, true},
		{"/i/i[name=Eth*]/m", "/i/i[name=Lo0]/m", false, false, false},
		{"/i/i[name=*/*]", "/i/i[name=1/2]", true, true, true},
		{"/i/i/m", "/i/i[name=Lo0]/m", true, true, true},
		{"/i/i[name=Eth1]", "/i/i", true, true, true},
		{"/i/i[other=1]", "/i/i[name=1]", false, false, false},
		{"eos:/a/**", "/a/b", false, false, false},
	}
	for _, tt := range tests {
		g, err := path.ParsePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		p := must(t, tt.path)
		if got := [3]bool{g.Match(p), g.Covers(p), g.MatchPrefix(p)}; got != [3]bool{tt.match, tt.covers, tt.prefix} {
			t.Errorf("%s on %s: match, covers, prefix = %v", tt.pattern, tt.path, got)
		}
	}
	if (path.Pattern{}).Match(path.Path{}) {
		t.Error("the zero pattern matches")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"/", "/a/b[k=v]", `/a[k=\]\\]`, "o:/x:y[z=1][a=2]", "/a[", "/[=]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := path.Parse(text)
		if err != nil {
			return
		}
		again, err := path.Parse(p.String())
		if err != nil {
			t.Fatalf("%q gives %q, which does not parse: %v", text, p, err)
		}
		if !path.Equal(p, again) {
			t.Fatalf("%q gives %q, which parses as %q", text, p, again)
		}
		if _, err := path.ParsePattern(text); err != nil {
			t.Fatalf("a path that is no pattern: %v", err)
		}
	})
}

func TestIsKey(t *testing.T) {
	for text, want := range map[string]bool{
		"/interface[name=ethernet-1/1]/name":                                                 true,
		"/interface[name=ethernet-1/1]/admin-state":                                          false,
		"/interfaces/interface[name=Ethernet1]/config/name":                                  false,
		"/network-instance[name=a]/protocols/bgp/neighbor[peer-address=10.0.0.1]/peer-group": false,
		"/interface": false,
		"/":          false,
	} {
		p, err := path.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.IsKey(); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
