package netconf_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/netconf"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A world is a session with a fake.
type world struct {
	*netconf.Session
	*fake
	t     *testing.T
	roots *schema.Roots
}

func newWorld(t *testing.T, capabilities ...string) *world {
	t.Helper()
	w := &world{fake: startFake(t, capabilities...), t: t, roots: loadRoots(t)}
	w.Session = dial(t, config(t, w.Server, func(cfg *netconf.Config) { cfg.Table = tree.NewTable(w.roots) }))
	return w
}

func (w *world) leaf(text string, v any) tree.Leaf {
	w.t.Helper()
	p := parsePath(w.t, w.roots, text)
	if order, is := v.([]string); is {
		return tree.Leaf{Path: p, Value: schema.KeysValue(order)}
	}
	value, err := w.roots.Canonical(p, v)
	if err != nil {
		w.t.Fatal(err)
	}
	return tree.Leaf{Path: p, Value: value}
}

func (w *world) set(opts profile.SetOptions, edit tree.Edit) (err error) {
	within(w.t, "Set", func() { err = w.Set(context.Background(), edit, opts) })
	return err
}

func (w *world) update(leaves ...tree.Leaf) error {
	return w.set(profile.SetOptions{}, tree.Edit{Updates: leaves})
}

func (w *world) want(lines ...string) {
	w.t.Helper()
	have, problems, err := readAll(w.t, w.Session)
	if err != nil || len(problems) > 0 {
		w.t.Fatal(err, problems)
	}
	var got []string
	for l := range have.All() {
		got = append(got, strings.TrimPrefix(l.Path.String(), "example:")+" = "+l.Value.Text())
	}
	if diff := cmp.Diff(lines, got); diff != "" {
		w.t.Error(diff)
	}
}

