package schema_test

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
	"github.com/tenter-net/tenter/schemas"
)

// roots compiles the models that the compiler is tested with: they have a leaf of every type.
func roots(t testing.TB) *schema.Roots {
	t.Helper()
	_, data, err := compile.Dir(os.DirFS("compile/testdata"), compile.Options{
		Features: func(_, f string) bool { return f == "big" },
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return schema.NewRoots(map[string]*schema.Schema{"": s})
}

func Example() {
	_, data, err := compile.Dir(os.DirFS("compile/testdata"), compile.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := schema.Load(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	roots := schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: s})
	watts, _ := path.Parse("/top/watts")
	a, _ := roots.Canonical(watts, "1.50")
	b, _ := roots.Canonical(watts, json.Number("1.5"))
	_, wrong := roots.Canonical(watts, "a lot")
	fmt.Println(a.Text(), a == b)
	fmt.Println(wrong)
	// Output:
	// 1.5 true
	// /top/watts: "a lot" is no decimal64, -1.5..10.0 | 99.99: not a decimal
}

func at(t testing.TB, text string) path.Path {
	t.Helper()
	p, err := path.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCanonical(t *testing.T) {
	r := roots(t)
	n := func(s string) json.Number { return json.Number(s) }
	tests := []struct {
		leaf string
		v    any
		want schema.Value
	}{
		// Integers: decimal text, whatever they came as.
		{"large", "18446744073709551615", "i18446744073709551615"},
		{"large", n("5"), "i5"},
		{"large", n("1e+10"), "i10000000000"},
		{"bignum", n("5.0"), "i5"},
		{"large", uint64(math.MaxUint64), "i18446744073709551615"},
		{"large", schema.Text("+7"), "i7"},
		{"bignum", n("-128"), "i-128"},
		{"bignum", "-0", "i0"},
		{"bignum", int64(5), "i5"},
		{"bignum", float64(5), "i5"},
		{"server[name=a][id=1]/address/port", n("80"), "i80"},
		// decimal64: scaled, beyond what a float64 holds.
		{"watts", "1.5", "d150/2"},
		{"watts", "1.50", "d150/2"},
		{"watts", n("1.5e0"), "d150/2"},
		{"watts", n("15e-1"), "d150/2"},
		{"watts", "-0.5", "d-50/2"},
		{"watts", schema.Decimal{Digits: 9999, Precision: 2}, "d9999/2"},
		{"watts", 1.5, "d150/2"},
		{"watts", float32(0.1), "d10/2"},
		{"watts", 2, "d200/2"},
		// Booleans, enumerations, bits, empty, binary.
		{"server[name=a][id=1]/address/tls/on", true, "btrue"},
		{"server[name=a][id=1]/address/tls/on", "false", "bfalse"},
		{"mode", "up", "eup"},
		{"mode", "base:up", "eup"}, // as some devices send it
		{"flags", "c a", "ta c"},
		{"flags", "", "t"},
		{"marker", []any{nil}, "p"},
		{"marker", nil, "p"},
		{"marker", true, "p"},
		{"server[name=a][id=1]/address/tls/cert", "AAE=", "y\x00\x01"},
		{"server[name=a][id=1]/address/tls/cert", []byte{0, 1}, "y\x00\x01"},
		{"server[name=a][id=1]/address/tls", map[string]any{}, "p"},
		// Identities: qualified, resolved through the base.
		{"server[name=a][id=1]/config/pet", "base:puppy", "rbase:puppy"},
		{"server[name=a][id=1]/config/pet", "puppy", "rbase:puppy"},
		{"server[name=a][id=1]/config/pet", "b:puppy", "rbase:puppy"},
		{"server[name=a][id=1]/config/pet", "extra:dog", "rextra:dog"},
		{"server[name=a][id=1]/config/pet", "cat", "rextra:cat"},
		// Unions: the first member that the form fits.
		{"any", n("5"), "i5"},
		{"any", "5", "s5"},
		{"any", schema.Text("5"), "i5"},
		{"any", "puppy", "rbase:puppy"},
		{"any", true, "btrue"},
		{"any", "true", "strue"},
		{"any", "abc", "sabc"},
		// Leafrefs follow their target.
		{"best", "abc", "sabc"},
		// Leaf-lists: sorted unless the user orders them.
		{"tags", []any{"b", "a"}, "l\x02sa\x02sb"},
		{"tags", "b", "l\x02sb"},
		{"tags", []any{}, "l"},
		{"tags", schema.Text("[b, a]"), "l\x02sa\x02sb"},
		{"users", []any{"b", "a"}, "l\x02sb\x02sa"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s=%v", tt.leaf, tt.v), func(t *testing.T) {
			p := at(t, "/top/"+tt.leaf)
			got, err := r.Canonical(p, tt.v)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			text, err := json.Marshal(r.JSON(got, p))
			if err != nil {
				t.Fatal(err)
			}
			var back any
			dec := json.NewDecoder(strings.NewReader(string(text)))
			dec.UseNumber()
			if err := dec.Decode(&back); err != nil {
				t.Fatal(err)
			}
			if again, err := r.Canonical(p, back); err != nil || again != got {
				t.Errorf("through JSON %s: %q, %v; want %q", text, again, err, got)
			}
		})
	}
}

// TestStringBesideIdentity: a union's string without any restriction does not swallow the spellings of an identity.
func TestStringBesideIdentity(t *testing.T) {
	r := schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})
	p := at(t, "/routing-policy/defined-sets/bgp-defined-sets/community-sets/community-set[community-set-name=a]/config/community-member")
	for _, tt := range []struct{ text, want string }{
		{"openconfig-bgp-types:NO_EXPORT", "[openconfig-bgp-types:NO_EXPORT]"},
		{"NO_EXPORT", "[openconfig-bgp-types:NO_EXPORT]"},
		{"oc-bgp-types:NO_EXPORT", "[openconfig-bgp-types:NO_EXPORT]"},
		{"65000:.*", "[65000:.*]"},
		{"65000:1", "[65000:1]"},
	} {
		got, err := r.Canonical(p, []any{tt.text})
		if err != nil || got.Text() != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.text, got.Text(), err, tt.want)
		}
	}
}

