package rebuild_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/rebuild"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// TestWhoMayAndWhetherAtAll has tokens and a freeze: the log tells of them, so nobody changes them in the tables unseen.
func TestWhoMayAndWhetherAtAll(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		s, now := at.Open(t, store.Options{Fabric: "dc1", Worker: "w1"}), time.Now().UTC().Round(0)
		do := func(do func(tx event.Tx) error, d event.Draft) {
			t.Helper()
			err := s.Do(t.Context(), func(tx event.Tx) error {
				if err := do(tx); err != nil {
					return err
				}
				return tx.Append(t.Context(), d)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		give := func(k view.Token) event.Draft {
			d := event.Draft{Type: event.TypeTokenCreated, Data: event.Token{ID: k.ID, User: k.User, Role: k.Role, Groups: k.Groups, Expires: k.Expires}}
			do(func(tx event.Tx) error { return s.SaveToken(tx, k) }, d)
			return d
		}
		give(view.Token{ID: "a", User: "alice", Role: "planner", Groups: []string{"netops"}, Created: now, Expires: now.Add(time.Hour)})
		b := give(view.Token{ID: "b", User: "bob", Role: "admin", Created: now})
		same(t, s)
		b.Type = event.TypeTokenRevoked
		do(func(tx event.Tx) error { _, err := s.RevokeToken(tx, "b", now); return err }, b)
		freeze := func() view.Freeze {
			f := view.Freeze{Until: now.Add(time.Hour), Reason: "a busy day", By: "alice", Since: now, Event: uuid.Must(uuid.NewV7()).String()}
			do(func(tx event.Tx) error { return s.SaveFreeze(tx, f) }, event.Draft{
				ID: event.ID(f.Event), Type: event.TypeWindowFrozen, Data: event.Freeze{Until: f.Until, Reason: f.Reason, By: f.By},
			})
			return f
		}
		freeze()
		last := freeze() // in place of the first
		same(t, s)
		for _, change := range []struct{ there, back, want string }{
			{"UPDATE token SET role = 'admin' WHERE id = 'a'", "UPDATE token SET role = 'planner' WHERE id = 'a'", `token a: role: live "admin", by the log "planner"`},
			{"UPDATE token SET revoked = 0 WHERE id = 'b'", "UPDATE token SET revoked = 1 WHERE id = 'b'", `token b: revoked: live nothing, by the log true`},
			{"UPDATE fabric_freeze SET reason = 'none'", "UPDATE fabric_freeze SET reason = 'a busy day'", `freeze fabric: reason: live "none", by the log "a busy day"`},
		} {
			at.Exec(t, change.there)
			r, err := rebuild.Check(t.Context(), s, true)
			if err != nil || len(r.Differences) != 1 || r.Differences[0].String() != change.want {
				t.Errorf("%s: %v, %v", change.there, r.Differences, err)
			}
			at.Exec(t, change.back)
		}
		do(func(tx event.Tx) error { _, err := s.EndFreeze(tx, last); return err }, event.Draft{
			Type: event.TypeWindowUnfrozen, Data: event.Freeze{Until: last.Until, Reason: "it is over"},
		})
		same(t, s)
	})
}
