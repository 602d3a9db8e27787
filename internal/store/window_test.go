package store_test

import (
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// withoutWindows takes back what migrations 16, 19 and 20 brought.
const withoutWindows = `DROP TABLE backup; DROP TABLE fabric_freeze; DROP TABLE time_window; ALTER TABLE leaf DROP COLUMN since; ALTER TABLE episode DROP COLUMN severity;
	ALTER TABLE episode DROP COLUMN rule; ALTER TABLE episode DROP COLUMN hand; ALTER TABLE episode DROP COLUMN known; ALTER TABLE episode DROP COLUMN grace;
	ALTER TABLE device DROP COLUMN looked; `

func TestFreeze(t *testing.T) { both(t, testFreeze) }

func testFreeze(t *testing.T, s *store.Store) {
	same(t, "none", view.Freeze{})(s.Freeze(t.Context()))
	first := view.Freeze{Until: noon.Add(time.Hour), Reason: "audit", By: "ada", Since: noon, Event: "e1"}
	second := view.Freeze{Until: noon.Add(2 * time.Hour), Reason: "more of it", By: "bob", Since: noon.Add(time.Minute), Event: "e2"}
	for _, f := range []view.Freeze{first, second} {
		do(t, s, func(tx event.Tx) error { return s.SaveFreeze(tx, f) })
		same(t, f.Reason, f)(s.Freeze(t.Context()))
	}
	for _, tt := range []struct {
		f    view.Freeze
		want bool
	}{{first, false}, {second, true}, {second, false}} {
		do(t, s, func(tx event.Tx) error {
			ended, err := s.EndFreeze(tx, tt.f)
			if ended != tt.want {
				t.Errorf("%s: ended %t", tt.f.Reason, ended)
			}
			return err
		})
	}
	same(t, "ended", view.Freeze{})(s.Freeze(t.Context()))
}

func TestWindows(t *testing.T) { both(t, testWindows) }

func testWindows(t *testing.T, s *store.Store) {
	closed := view.Window{Name: "night", Turn: noon}
	opened := view.Window{Name: "night", Open: true, Since: noon, Turn: noon.Add(time.Hour)}
	for _, tt := range []struct {
		name          string
		before, after view.Window
		want          bool
		then          []view.Window
	}{
		{"new", view.Window{}, closed, true, []view.Window{closed}},
		{"new again", view.Window{}, opened, false, []view.Window{closed}},
		{"opens", closed, opened, true, []view.Window{opened}},
		{"opens again", closed, opened, false, []view.Window{opened}},
		{"forgotten as it was", closed, view.Window{}, false, []view.Window{opened}},
		{"forgotten", opened, view.Window{}, true, nil},
	} {
		do(t, s, func(tx event.Tx) error {
			moved, err := s.MoveWindow(tx, tt.before, tt.after)
			if moved != tt.want {
				t.Errorf("%s: moved %t", tt.name, moved)
			}
			return err
		})
		same(t, tt.name, tt.then)(s.Windows(t.Context()))
	}
}