// TestSpelling: an address is one value, whatever its spelling, as a leaf, in a union and as a key.
func TestSpelling(t *testing.T) {
	r := schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})
	const (
		ethernet = "/interfaces/interface[name=Ethernet1]"
		address  = ethernet + "/subinterfaces/subinterface[index=0]/ipv6/addresses/address"
		prefix   = "/routing-policy/defined-sets/prefix-sets/prefix-set[name=a]/prefixes/prefix"
	)
	for _, tt := range []struct{ leaf, text, want string }{
		{address + "[ip=2001:db8::1]/config/ip", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{address + "[ip=2001:db8::1]/config/ip", "2001:db8::0:1", "2001:db8::1"},
		{address + "[ip=::]/config/ip", "0:0:0:0:0:0:0:0", "::"},
		{ethernet + "/ethernet/config/mac-address", "AA:bb:CC:dd:EE:01", "aa:bb:cc:dd:ee:01"},
		{prefix + "[ip-prefix=::/0][masklength-range=exact]/config/ip-prefix", "2001:DB8::0/32", "2001:db8::/32"},
		{prefix + "[ip-prefix=::/0][masklength-range=exact]/config/ip-prefix", "2001:db8::1/32", "2001:db8::1/32"},
		{prefix + "[ip-prefix=::/0][masklength-range=exact]/config/ip-prefix", "10.0.0.1/8", "10.0.0.1/8"},
		{"/system/ntp/servers/server[address=fe80::1]/config/address", "FE80::1", "fe80::1"},
		{"/system/ntp/servers/server[address=a]/config/address", "Time.Example", "Time.Example"},
		{ethernet + "/config/description", "2001:DB8::1", "2001:DB8::1"},
	} {
		got, err := r.Canonical(at(t, tt.leaf), tt.text)
		if err != nil || got.Text() != tt.want {
			t.Errorf("%s %s: %s, %v; want %s", tt.leaf, tt.text, got.Text(), err, tt.want)
		}
	}
	got, err := r.Normalize(at(t, address+"[ip=2001:DB8:0::1]"))
	if err != nil || got.String() != address+"[ip=2001:db8::1]" {
		t.Errorf("as a key: %s, %v", got, err)
	}
}

func TestCanonicalRefuses(t *testing.T) {
	r := roots(t)
	tests := []struct {
		leaf string
		v    any
		want string
	}{
		{"large", "-1", "not an integer in range"},
		{"large", "18446744073709551616", "not an integer in range"},
		{"large", 1.5, "not an integer"},
		{"large", json.Number("1.5"), "not an integer"},
		{"bignum", json.Number("128"), "out of range"},
		{"bignum", true, "not an integer"},
		{"server[name=a][id=1]/config/load", json.Number("101"), "out of range"},
		{"server[name=a][id=1]/config/name", "Abc", "does not match"},
		{"server[name=a][id=1]/config/name", "abcdefghi", "its length is 9"},
		{"server[name=a][id=1]/config/name", json.Number("1"), "not a string"},
		{"server[name=a][id=1]/config/pet", "fish", "no such name"},
		{"server[name=a][id=1]/config/pet", "pupy", `did you mean "puppy"?`},
		{"server[name=a][id=1]/config/pet", "dog", "needs its module"},
		{"server[name=a][id=1]/config/pet", "animal", "no such name"},
		{"server[name=a][id=1]/config/pet", "extra:puppy", "did you mean"},
		{"tags", []any{"x1"}, "element 1"},
		{"tags", []any{"xa"}, "does not match"},
		{"tags", []any{"a", "a"}, "twice"},
		{"watts", "1.555", "more than 2 digits"},
		{"watts", "10.01", "out of range"},
		{"watts", "1e", "not a decimal"},
		{"watts", ".5", "not a decimal"},
		{"watts", "--5", "not a decimal"},
		{"mode", "upp", `did you mean "up"?`},
		{"flags", "a a", "twice"},
		{"flags", "d", "no such name"},
		{"marker", "x", "not empty"},
		{"any", "toolong", "no member"},
		{"server[name=a][id=1]/address/tls/cert", "AAECAwQ=", "its length is 5"},
		{"server[name=a][id=1]/address/tls/cert", "?", "not base64"},
		{"server[name=a][id=1]/address", "x", "a container has no value"},
		{"server", "x", "a list has no value"},
		{"nowhere", "x", "no child"},
	}
	for _, tt := range tests {
		_, err := r.Canonical(at(t, "/top/"+tt.leaf), tt.v)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s = %v: error %v, want %s", tt.leaf, tt.v, err, tt.want)
		}
	}
}

