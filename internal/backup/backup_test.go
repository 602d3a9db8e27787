package backup_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/backup"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
	"github.com/tenter-net/tenter/schemas"
)

func roots(t testing.TB) *schema.Roots {
	t.Helper()
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profiles.Get("openconfig")
	if err != nil {
		t.Fatal(err)
	}
	r, err := profiles.Models(schemas.Named).Roots(p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// device is a tree with a value of each form.
func device(t testing.TB) *tree.Tree {
	t.Helper()
	r := roots(t)
	b := tree.NewBuilder(tree.NewTable(r))
	set := func(text string, v any) {
		p, err := path.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		value, ok := v.(schema.Value)
		if !ok {
			if value, err = r.Canonical(p, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Set(tree.Leaf{Path: p, Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	set("/interfaces/interface[name=a\\]b]/config/description", "it's <\"odd\"> \\ \u00e4")
	set("/interfaces/interface[name=a\\]b]/config/mtu", 9000)
	set("/interfaces/interface[name=a\\]b]/config/enabled", false)
	set("/interfaces/interface[name=a\\]b]/config/type", "iana-if-type:ethernetCsmacd")
	set("/system/dns/config/search", []any{"b.example", "a.example"})
	set("/system/aaa/authentication/users/user[username=ops]/config/password", "s3cr3t")
	list := "/routing-policy/policy-definitions/policy-definition[name=p]/statements/statement"
	set(list+"[name=z]/config/name", "z")
	set(list+"[name=a]/config/name", "a")
	set(list, schema.KeysValue([]string{"[name=z]", "[name=a]"}))
	return b.Build()
}

// digest stands for the keyed digest of a store.
func digest(p path.Path, v schema.Value) schema.Value {
	if p.Last().Name == "password" {
		return schema.StringValue("secret:hmac-sha256:00")
	}
	return v
}

func file(t testing.TB, have *tree.Tree) *backup.File {
	t.Helper()
	f := &backup.File{Device: "leaf1", Taken: time.Unix(1_800_000_000, 0).UTC(), Identity: view.Identity{Serial: "X1"}, Profile: "openconfig"}
	if err := f.Fill(have, digest); err != nil {
		t.Fatal(err)
	}
	return f
}

func text(have *tree.Tree) []string {
	var out []string
	for l := range have.All() {
		out = append(out, fmt.Sprintf("%s = %q", l.Path, digest(l.Path, l.Value)))
	}
	return out
}

// What is read back is what was kept, to the byte, but for secrets, of which there is the digest.
func TestRoundTrip(t *testing.T) {
	have := device(t)
	data, err := file(t, have).JSON()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("s3cr3t")) {
		t.Errorf("the secret is in it:\n%s", data)
	}
	f, err := backup.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	got, problems := f.Tree(tree.NewTable(roots(t)))
	if len(problems) > 0 {
		t.Error(problems)
	}
	if diff := cmp.Diff(text(have), text(got)); diff != "" {
		t.Error(diff)
	}
	again, err := f.JSON()
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("%v: not the same bytes:\n%s", err, again)
	}
}

func TestWhatIsNoBackup(t *testing.T) {
	data, err := file(t, device(t)).JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, text, want string
	}{
		{"nothing", "", "no backup"},
		{"something else", `{"id": "x"}`, "no format_version"},
		{"another value", strings.Replace(string(data), "9000", "9001", 1), "was altered"},
		{"a leaf less", strings.Replace(string(data), `{"path":"/system/dns/config/search"`, `{"path":"/system/dns/config/other"`, 1), "was altered"},
		{"half of it", string(data[:len(data)/2]), "no backup"},
		{"a newer form", strings.Replace(string(data), `"format_version": 1`, `"format_version": 2`, 1), "knows up to 1"},
		{"of nobody", strings.Replace(string(data), `"device": "leaf1"`, `"device": ""`, 1), "names no device"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := backup.Parse([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

// What a schema does not take, as that of a device with other software may not, is told and does no harm.
func TestOtherSchema(t *testing.T) {
	f := file(t, device(t))
	f.Leaves = append(f.Leaves,
		backup.Leaf{Path: "/nonsense", Value: []byte("1")},
		backup.Leaf{Path: "/interfaces/interface[name=x]/config/mtu", Value: []byte(`"large"`)},
		backup.Leaf{Path: "/interfaces", Entries: []string{"[name=x]"}},
		backup.Leaf{Path: "no path", Value: []byte("1")},
	)
	_, problems := f.Tree(tree.NewTable(roots(t)))
	if len(problems) != 4 {
		t.Errorf("%v", problems)
	}
	for _, p := range problems {
		if strings.Contains(p.Reason, "large") {
			t.Errorf("the value is in %q", p.Reason)
		}
	}
}

func FuzzParse(f *testing.F) {
	data, err := file(f, device(f)).JSON()
	if err != nil {
		f.Fatal(err)
	}
	r := roots(f)
	f.Add(data)
	f.Add([]byte(`{"format_version": 1, "device": "x", "sum": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "leaves": []}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := backup.Parse(data)
		if err != nil {
			return
		}
		got, _ := parsed.Tree(tree.NewTable(r))
		again := &backup.File{Device: parsed.Device}
		if err := again.Fill(got, func(_ path.Path, v schema.Value) schema.Value { return v }); err != nil {
			t.Fatal(err)
		}
		text, err := again.JSON()
		if err != nil {
			t.Fatal(err)
		}
		back, err := backup.Parse(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if same, problems := back.Tree(tree.NewTable(r)); len(problems) > 0 || same.Len() != got.Len() {
			t.Errorf("%d leaves of %d, %v", same.Len(), got.Len(), problems)
		}
	})
}

func BenchmarkTree(b *testing.B) {
	r := roots(b)
	bu := tree.NewBuilder(tree.NewTable(r))
	for i := range 2000 {
		for _, leaf := range []string{"description", "name"} {
			p, err := path.Parse(fmt.Sprintf("/interfaces/interface[name=Ethernet%d]/config/%s", i, leaf))
			if err != nil {
				b.Fatal(err)
			}
			if err := bu.Set(tree.Leaf{Path: p, Value: schema.StringValue(fmt.Sprintf("Ethernet%d", i))}); err != nil {
				b.Fatal(err)
			}
		}
	}
	f := file(b, bu.Build())
	for b.Loop() {
		f.Tree(tree.NewTable(r))
	}
	b.ReportMetric(float64(len(f.Leaves)*b.N)/b.Elapsed().Seconds(), "leaves/s")
}

func ExampleParse() {
	_, err := backup.Parse([]byte(`{"format_version": 1, "device": "leaf1", "sum": "00", "leaves": []}`))
	fmt.Println(err)
	// Output: the backup was altered, or is not whole: its leaves have another sum than it says
}
