package netconf

import (
	"testing"

	"github.com/tenter-net/tenter/internal/tree"
)

// White space around a value means nothing where no value can have any, and is kept where it may be the operator's own.
func TestWhiteSpace(t *testing.T) {
	data, err := parse([]byte("<data><system xmlns='urn:example:switch'><hostname>\n  a\n</hostname><banner>\n hello \n</banner>" +
		"<tunnel xmlns:x='urn:example:switch'>\n  x:vxlan\n</tunnel><metric>\n\t1.5 </metric></system></data>"))
	if err != nil {
		t.Fatal(err)
	}
	d := &decoder{into: tree.NewBuilder(tree.NewTable(exampleRoots(t)))}
	d.data(data)
	if len(d.problems) > 0 {
		t.Error(d.problems)
	}
	want := map[string]string{
		"banner": "\n hello \n", "tunnel": "example-switch:vxlan", "metric": "1.5",
	}
	for l := range d.into.Build().All() {
		if is, ok := want[l.Path.Last().Name]; ok && l.Value.Text() != is {
			t.Errorf("%s is %q, want %q", l.Path, l.Value.Text(), is)
		}
		delete(want, l.Path.Last().Name)
	}
	if len(want) > 0 {
		t.Errorf("not read: %q", want)
	}
}