func TestDecimal64BeyondFloat64(t *testing.T) {
	r := roots(t)
	p := at(t, "/top/large")
	// The same pitfall with the widest integer: both are the same float64.
	a, errA := r.Canonical(p, json.Number("9007199254740993"))
	b, errB := r.Canonical(p, json.Number("9007199254740992"))
	if errA != nil || errB != nil || a == b {
		t.Errorf("%q %q %v %v", a, b, errA, errB)
	}
}

func TestNormalize(t *testing.T) {
	r := roots(t)
	tests := []struct{ text, want string }{
		{"/top/server[id=007][name=abc]/config", "/top/server[id=7][name=abc]/config"},
		{"/base:top/base:server", "/top/server"},
		{"/top/server[name=a][id=1]/state/uptime", "/top/server[id=1][name=a]/state/uptime"},
		{"/", "/"},
	}
	for _, tt := range tests {
		got, err := r.Normalize(at(t, tt.text))
		if err != nil || got.String() != tt.want {
			t.Errorf("Normalize(%s) = %s, %v; want %s", tt.text, got, err, tt.want)
		}
	}
}

func TestCheck(t *testing.T) {
	r := roots(t)
	tests := []struct{ text, want string }{
		{"/topp", `/ has no child "topp" (did you mean "top"?)`},
		{"/top/server[name=a]/config", `list server needs key "id"`},
		{"/top/server/config", `list server needs key "name"`},
		{"/top/server[name=a][id=x]", `key "id": "x" is no uint32`},
		{"/top/server[name=a][id=1][z=2]", `list server has no key "z"`},
		{"/top[name=a]", "top is a container and has no keys"},
		{"eos:/top", `unknown origin "eos"; here paths begin with `},
	}
	for _, tt := range tests {
		if err := r.Check(at(t, tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Check(%s) = %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestKeyText(t *testing.T) {
	r := roots(t)
	n, _ := r.Node(at(t, "/top/server/config/pet"))
	for v, want := range map[string]string{"base:puppy": "puppy", "base:dog": "base:dog", "extra:dog": "extra:dog", "cat": "cat"} {
		if got, err := n.KeyText(v); err != nil || got != want {
			t.Errorf("KeyText(%s) = %s, %v; want %s", v, got, err, want)
		}
	}
}

func TestValueText(t *testing.T) {
	tests := []struct {
		v    schema.Value
		want string
	}{
		{"", ""},
		{"sabc", "abc"},
		{"d-50/2", "-0.5"},
		{"d5/2", "0.05"},
		{"d100/2", "1.0"},
		{"d-9223372036854775808/18", "-9.223372036854775808"},
		{"p", "present"},
		{"y\x00\x01", "AAE="},
		{"l\x02sa\x02sb", "[a, b]"},
		{"l", "[]"},
		{"rbase:dog", "base:dog"},
		{schema.KeysValue([]string{"[id=2]", "[id=1]"}), "[id=2] [id=1]"},
	}
	for _, tt := range tests {
		if got := tt.v.Text(); got != tt.want {
			t.Errorf("%q: text %q, want %q", tt.v, got, tt.want)
		}
	}
}

func TestValueItemsOfDamage(t *testing.T) {
	for _, v := range []schema.Value{"l\xff", "l\x05a", "k\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		_ = v.Items()
		_ = v.Entries()
	}
	if got := schema.Value("l\x02sa\x09s").Items(); len(got) != 1 {
		t.Errorf("a damaged leaf-list gave %q", got)
	}
}

// FuzzLoad mutates what is inside the compression, where the structure is.
func FuzzLoad(f *testing.F) {
	const magic = "tenter-schema-1\n"
	_, data, err := compile.Dir(os.DirFS("compile/testdata"), compile.Options{})
	if err != nil {
		f.Fatal(err)
	}
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(data[len(magic):])))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		packed := bytes.NewBufferString(magic)
		w, _ := flate.NewWriter(packed, flate.BestSpeed)
		_, _ = w.Write(raw)
		_ = w.Close()
		s, err := schema.Load(packed.Bytes())
		if err != nil {
			return
		}
		// What loads must be safe to use.
		for i := range s.Len() {
			n := s.Node(schema.NodeID(i))
			_, _, _, _ = n.Type(), n.Path(), n.Default(), n.Module()
			_, _, _ = n.Keys(), n.Unique(), n.Case()
			for _, v := range []any{"1", json.Number("1"), true, nil, schema.Text("a b")} {
				if c, err := n.Canonical(v); err == nil {
					_, _ = n.JSON(c), n.References(c)
				}
			}
		}
	})
}
