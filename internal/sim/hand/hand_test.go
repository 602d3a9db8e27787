package hand

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/protobuf/testing/protocmp"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]*gpb.Path{
		"/":    {},
		"/a/b": {Elem: []*gpb.PathElem{{Name: "a"}, {Name: "b"}}},
		"/a[k=v]/b[x=1][y=2/3]": {Elem: []*gpb.PathElem{
			{Name: "a", Key: map[string]string{"k": "v"}}, {Name: "b", Key: map[string]string{"x": "1", "y": "2/3"}},
		}},
		"srl_nokia:/a[k=b:c]": {Origin: "srl_nokia", Elem: []*gpb.PathElem{{Name: "a", Key: map[string]string{"k": "b:c"}}}},
		"/b:a":                {Elem: []*gpb.PathElem{{Name: "b:a"}}},
		`/a[k=\]\\]`:          {Elem: []*gpb.PathElem{{Name: "a", Key: map[string]string{"k": `]\`}}}},
	} {
		got, err := parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for _, text := range []string{"", "a", "//", "/a//b", "/a[k=v", "/a[k]", "/[k=v]", "/a[k=v]b"} {
		if p, err := parse(text); err == nil {
			t.Errorf("%q: read as %v", text, p)
		}
	}
}

func TestEnter(t *testing.T) {
	for _, tc := range []struct {
		edit Edit
		want string
	}{
		{Edit{Path: "cli:hostname leaf9"}, "hostname leaf9"},
		{Edit{Path: "cli:", Value: "hostname leaf9"}, "hostname leaf9"},
		{Edit{Path: "cli:interface Vlan40; description web"}, "interface Vlan40\ndescription web"},
		{Edit{Path: "cli:interface Vlan40", Value: "mtu 9000"}, "interface Vlan40\nmtu 9000"},
		{Edit{Path: "cli:interface Vlan40; mtu", Delete: true}, "interface Vlan40\nno mtu"},
	} {
		got := enter(strings.TrimPrefix(tc.edit.Path, cli), tc.edit).GetVal().GetAsciiVal()
		if got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.edit, got, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"/", "/a/b[c=d]", `/a[k=\]]`, "/a[", "a", "/a[k=v][l=w]/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parse(text)
		if err != nil {
			return
		}
		for _, e := range p.GetElem() {
			if e.GetName() == "" || strings.ContainsAny(e.GetName(), "/[") {
				t.Errorf("%q: element %q", text, e.GetName())
			}
		}
	})
}