func TestSet(t *testing.T) {
	writable := []string{base10, "writable-running:1.0"}
	for name, capabilities := range map[string][]string{
		"candidate in 1.1": full, "candidate in 1.0": slices.Delete(slices.Clone(full), 1, 2), "running": writable, "running in 1.1": append(writable, base11),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, capabilities...)
			if err := w.update(
				w.leaf("/system/hostname", "a < b & c"), w.leaf("/system/tunnel", "example-switch:vxlan"), w.leaf("/system/shape", "example-types:round"),
				w.leaf("/system/server", []any{"z", "y"}), w.leaf("/system/tag", []any{"b", "a"}), w.leaf("/system/snmp/community", "x"),
				w.leaf("/system/at", "/example-switch:system/example-switch:tag[.='q:r']"), w.leaf("/system/on", nil),
				w.leaf("/policies/policy[name=p]/rule", []string{"[name=b][sequence=20]", "[name=a][sequence=10]"}),
				w.leaf("/policies/policy[name=p]/rule[sequence=20][name=b]/action", "permit"), w.leaf("/policies/policy[name=p]/rule[sequence=10][name=a]/name", "a"),
			); err != nil {
				t.Fatal(err)
			}
			rule := func(name, sequence string) []string {
				at := "/policies/policy[name=p]/rule[name=" + name + "][sequence=" + sequence + "]/"
				return []string{at + "name = " + name, at + "sequence = " + sequence}
			}
			w.want(slices.Concat(
				[]string{"/policies/policy[name=p]/name = p", "/policies/policy[name=p]/rule = [name=b][sequence=20] [name=a][sequence=10]"}, rule("a", "10"),
				[]string{"/policies/policy[name=p]/rule[name=b][sequence=20]/action = permit"}, rule("b", "20"),
				[]string{
					"/system/at = /example-switch:system/example-switch:tag[.='q:r']", "/system/hostname = a < b & c", "/system/on = present", "/system/server = [z, y]",
					"/system/shape = example-types:round", "/system/snmp = present", "/system/snmp/community = x", "/system/tag = [a, b]", "/system/tunnel = example-switch:vxlan",
				})...)
			edit := tree.Edit{
				Deletes: []path.Path{
					parsePath(t, w.roots, "/system/hostname"), parsePath(t, w.roots, "/system/snmp"), parsePath(t, w.roots, "/system/on"), parsePath(t, w.roots, "/system/at"),
					parsePath(t, w.roots, "/policies/policy[name=p]/rule[sequence=20][name=b]"), parsePath(t, w.roots, "/system/metric"),
				},
				Replaces: []tree.Subtree{{Path: parsePath(t, w.roots, "/system/tag"), Leaves: []tree.Leaf{w.leaf("/system/tag", []any{"c", "b"})}}},
				Updates: []tree.Leaf{
					w.leaf("/system/server", []any{"y", "x", "z"}), w.leaf("/policies/policy[name=p]/rule[sequence=5][name=c]/name", "c"),
					w.leaf("/policies/policy[name=p]/rule", []string{"[name=c][sequence=5]", "[name=a][sequence=10]"}),
				},
			}
			for range 2 {
				if err := w.set(profile.SetOptions{}, edit); err != nil {
					t.Fatal(err)
				}
				w.want(slices.Concat(
					[]string{"/policies/policy[name=p]/name = p", "/policies/policy[name=p]/rule = [name=c][sequence=5] [name=a][sequence=10]"}, rule("a", "10"), rule("c", "5"),
					[]string{"/system/server = [y, x, z]", "/system/shape = example-types:round", "/system/tag = [b, c]", "/system/tunnel = example-switch:vxlan"})...)
			}
			if err := w.Save(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTransaction holds what is said to a device, in order.
func TestTransaction(t *testing.T) {
	w := newWorld(t, full...)
	edit := w.leaf("/system/hostname", "a")
	if err := w.update(edit); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"lock running", "lock candidate", "get-config candidate", "get-config running", "edit-config candidate", "validate candidate", "get-config candidate",
		"commit", "get-config running", "unlock candidate", "unlock running",
	}
	if diff := cmp.Diff(want, w.takeCalls()); diff != "" {
		t.Error(diff)
	}
	if err := w.update(edit); err != nil { // nothing to do
		t.Fatal(err)
	}
	if diff := cmp.Diff(append(want[:4:4], want[9:]...), w.takeCalls()); diff != "" {
		t.Error(diff)
	}
	w.with(func() { w.refusals["commit"] = "operation-failed" })
	if err := w.update(w.leaf("/system/hostname", "b")); kind(err) != fault.Refused {
		t.Errorf("a refused commit: %v", err)
	}
	if diff := cmp.Diff(slices.Concat(want[:8:8], []string{"discard-changes", "get-config candidate", "get-config running"}, want[9:]), w.takeCalls()); diff != "" {
		t.Error(diff)
	}
	w.want("/system/hostname = a")
}

// TestLeftovers finds in the candidate what an earlier session of ours left there, on a device that does not discard it, and
// commits it; with anything of a stranger's beside it nothing is done.
func TestLeftovers(t *testing.T) {
	w := newWorld(t, full...)
	edit := []tree.Leaf{
		w.leaf("/system/hostname", "leaf1"), w.leaf("/system/server", []any{"a", "b"}),
		w.leaf("/policies/policy[name=in]/name", "in"), w.leaf("/policies/policy[name=in]/rule[name=r][sequence=1]/name", "r"),
		w.leaf("/policies/policy[name=in]/rule[name=r][sequence=1]/sequence", "1"),
		w.leaf("/policies/policy[name=in]/rule[name=r][sequence=1]/action", "permit"),
	}
	w.with(func() { w.hangups["commit"], w.lies["commit"] = true, true })
	if err := w.update(edit...); kind(err) != fault.Lost {
		t.Fatalf("a session that breaks while it commits: %v", err)
	}
	w.with(func() { w.hangups["commit"], w.lies["commit"] = false, false })
	if err := w.update(w.leaf("/system/hostname", "leaf1")); kind(err) != fault.Locked {
		t.Errorf("half of what is there: %v, want it to be somebody's", err)
	}
	if err := w.update(edit...); err != nil {
		t.Fatal(err)
	}
	w.want("/policies/policy[name=in]/name = in", "/policies/policy[name=in]/rule = [name=r][sequence=1]",
		"/policies/policy[name=in]/rule[name=r][sequence=1]/action = permit", "/policies/policy[name=in]/rule[name=r][sequence=1]/name = r",
		"/policies/policy[name=in]/rule[name=r][sequence=1]/sequence = 1", "/system/hostname = leaf1", "/system/server = [a, b]")
}

// TestLocksCandidateOnly has a device that locks nothing but its candidate.
func TestLocksCandidateOnly(t *testing.T) {
	w := newWorld(t, full...)
	w.with(func() { w.refusals["lock running"] = "operation-not-supported" })
	if err := w.update(w.leaf("/system/hostname", "a")); err != nil {
		t.Fatal(err)
	}
	w.want("/system/hostname = a")
	if calls := w.takeCalls(); slices.Contains(calls, "unlock running") || !slices.Contains(calls, "unlock candidate") {
		t.Errorf("%q", calls)
	}
}

// TestUntrue has devices that answer ok and do nothing.
func TestUntrue(t *testing.T) {
	for _, lie := range []string{"edit-config", "commit"} {
		t.Run(lie, func(t *testing.T) {
			w := newWorld(t, full...)
			w.with(func() { w.lies[lie] = true })
			err := w.update(w.leaf("/system/hostname", "a"))
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Untrue || e.Call != lie || !e.Refused() || !strings.Contains(err.Error(), `nothing at example:/system/hostname, and "a" was sent`) {
				t.Errorf("%v", err)
			}
			w.want()
		})
	}
	t.Run("discard-changes", func(t *testing.T) {
		w := newWorld(t, full...)
		w.with(func() { w.lies["discard-changes"], w.refusals["validate"] = true, "operation-failed" })
		if err := w.update(w.leaf("/system/hostname", "a")); kind(err) != fault.Refused || strings.Contains(err.Error(), "still holds") {
			t.Errorf("with copy-config to fall back on: %v", err)
		}
		w.with(func() { w.lies["copy-config"] = true })
		if err := w.update(w.leaf("/system/hostname", "a")); kind(err) != fault.Refused || !strings.Contains(err.Error(), "the candidate still holds the edit") {
			t.Errorf("without: %v", err)
		}
		// It is not committed along with the next one.
		w.with(func() { w.refusals["validate"] = "" })
		if err := w.update(w.leaf("/system/banner", "b")); kind(err) != fault.Locked || !strings.Contains(err.Error(), "at example:/system/hostname") {
			t.Errorf("the next edit: %v", err)
		}
		w.want()
	})
	t.Run("insert", func(t *testing.T) { // it is got round
		w := newWorld(t, full...)
		w.with(func() { w.lies["insert"] = true })
		if err := w.update(w.leaf("/system/server", []any{"x", "y"}), w.leaf("/system/hostname", "a")); err != nil {
			t.Fatal(err)
		}
		if err := w.update(w.leaf("/system/server", []any{"y", "x"}), w.leaf("/system/hostname", "b")); err != nil {
			t.Fatal(err)
		}
		w.want("/system/hostname = b", "/system/server = [y, x]")
	})
	t.Run("copy-config", func(t *testing.T) {
		w := newWorld(t, full...)
		w.with(func() { w.lies["copy-config"] = true })
		if err := w.update(w.leaf("/system/hostname", "a")); err != nil {
			t.Fatal(err)
		}
		if err := w.Save(context.Background()); kind(err) != fault.Untrue {
			t.Errorf("%v", err)
		}
	})
}

func TestConfirmedCommit(t *testing.T) {
	open := profile.SetOptions{Commit: profile.CommitOpen, CommitID: "run-1", Rollback: time.Minute}
	confirm, cancel := profile.SetOptions{Commit: profile.CommitConfirm, CommitID: "run-1"}, profile.SetOptions{Commit: profile.CommitCancel, CommitID: "run-1"}
	t.Run("kept and cancelled", func(t *testing.T) {
		w := newWorld(t, full...)
		for _, step := range []struct {
			opts profile.SetOptions
			edit tree.Edit
			want string
		}{
			{open, tree.Edit{Updates: []tree.Leaf{w.leaf("/system/hostname", "a")}}, "a"},
			{confirm, tree.Edit{}, "a"},
			{open, tree.Edit{Updates: []tree.Leaf{w.leaf("/system/hostname", "b")}}, "b"},
			{cancel, tree.Edit{}, "a"},
		} {
			if err := w.set(step.opts, step.edit); err != nil {
				t.Fatal(err)
			}
			w.want("/system/hostname = " + step.want)
		}
	})
	t.Run("cancel does nothing", func(t *testing.T) {
		w := newWorld(t, full...)
		if err := w.set(open, tree.Edit{Updates: []tree.Leaf{w.leaf("/system/hostname", "a")}}); err != nil {
			t.Fatal(err)
		}
		w.with(func() { w.lies["cancel-commit"] = true })
		if err := w.set(cancel, tree.Edit{}); kind(err) != fault.Untrue {
			t.Errorf("%v", err)
		}
	})
	t.Run("rolled back before it was confirmed", func(t *testing.T) {
		w := newWorld(t, full...)
		if err := w.set(open, tree.Edit{Updates: []tree.Leaf{w.leaf("/system/hostname", "a")}}); err != nil {
			t.Fatal(err)
		}
		w.with(func() { w.stores["running"], w.stores["candidate"] = &node{}, &node{} })
		if err := w.set(confirm, tree.Edit{}); kind(err) != fault.Untrue {
			t.Errorf("%v", err)
		}
	})
	t.Run("of another session, without persist-id", func(t *testing.T) {
		w := newWorld(t, base10, base11, "candidate:1.0", "confirmed-commit:1.0")
		if err := w.set(confirm, tree.Edit{}); kind(err) != fault.Unsupported || !strings.Contains(err.Error(), "another session") {
			t.Errorf("%v", err)
		}
	})
	t.Run("not to be had", func(t *testing.T) {
		for _, capabilities := range [][]string{{base11, "candidate:1.0"}, {base11, "writable-running:1.0"}, {base11}} {
			w := newWorld(t, capabilities...)
			if err := w.set(open, tree.Edit{Updates: []tree.Leaf{w.leaf("/system/hostname", "a")}}); kind(err) != fault.Unsupported {
				t.Errorf("%v: %v", capabilities, err)
			}
			w.want()
		}
	})
}

// TestSetFails tells apart whether a device can have changed anything.
func TestSetFails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		caps  []string
		spoil func(f *fake)
		kind  fault.Kind
		want  string
	}{
		{"locked", full, func(f *fake) { f.holder = "42" }, fault.Locked, "running: by session 42 of alice from 192.0.2.7"},
		{"locked by no session", full, func(f *fake) { f.holder = "0" }, fault.Locked, "no NETCONF session"},
		{"candidate is changed", full, func(f *fake) { f.refusals["lock"] = "resource-denied" }, fault.Locked, "resource-denied"},
		{"refused", full, func(f *fake) { f.refusals["edit-config"] = "invalid-value" }, fault.Refused, "edit-config: refused: invalid-value at /system: (secret) is no good"},
		{"not allowed", full, func(f *fake) { f.refusals["commit"] = "access-denied" }, fault.Unauthenticated, "access-denied"},
		{"no answer to the edit", full, func(f *fake) { f.hangups["edit-config"] = true }, fault.Unreachable, "hung up"},
		{"no answer to the commit", full, func(f *fake) { f.hangups["commit"] = true }, fault.Lost, "read the device"},
		{"no answer to the edit of what runs", []string{base11, "writable-running:1.0"}, func(f *fake) { f.hangups["edit-config"] = true }, fault.Lost, "read the device"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.caps...)
			w.with(func() { tt.spoil(w.fake) })
			err := w.update(w.leaf("/system/snmp/community", "secret-1"))
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != tt.kind || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Fatalf("%v", err)
			}
			if e.Lost() != (tt.kind == fault.Lost) || e.Unsent() != (tt.kind == fault.Locked || tt.kind == fault.Unreachable) {
				t.Errorf("lost %v, unsent %v", e.Lost(), e.Unsent())
			}
		})
	}
	w := newWorld(t, base10, "candidate:1.0")
	if err := w.update(w.leaf("/system/banner", "a\x01b")); err == nil || !strings.Contains(err.Error(), "XML cannot carry") {
		t.Errorf("a control character: %v", err)
	}
	if err := w.update(w.leaf("/system/banner", "a]]>]]>b")); err != nil {
		t.Errorf("an end mark in a value: %v", err)
	}
}

// TestWarning logs what a device has to say besides its ok, without what it must not quote.
func TestWarning(t *testing.T) {
	f := startFake(t, full...)
	f.warns = "secret-1 is weak"
	core, logs := observer.New(zap.WarnLevel)
	roots := loadRoots(t)
	s := dial(t, config(t, f.Server, func(cfg *netconf.Config) { cfg.Table, cfg.Log = tree.NewTable(roots), zap.New(core) }))
	w := &world{Session: s, fake: f, t: t, roots: roots}
	if err := w.update(w.leaf("/system/snmp/community", "secret-1")); err != nil {
		t.Fatal(err)
	}
	said := logs.FilterMessage("the device warns").All()
	if len(said) != 1 || said[0].ContextMap()["error"] != "weak: (secret) is weak" {
		t.Errorf("logged %v", said)
	}
	f.with(func() { f.lies["ok beside a warning"] = true }) // some send one in the place of the other
	if err := w.update(w.leaf("/system/snmp/community", "secret-2")); err != nil {
		t.Fatal(err)
	}
}
