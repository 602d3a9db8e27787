package gnmi_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/gnmi"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/sim/hand"
	"github.com/tenter-net/tenter/internal/tree"
)

// watching runs a Watch and hands out what it says.
type watching struct {
	stages  chan string
	updates chan tree.Update
	ended   chan error
	stop    context.CancelFunc
}

func watch(t *testing.T, s *gnmi.Session, paths ...string) *watching {
	ctx, cancel := context.WithCancel(t.Context())
	w := &watching{stages: make(chan string, 10), updates: make(chan tree.Update, 1000), ended: make(chan error, 1), stop: cancel}
	opts := profile.WatchOptions{OnStage: func(r profile.Rung) { w.stages <- strings.TrimSpace(string(r.Stage) + " " + r.Reason) }}
	for _, p := range paths {
		opts.Paths = append(opts.Paths, at(t, p))
	}
	go func() { w.ended <- s.Watch(ctx, "", opts, func(u tree.Update) error { w.updates <- u; return nil }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-w.ended; err == nil {
			t.Error("a watch ended without a reason")
		}
	})
	return w
}

func (w *watching) stage(t *testing.T) string {
	t.Helper()
	select {
	case s := <-w.stages:
		return s
	case err := <-w.ended:
		w.ended <- err
		t.Fatalf("the watch ended: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("no stage")
	}
	return ""
}

// until returns what was said up to and with the update that is wanted.
func (w *watching) until(t *testing.T, wanted func(tree.Update) bool) []tree.Update {
	t.Helper()
	var all []tree.Update
	for {
		select {
		case u := <-w.updates:
			if all = append(all, u); wanted(u) {
				return all
			}
		case err := <-w.ended:
			w.ended <- err
			t.Fatalf("the watch ended: %v", err)
		case <-time.After(20 * time.Second):
			t.Fatal("nothing more comes")
		}
	}
}

func isSync(u tree.Update) bool { return u.Sync }

func says(p path.Path, v string) func(tree.Update) bool {
	return func(u tree.Update) bool {
		for _, l := range u.Leaves {
			if path.Equal(l.Path, p) && l.Value.Text() == v {
				return true
			}
		}
		return false
	}
}

func deletes(p path.Path) func(tree.Update) bool {
	return func(u tree.Update) bool {
		for _, d := range u.Deletes {
			if p.HasPrefix(d) {
				return true
			}
		}
		return false
	}
}

func TestLadder(t *testing.T) {
	for name, tt := range map[string]struct {
		faults []string
		stages []string
	}{
		"on change":          {nil, []string{"on_change"}},
		"second stamps":      {[]string{"second-timestamps"}, []string{"on_change"}},
		"atomic":             {[]string{"atomic"}, []string{"on_change"}},
		"refused":            {[]string{"refuse-on-change"}, []string{"on_change", "target_defined"}},
		"refused twice":      {[]string{"refuse-on-change", "refuse-target"}, []string{"on_change", "target_defined", "sample"}},
		"silent":             {[]string{"no-sync"}, []string{"on_change", "target_defined", "sample", "poll"}},
		"no streams":         {[]string{"refuse-stream"}, []string{"on_change", "target_defined", "sample", "poll"}},
		"no streams, no Get": {[]string{"refuse-stream", "no-get"}, []string{"on_change", "target_defined", "sample", "poll"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := simulate(t)
			by := f.hand("leaf1")
			if err := by.Set(t.Context(), hand.Edit{Path: desc, Value: "before"}); err != nil {
				t.Fatal(err)
			}
			for _, fault := range tt.faults {
				f.control("leaf1 " + fault)
			}
			cfg := f.config("leaf1")
			p := &cfg.Profile.Watch
			p.SyncTimeout, p.SampleInterval, p.PollInterval = 300*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
			w := watch(t, dial(t, cfg), "/interfaces", "/network-instances")
			for i, want := range tt.stages {
				got := w.stage(t)
				if stage, why, _ := strings.Cut(got, " "); stage != want || (why == "") != (i == 0) {
					t.Fatalf("rung %d is %q, want %s", i, got, want)
				}
			}
			first := w.until(t, isSync)
			seen := false
			for _, u := range first {
				seen = seen || says(at(t, desc), "before")(u)
			}
			if !seen {
				t.Error("the snapshot lacks the description")
			}
			if err := by.Set(t.Context(), hand.Edit{Path: desc, Value: "after"}); err != nil {
				t.Fatal(err)
			}
			w.until(t, says(at(t, desc), "after"))
			if tt.stages[len(tt.stages)-1] == "sample" {
				return // a sample does not tell of what is not there
			}
			if err := by.Set(t.Context(), hand.Edit{Path: desc, Delete: true}); err != nil {
				t.Fatal(err)
			}
			w.until(t, deletes(at(t, desc)))
		})
	}
}

// whenSynced starts a watch, again while the device cannot be reached, and returns how it will end.
func whenSynced(t *testing.T, s *gnmi.Session) <-chan error {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		done, synced := make(chan error, 1), make(chan struct{})
		go func() {
			done <- s.Watch(t.Context(), "", profile.WatchOptions{Paths: []path.Path{at(t, "/system")}}, func(u tree.Update) error {
				if u.Sync {
					close(synced)
				}
				return nil
			})
		}()
		select {
		case <-synced:
			return done
		case err := <-done:
			if k := kind(err); k != fault.Unreachable && k != fault.Lost || time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
	}
}

func TestWatchEndsWithItsStream(t *testing.T) {
	f := simulate(t)
	s := dial(t, f.config("leaf1"))
	for _, what := range []string{"drop-streams", "cut", "reboot"} {
		done := whenSynced(t, s)
		f.control("leaf1 " + what)
		select {
		case err := <-done:
			if kind(err) != fault.Lost {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: the watch goes on", what)
		}
		f.control("leaf1 restore")
	}
	errStop := errors.New("enough")
	whenSynced(t, s)
	err := s.Watch(t.Context(), "", profile.WatchOptions{}, func(tree.Update) error { return errStop })
	if !errors.Is(err, errStop) {
		t.Errorf("the watch ended by %v", err)
	}
}
