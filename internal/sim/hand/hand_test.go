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
		`/a[k=\]\\]`: {Elem: []*gpb.PathElem{{Name: "a", Key: map[string]string{"k": `]\`}}}},
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
