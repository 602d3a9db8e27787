package plan

import (
	"testing"

	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

func TestAlike(t *testing.T) {
	tests := []struct {
		a, b  string
		alike bool
	}{
		{"To Spine1", "to spine1", true},
		{" to  spine1 ", "to spine1", true},
		{"https://a.example/", "https://a.example", true},
		{"dc1.example.net.", "dc1.example.net", true},
		{"1.0", "1", true},
		{"-01.50", "-1.5", true},
		{"0.0", "-0", true},
		{"2001:DB8:0::1", "2001:db8::1", true},
		{"10.0.0.1/24", "10.0.0.0/24", true},
		{"10.0.0.1", "10.0.0.2", false},
		{"10.0.0.0/24", "10.0.0.0/25", false},
		{"to spine1", "to spine2", false},
		{"1.0", "1.1", false},
		{"/", "", false},
		{"1.", "1", true},
		{"a.b", "a b", false},
	}
	for _, tt := range tests {
		a, b := schema.Value(string(schema.KindString)+tt.a), schema.Value(string(schema.KindString)+tt.b)
		if alike(a, b) != tt.alike || alike(b, a) != tt.alike {
			t.Errorf("%q and %q: %t", tt.a, tt.b, !tt.alike)
		}
	}
	if alike("i1500", "s1500") {
		t.Error("a number and a text are alike")
	}
}

// TestSpelling follows a text that a device keeps in another spelling through its life.
func TestSpelling(t *testing.T) {
	table := tree.NewTable(openConfigRoots())
	p := parsePath(t, "/interfaces/interface[name=Ethernet1]/config/description")
	secrets := NewSecrets([]byte("key"), nil)
	text := func(s string) schema.Value { return schema.Value(string(schema.KindString) + s) }
	reading := func(v schema.Value) *tree.Tree {
		b := tree.NewBuilder(table)
		if err := b.Set(tree.Leaf{Path: p, Value: v}); err != nil {
			t.Fatal(err)
		}
		return b.Build()
	}

	// What was there before shows nothing, however alike it is.
	vague := secrets.Expecting([]tree.Change{{Path: p, Before: text("to spine1"), After: text("To Spine1")}})
	if vague.Same(p, text("to spine1"), text("To Spine1")) || !vague.Same(p, text("To Spine1"), text("To Spine1")) {
		t.Error("what was there before is taken for what was set")
	}

	sent := secrets.Expecting([]tree.Change{{Path: p, After: text("To Spine1")}})
	if !sent.Same(p, text("to spine1"), text("To Spine1")) || sent.Same(p, text("to spine2"), text("To Spine1")) {
		t.Error("right after the Set, what is alike is not what was set, or what is not alike is")
	}
	read := sent.Recognising(reading(text("to spine1")))
	if read.Digest(p, text("to spine1")) != text("To Spine1") || read.Digest(p, text("TO SPINE1")) != text("TO SPINE1") {
		t.Error("once it was read, another spelling than the device's passes for it, or that does not")
	}
	if got := read.Shown(p, text("to spine1")); got != text("to spine1") {
		t.Errorf("it is shown as %q", got)
	}
	later := secrets.Knowing([]Form{{Path: p, Written: text("To Spine1"), Shown: text("to spine1")}})
	if !later.Same(p, text("to spine1"), text("To Spine1")) || later.Same(p, text("TO SPINE1"), text("To Spine1")) {
		t.Error("what is remembered of the spelling is not what was learned")
	}
	// The same device keeps the next text in the same spelling.
	again := later.Expecting([]tree.Change{{Path: p, Before: text("to spine1"), After: text("TO SPINE1")}}).Recognising(reading(text("to spine1")))
	if !again.Same(p, text("to spine1"), text("TO SPINE1")) || again.Same(p, text("to spine1"), text("To Spine1")) {
		t.Error("the spelling stands for what was written before")
	}
	// A device that keeps the next one as it was written needs no more knowledge.
	asWritten := later.Expecting([]tree.Change{{Path: p, After: text("other")}}).Recognising(reading(text("other")))
	if asWritten.Shown(p, text("other")) != "" {
		t.Error("a text that is shown as it was written has another form")
	}
}
