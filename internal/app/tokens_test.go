package app

import (
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/settings"
)

var someAdmin = api.Caller{Who: policy.Who{Name: "root", Role: policy.Admin, Via: policy.ViaSocket}}

// A name that people would take for another person's lets one person be two.
func TestTokenIsForSomebodyInParticular(t *testing.T) {
	a, _ := logKeeper(t)
	a.set.Access.Users = []settings.User{{Name: "alice", UID: "1000", Role: "approver"}}
	for _, name := range []string{"", " ", "alice ", " alice", "Alice", "ALICE", "al\x1b[2Jice", "alice\u200b", "alice\u0085", strings.Repeat("x", 101)} {
		if _, err := a.CreateToken(t.Context(), someAdmin, TokenRequest{User: name, Role: "approver"}); err == nil {
			t.Errorf("%q got a token", name)
		}
	}
	for _, name := range []string{"alice", "bob", "Zoë from operations"} {
		reply, err := a.CreateToken(t.Context(), someAdmin, TokenRequest{User: name, Role: "approver", For: time.Hour})
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if who, err := a.bearer(t.Context(), reply.Secret); err != nil || who.Name != name {
			t.Errorf("%q: the token is of %q, %v", name, who.Name, err)
		}
		for _, wrong := range []string{reply.Secret + "x", strings.ToUpper(reply.Secret), tokenPrefix + reply.ID + "_", reply.ID, reply.Digest} {
			if who, err := a.bearer(t.Context(), wrong); err == nil {
				t.Errorf("a wrong token is of %q", who.Name)
			}
		}
	}
}

func TestPersonOfACommit(t *testing.T) {
	a, _ := logKeeper(t)
	a.set.Access.Users = []settings.User{{Name: "alice", Emails: []string{"alice@example.net"}}, {Name: "bob", Emails: []string{"bob@example.net"}}}
	for author, want := range map[string]string{
		"Alice <alice@example.net>":                   "alice",
		"Alice <ALICE@Example.NET>":                   "alice",
		"Alice <bob@example.net> <alice@example.net>": "alice", // as whoever writes a commit's bytes may call themselves
		"alice@example.net <eve@example.net>":         "",
		"Eve <>":                                      "",
		"":                                            "",
		"<alice@example.net":                          "alice",
	} {
		if got := a.person(author); got != want {
			t.Errorf("%q is %q, want %q", author, got, want)
		}
	}
}
