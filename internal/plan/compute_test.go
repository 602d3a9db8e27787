package plan

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// TestCompute runs every file of testdata: what is planned and what would be sent.
func TestCompute(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			f := load(t, file)
			r := Compute(f.input)
			var text strings.Builder
			New(Cause{Trigger: ByManual, Ref: "g"}, Origin{Generation: "0123456789ab"}, []DevicePlan{r.Plan}).Devices[0].text(&text)
			f.golden(t, "edit", editText(f.input.Secrets.Redact(r.Edit)))
			f.golden(t, "plan", text.String())
			f.save(t)
			converges(t, f.input, r)
			undoes(t, f.input, r)
		})
	}
}

// send does to a tree what a device does with an edit.
func send(t *testing.T, have *tree.Tree, e tree.Edit) *tree.Tree {
	t.Helper()
	b := have.Builder()
	seqs := map[string][]string{}
	seq := func(list path.Path) []string {
		if s, ok := seqs[list.String()]; ok {
			return s
		}
		l, _ := have.Get(list)
		return l.Value.Entries()
	}
	for _, d := range e.Deletes {
		b.Delete(d)
		for i, el := range d.Elems {
			list := path.Path{Origin: d.Origin, Elems: append(slices.Clone(d.Elems[:i]), path.Elem{Name: el.Name})}
			if i == len(d.Elems)-1 && len(seq(list)) > 0 {
				seqs[list.String()] = slices.DeleteFunc(slices.Clone(seq(list)), func(s string) bool { return s == keysText(el) })
			}
		}
	}
	set := func(l tree.Leaf) {
		if err := b.Set(l); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range e.Replaces {
		b.Delete(r.Path)
		for _, l := range r.Leaves {
			set(l)
		}
	}
	roots := have.Table().Roots()
	for _, l := range e.Updates {
		set(l)
		for i, el := range l.Path.Elems {
			list := path.Path{Origin: l.Path.Origin, Elems: append(slices.Clone(l.Path.Elems[:i]), path.Elem{Name: el.Name})}
			if n, ok := roots.Node(list); ok && n.Kind() == schema.List && n.OrderedByUser() && !slices.Contains(seq(list), keysText(el)) {
				seqs[list.String()] = append(slices.Clone(seq(list)), keysText(el))
			}
		}
	}
	for text, s := range seqs {
		p, err := path.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if len(s) == 0 {
			b.Delete(p)
			continue
		}
		set(tree.Leaf{Path: p, Value: schema.KeysValue(s)})
	}
	return b.Build()
}

// converges checks that a device that did as it was told needs no more.
func converges(t *testing.T, in Input, r Result) {
	t.Helper()
	after := in
	after.Observed = send(t, in.Observed, r.Edit)
	for i, v := range Values(after, r.Writes) {
		if w := r.Writes[i]; !in.Secrets.Same(w.Path, v, w.After) {
			t.Errorf("%s: read back %q, planned %q", w.Path, v, w.After)
		}
	}
	for _, w := range r.Writes {
		if w.After != "" {
			after.Unproven = append(after.Unproven, w.Path)
		}
	}
	again := Compute(after)
	if !again.Edit.Empty() || len(again.Writes) > 0 {
		t.Errorf("a plan after the apply is not empty:\n%s%s", editText(again.Edit), changesText(again.Plan))
	}
}

// undoes checks that undoing brings back exactly what was there.
func undoes(t *testing.T, in Input, r Result) {
	t.Helper()
	after := in
	after.Observed = send(t, in.Observed, r.Edit)
	back := send(t, after.Observed, Undo(after, r.Writes))
	for ch := range tree.Diff(in.Observed, back) {
		t.Errorf("after undoing: %s is %q, was %q\n%s", ch.Path, ch.After, ch.Before, editText(Undo(after, r.Writes)))
	}
}

func TestSameBytes(t *testing.T) {
	f := load(t, "testdata/drift.txtar")
	text := func() string {
		p := New(Cause{Trigger: ByManual}, Origin{}, []DevicePlan{Compute(f.input).Plan})
		b, err := p.JSON()
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + p.Text() + p.Markdown()
	}
	first := text()
	for range 20 {
		if again := text(); again != first {
			t.Fatalf("the same input gave other bytes:\n%s", cmp.Diff(first, again))
		}
	}
}

func TestForms(t *testing.T) {
	f := load(t, "testdata/drift.txtar")
	r := Compute(f.input)
	p := New(Cause{Trigger: ByDrift, Ref: "episode-1"}, Origin{Generation: "0123456789ab", Commit: "c0ffee00c0ffee00"}, []DevicePlan{r.Plan})
	js, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	forms := &fixture{file: "testdata/forms/drift.txtar"}
	if !*update {
		forms = load(t, forms.file)
	} else {
		forms.archive = f.archive
		forms.archive.Files = nil
	}
	forms.golden(t, "text", p.Text())
	forms.golden(t, "json", string(js))
	forms.golden(t, "markdown", p.Markdown())
	forms.golden(t, "reverse", p.Reverse().Text())
	forms.save(t)

	back, err := Parse(js)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, back); diff != "" {
		t.Errorf("a plan read back differs:\n%s", diff)
	}
}

