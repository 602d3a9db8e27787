package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/wire"
)

// TestForms sends each value in every form that devices use for it: one value has one canonical form.
func TestForms(t *testing.T) {
	const (
		text  = `val: {string_val: `
		ascii = `val: {ascii_val: `
		ietf  = `val: {json_ietf_val: `
		plain = `val: {json_val: `
	)
	tests := []struct {
		leaf  string
		want  string
		forms []string
	}{
		{"large", "i5", []string{`val: {uint_val: 5}`, `val: {int_val: 5}`, text + `"5"}`, ascii + `"5"}`, ietf + `"\"5\""}`, plain + `"5"}`, `val: {double_val: 5}`, `val: {decimal_val: {digits: 5}}`}},
		{"bignum", "i-5", []string{`val: {int_val: -5}`, text + `"-5"}`, ietf + `"-5"}`, plain + `"\"-5\""}`, `val: {float_val: -5}`}},
		{"watts", "d150/2", []string{`val: {double_val: 1.5}`, `val: {float_val: 1.5}`, `val: {decimal_val: {digits: 15 precision: 1}}`, text + `"1.50"}`, ietf + `"\"1.5\""}`, plain + `"1.5"}`, plain + `"15e-1"}`}},
		{"watts", "d200/2", []string{`val: {uint_val: 2}`, `val: {int_val: 2}`, text + `"2"}`, plain + `"2.0"}`}},
		{"mode", "eup", []string{text + `"up"}`, ascii + `"up"}`, ietf + `"\"up\""}`, plain + `"\"\\u0075p\""}`, `val: {bytes_val: "up"}`}},
		{"from-extra", "rbase:puppy", []string{text + `"puppy"}`, text + `"base:puppy"}`, text + `"b:puppy"}`, ietf + `"\"base:puppy\""}`, plain + `"\"puppy\""}`}},
		{"flags", "ta c", []string{text + `"a c"}`, text + `"c a"}`, ietf + `"\"c  a\""}`}},
		{"marker", "p", []string{`val: {bool_val: true}`, text + `""}`, ietf + `"[null]"}`, plain + `"[null]"}`, plain + `"null"}`}},
		{"tags", "l\x02sa\x02sb", []string{`val: {leaflist_val: {element: {string_val: "b"} element: {string_val: "a"}}}`, ietf + `"[\"b\", \"a\"]"}`, plain + `"[\"a\",\"b\"]"}`}},
		{"users", "l\x02sb\x02sa", []string{`val: {leaflist_val: {element: {string_val: "b"} element: {string_val: "a"}}}`, ietf + `"[\"b\", \"a\"]"}`}},
		{"any", "i5", []string{`val: {uint_val: 5}`, `val: {int_val: 5}`, ietf + `"5"}`, ascii + `"5"}`}},
		{"any", "s5", []string{text + `"5"}`, ietf + `"\"5\""}`}},
		{"any", "btrue", []string{`val: {bool_val: true}`, plain + `"true"}`}},
		{"server[name=a][id=1]/address/tls/cert", "y\x00\x01", []string{`val: {bytes_val: "\x00\x01"}`, text + `"AAE="}`, ietf + `"\"AAE=\""}`}},
	}
	d := wire.Decoder{Roots: roots(t)}
	for _, tt := range tests {
		for _, form := range tt.forms {
			n := notification(t, `update: {`+form+`}`)
			n.Update[0].Path = wire.ToPath(at(t, "/top/"+tt.leaf))
			// Some devices put modules into paths.
			n.Update[0].Path.Elem[0].Name = "base:top"
			for _, e := range n.Update[0].Path.Elem {
				prefixed := map[string]string{}
				for k, v := range e.Key {
					prefixed["base:"+k] = v
				}
				e.Key = prefixed
			}
			u := d.Notification(n)
			if len(u.Leaves) != 1 || string(u.Leaves[0].Value) != tt.want || len(u.Problems) > 0 {
				t.Errorf("%s as %s: %v, want %q", tt.leaf, form, show(u), tt.want)
			}
			sameTree(t, n)
		}
	}
}

// TestWrapped reads answers that repeat the node that was asked for.
func TestWrapped(t *testing.T) {
	const server = `{"name":"a","id":1,"config":{"name":"a","load":5}}`
	tests := []struct {
		name, path, plain, wrapped string
	}{
		{"container", "/top", `{"server":[` + server + `],"large":"7"}`, `{"base:top":{"server":[` + server + `],"large":"7"}}`},
		{"list", "/top/server", `[` + server + `]`, `{"base:server":[` + server + `]}`},
		{"entry", "/top/server[name=a][id=1]", server, `{"server":[` + server + `]}`},
		{"entry as an object", "/top/server[name=a][id=1]", server, `{"server":` + server + `}`},
		{"leaf", "/top/large", `"7"`, `{"base:large":"7"}`},
		{"leaf-list", "/top/tags", `["a"]`, ` {"tags" : ["a"] } `},
	}
	d := wire.Decoder{Roots: roots(t)}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read := func(text string) []string {
				n := notification(t, `update: {val: {json_ietf_val: `+quote(text)+`}}`)
				n.Update[0].Path = wire.ToPath(at(t, tt.path))
				sameTree(t, n)
				return show(d.Notification(n))
			}
			plain := read(tt.plain)
			if diff := cmp.Diff(plain, read(tt.wrapped)); diff != "" || len(plain) == 0 {
				t.Errorf("wrapped differs: %s", diff)
			}
			if cut := read(tt.wrapped[:len(tt.wrapped)-3] + `,"more":1}`); len(cut) > 0 && cmp.Equal(cut, plain) {
				t.Error("an answer with something beside the node is taken for the node")
			}
		})
	}
}
