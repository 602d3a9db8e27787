package store_test

import (
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// withoutAccess takes back what migration 15 brought.
const withoutAccess = `ALTER TABLE plan DROP COLUMN needs; ALTER TABLE plan DROP COLUMN given; ALTER TABLE plan DROP COLUMN requester;
	ALTER TABLE plan DROP COLUMN escalated; DROP TABLE token; `

func TestTokens(t *testing.T) { both(t, testTokens) }

func testTokens(t *testing.T, s *store.Store) {
	alice := view.Token{
		ID: "a1", Digest: "00ff", User: "alice", Role: "approver", Groups: []string{"netops", "leads"}, Created: noon, CreatedBy: "root", Expires: noon.Add(time.Hour),
	}
	bob := view.Token{ID: "b1", Digest: "11ee", User: "bob", Role: "viewer", Groups: []string{}, Created: noon.Add(time.Second), CreatedBy: "root"}
	for _, k := range []view.Token{alice, bob} {
		do(t, s, func(tx event.Tx) error { return s.SaveToken(tx, k) })
	}
	same(t, "Token(a1)", alice)(s.Token(t.Context(), "a1"))
	same(t, "Tokens()", []view.Token{bob, alice})(s.Tokens(t.Context()))
	if err := s.Do(t.Context(), func(tx event.Tx) error { return s.SaveToken(tx, alice) }); err == nil {
		t.Error("a second token of the same name")
	}
	for _, want := range []bool{true, false} {
		do(t, s, func(tx event.Tx) error {
			got, err := s.RevokeToken(tx, "a1", noon.Add(time.Minute))
			if got != want {
				t.Errorf("revoked: %v, want %v", got, want)
			}
			return err
		})
	}
	alice.Revoked = noon.Add(time.Minute)
	same(t, "Token(a1) when it is revoked", alice)(s.Token(t.Context(), "a1"))
	if alice.Live(noon) || !bob.Live(noon.Add(1e6*time.Hour)) {
		t.Error("Live")
	}
}

func TestApprovals(t *testing.T) { both(t, testApprovals) }

func testApprovals(t *testing.T, s *store.Store) {
	p := view.Plan{
		ID: "p", Content: "c", Status: view.PlanOpen, Created: noon, Devices: nil, Requester: "bob", Body: []byte("{}"),
		Needs: []event.ApprovalNeed{{Policy: "prod", Source: "x.yaml:3", Approvals: 2, Groups: []string{"netops"}, ExpiresAfter: time.Hour}},
	}
	do(t, s, func(tx event.Tx) error { _, err := s.SavePlan(tx, p); return err })
	same(t, "Plan(p)", p)(s.Plan(t.Context(), "p"))
	p.Given, p.Escalated = []event.Approver{{Name: "alice", Groups: []string{"netops"}, Via: "token", At: noon.UTC()}}, noon
	do(t, s, func(tx event.Tx) error { return s.SaveApprovals(tx, p) })
	same(t, "Plan(p) with an approval", p)(s.Plan(t.Context(), "p"))
}