func TestTextOfMany(t *testing.T) {
	f := load(t, "testdata/drift.txtar")
	changed := Compute(f.input).Plan
	same, unread, other := DevicePlan{Device: "leaf2"}, DevicePlan{Device: "leaf3", Unread: "no route"}, DevicePlan{Device: "leaf4"}
	for _, tt := range []struct {
		name    string
		devices []DevicePlan
		want    []string // the lines that are not indented, without the plan's id
	}{
		{"nothing to do", []DevicePlan{same, other}, []string{"no changes on 2 devices, generation 01234567"}},
		{"nothing could be read", []DevicePlan{unread}, []string{"1 device could not be read, generation 01234567", "leaf3  could not be read: no route"}},
		{"some of each", []DevicePlan{changed, same, unread, other}, []string{
			"+1 ~2 -3 on 1 device, medium risk, 1 device could not be read, generation 01234567", "Risk: 42 of 100", "leaf1  +1 ~2 -3",
			"leaf3  could not be read: no route", "No changes on leaf2, leaf4.", "Plan: 1 to add, 2 to change, 3 to delete on 1 device.",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := New(Cause{Trigger: ByManual}, Origin{Generation: "0123456789ab"}, tt.devices)
			var got []string
			for line := range strings.Lines(strings.TrimPrefix(p.Text(), "Plan "+string(p.ID)+": ")) {
				if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != ' ' {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	f := load(t, "testdata/drift.txtar")
	made := New(Cause{Trigger: ByManual}, Origin{Generation: "g1", Commit: "c1"}, []DevicePlan{Compute(f.input).Plan})
	bound, err := made.Bound(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), f.input.Secrets)
	if err != nil {
		t.Fatal(err)
	}
	js, err := bound.JSON()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse(js)
	if err != nil {
		t.Fatal(err)
	}
	if !back.Sealed(f.input.Secrets) {
		t.Error("the seal is broken, and nobody touched it")
	}
	if back.Sealed(NewSecrets([]byte("another installation's"), nil)) {
		t.Error("another installation's seal is good too")
	}
	for name, change := range map[string]func(*Plan){
		"less risk":     func(p *Plan) { p.Devices[0].Changes[0].Score = 1 },
		"a note less":   func(p *Plan) { p.Devices[0].Notes = append(p.Devices[0].Notes, Note{Path: "/", Text: "fine"}) },
		"more time":     func(p *Plan) { p.Expires = p.Expires.Add(time.Hour); p.Binding = p.bind() },
		"another cause": func(p *Plan) { p.Cause.Ref = "x" },
	} {
		p, err := Parse(js)
		if err != nil {
			t.Fatal(err)
		}
		if change(&p); p.Sealed(f.input.Secrets) {
			t.Errorf("%s: the seal holds", name)
		}
	}
	tests := []struct{ name, old, new string }{
		{"another version", `"format_version": 1`, `"format_version": 2`},
		{"an altered digest", `"digest": "`, `"digest": "0`},
		{"an altered cause", `"trigger": "manual"`, `"trigger": "drift"`},
		{"other intents", `"generation": "g1"`, `"generation": "g2"`},
		{"another commit", `"commit": "c1"`, `"commit": "c2"`},
		{"more time", `"expires": "2026`, `"expires": "2027`},
		{"nothing that binds it", `"binding": "`, `"was_binding": "`},
		{"no JSON", `{`, `[`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse([]byte(strings.Replace(string(js), tt.old, tt.new, 1))); err == nil {
				t.Error("was accepted")
			}
		})
	}
}

func TestMoved(t *testing.T) {
	f := load(t, "testdata/drift.txtar")
	r := Compute(f.input)
	if got := r.Plan.Moved(f.input.Observed, f.input.Secrets); len(got) > 0 {
		t.Errorf("nothing moved, and it says %v", got)
	}
	b := f.input.Observed.Builder()
	set := func(text string, v schema.Value) {
		if err := b.Set(tree.Leaf{Path: parsePath(t, text), Value: v}); err != nil {
			t.Fatal(err)
		}
	}
	b.Delete(parsePath(t, "/interfaces/interface[name=Ethernet49]/config/enabled"))
	set("/interfaces/interface[name=Ethernet49]/config/description", "sgoodbye\n")
	set("/interfaces/interface[name=Ethernet49]/config/mtu", "i1400")
	var got []string
	for _, m := range r.Plan.Moved(b.Build(), f.input.Secrets) {
		got = append(got, m.String())
	}
	want := []string{
		`/interfaces/interface[name=Ethernet49]/config/description: was "hello", is "goodbye\n"`,
		`/interfaces/interface[name=Ethernet49]/config/enabled: was "false", is gone`,
		`/interfaces/interface[name=Ethernet49]/config/mtu: was absent, is "1400"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i := range r.Plan.Base { // as a plan of an older version has it
		r.Plan.Base[i].Beside, r.Plan.Changes = nil, nil
	}
	if got := r.Plan.Moved(f.input.Observed, f.input.Secrets); len(got) > 0 {
		t.Errorf("nothing moved, and it says %v", got)
	}
}
