package plan

import (
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
