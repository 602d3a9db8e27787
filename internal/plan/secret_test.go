package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

func TestSecrets(t *testing.T) {
	marked := parsePath(t, "/system/config/login-banner")
	s := NewSecrets(testKey, []path.Path{marked})
	other := NewSecrets([]byte("another key"), []path.Path{marked})
	tests := []struct {
		path   string
		secret bool
	}{
		{"/system/aaa/authentication/users/user[username=ann]/config/password", true},
		{"/system/aaa/authentication/users/user[username=ann]/config/password-hashed", true},
		{"/system/aaa/authentication/admin-user/config/admin-password-hashed", true},
		{"/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=10.0.0.1]/config/auth-password", true},
		{"/system/config/login-banner", true},
		{"/system/config/motd-banner", false},
		{"/interfaces/interface[name=password]/config/description", false},
		{"/", false},
	}
	for _, tt := range tests {
		p := parsePath(t, tt.path)
		if got := s.Is(p); got != tt.secret {
			t.Errorf("%s: secret %t", tt.path, got)
			continue
		}
		const v = schema.Value("shush")
		d := s.Digest(p, v)
		if hidden := Hidden(d); hidden != tt.secret || s.Digest(p, d) != d || !s.Same(p, d, v) || s.Same(p, v, "sother") {
			t.Errorf("%s: digest %q", tt.path, d)
		}
		if tt.secret && (other.Digest(p, v) == d || strings.Contains(s.Show(p, v)+string(d), "hush")) {
			t.Errorf("%s: shown as %s", tt.path, s.Show(p, v))
		}
		if !tt.secret && s.Show(p, v) != "hush" {
			t.Errorf("%s: shown as %s", tt.path, s.Show(p, v))
		}
		if s.Digest(p, "") != "" || s.Show(p, "") != "" {
			t.Errorf("%s: an absent value is not absent", tt.path)
		}
	}
}

func TestStrike(t *testing.T) {
	marked := parsePath(t, "/system/config/login-banner")
	s := NewSecrets(testKey, []path.Path{marked})
	leaves := []tree.Leaf{
		{Path: marked, Value: "shush"},
		{Path: parsePath(t, "/system/aaa/authentication/users/user[username=ann]/config/password"), Value: `shush"2`},
		{Path: parsePath(t, "/system/aaa/authentication/users/user[username=bob]/config/password")},
		{Path: parsePath(t, "/system/aaa/authentication/users/user[username=eve]/config/password"), Value: s.Digest(marked, "sx")},
		{Path: parsePath(t, "/system/config/hostname"), Value: "sleaf1"},
	}
	tests := []struct{ text, want string }{
		{"leaf1: no such leaf", "leaf1: no such leaf"},
		{"leaf1: hush is too short", "leaf1: (secret) is too short"},
		{`hush"2, then hush`, "(secret), then (secret)"},
		{`{"password": "hush\"2"}`, `{"password": "(secret)"}`},
		{"", ""},
	}
	for _, tt := range tests {
		if got := s.Strike(tt.text, slices.Values(leaves)); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestRedact(t *testing.T) {
	s := NewSecrets(testKey, nil)
	p := parsePath(t, "/system/aaa/authentication/users/user[username=ann]/config/password")
	leaf := tree.Leaf{Path: p, Value: "shush"}
	e := tree.Edit{Deletes: []path.Path{p}, Replaces: []tree.Subtree{{Path: p.Parent(), Leaves: []tree.Leaf{leaf}}}, Updates: []tree.Leaf{leaf}}
	if text := editText(s.Redact(e)); strings.Contains(text, "hush") || !strings.Contains(text, "delete ") {
		t.Error(text)
	}
	if !strings.Contains(editText(e), "hush") {
		t.Error("the edit itself was changed")
	}
}

func TestReads(t *testing.T) {
	f := load(t, "testdata/drift.txtar")
	tests := []struct {
		name, own string
		want      string
	}{
		{"what is there", "/interfaces", "/interfaces /network-instances"},
		{"what the scope owns besides", "/lldp/interfaces", "/interfaces /lldp /network-instances"},
		{"everything", "/**", "/"},
	}
	for _, tt := range tests {
		in := f.input
		in.Scope = addScope(t, Scope{}, tt.own, fabric.Own)
		var got []string
		for _, p := range in.Reads() {
			got = append(got, p.String())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}
