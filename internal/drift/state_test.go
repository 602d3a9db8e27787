package drift_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

const (
	eth1Desc = "/interfaces/interface[name=Ethernet1]/config/description"
	eth1MTU  = "/interfaces/interface[name=Ethernet1]/config/mtu"
	eth1On   = "/interfaces/interface[name=Ethernet1]/config/enabled"
	eth2Desc = "/interfaces/interface[name=Ethernet2]/config/description"
	vlan40   = "/network-instances/network-instance[name=red]/vlans/vlan[vlan-id=40]/config/name"
	vlan99   = "/network-instances/network-instance[name=red]/vlans/vlan[vlan-id=99]/config/name"
	login    = "/system/config/login-banner"
)

// A stand is everything that a finding may depend on, as it stands.
type stand struct {
	desired, applied, observed map[string]any
	unread                     []string // owned, never read back
	writes                     []drift.Write
	scope                      []string
}

func (s stand) leaves(t *testing.T, of map[string]any) []tree.Leaf {
	var out []tree.Leaf
	for p, v := range of {
		out = append(out, leaf(t, p, v))
	}
	return out
}

func TestFindings(t *testing.T) {
	write := func(p string, before, after any) drift.Write {
		w := drift.Write{Path: parse(t, p)}
		if before != nil {
			w.Before = leaf(t, p, before).Value
		}
		if after != nil {
			w.After = leaf(t, p, after).Value
		}
		return w
	}
	type m = map[string]any
	for name, tt := range map[string]struct {
		stand
		want    []string
		pending int
	}{
		"in sync": {stand: stand{desired: m{eth1Desc: "a"}, applied: m{eth1Desc: "a"}, observed: m{eth1Desc: "a"}}},
		"changed": {
			stand: stand{desired: m{eth1Desc: "a"}, applied: m{eth1Desc: "a"}, observed: m{eth1Desc: "b"}},
			want:  []string{"changed " + eth1Desc + " a -> b"},
		},
		"missing": {
			stand: stand{desired: m{eth1Desc: "a"}, applied: m{eth1Desc: "a"}},
			want:  []string{"missing " + eth1Desc + " a -> "},
		},
		"stranger in merge scope": {stand: stand{observed: m{vlan99: "rogue"}}},
		"unexpected in own scope": {
			stand: stand{observed: m{vlan99: "rogue"}, scope: []string{"/network-instances/**", "own"}},
			want:  []string{"unexpected " + vlan99 + "  -> rogue"},
		},
		"not rolled out": {stand: stand{desired: m{eth1Desc: "new"}}, pending: 1},
		"change not rolled out": {
			stand: stand{desired: m{eth1Desc: "new"}, applied: m{eth1Desc: "old"}, observed: m{eth1Desc: "old"}}, pending: 1,
		},
		"removal not rolled out": {stand: stand{applied: m{eth1Desc: "old"}, observed: m{eth1Desc: "old"}}, pending: 1},
		"removal owned but never read back": {
			stand: stand{unread: []string{eth1Desc}, observed: m{eth1Desc: "old"}}, pending: 1,
		},
		"already as the new intent": {stand: stand{desired: m{eth1Desc: "new"}, applied: m{eth1Desc: "old"}, observed: m{eth1Desc: "new"}}},
		"already removed":           {stand: stand{applied: m{eth1Desc: "old"}}},
		"conflict": {
			stand: stand{desired: m{eth1Desc: "new"}, applied: m{eth1Desc: "old"}, observed: m{eth1Desc: "mine"}},
			want:  []string{"conflict " + eth1Desc + " old -> mine"},
		},
		"conflict of a removal": {
			stand: stand{applied: m{eth1Desc: "old"}, observed: m{eth1Desc: "mine"}},
			want:  []string{"conflict " + eth1Desc + " old -> mine"},
		},
		"own, before the Set": {stand: stand{
			desired: m{eth1Desc: "new"}, applied: m{eth1Desc: "old"}, observed: m{eth1Desc: "old"},
			writes: []drift.Write{write(eth1Desc, "old", "new")},
		}},
		"own, repairing drift": {stand: stand{
			desired: m{eth1Desc: "a"}, applied: m{eth1Desc: "a"}, observed: m{eth1Desc: "b"},
			writes: []drift.Write{write(eth1Desc, "b", "a")},
		}},
		"own, deleting": {stand: stand{
			applied: m{eth1Desc: "a"}, observed: m{eth1Desc: "a"}, writes: []drift.Write{write(eth1Desc, "a", nil)},
		}},
		"stranger during a run": {
			stand: stand{
				desired: m{eth1Desc: "new"}, applied: m{eth1Desc: "old"}, observed: m{eth1Desc: "mine"},
				writes: []drift.Write{write(eth1Desc, "old", "new")},
			},
			want: []string{"changed " + eth1Desc + " old -> mine"},
		},
		"stranger on a leaf that a run creates": {
			stand: stand{
				desired: m{eth1Desc: "new"}, observed: m{eth1Desc: "mine"}, writes: []drift.Write{write(eth1Desc, nil, "new")},
			},
			want: []string{"changed " + eth1Desc + " new -> mine"},
		},
		"stranger beside a run": {
			stand: stand{
				desired: m{eth1Desc: "new", eth2Desc: "a"}, applied: m{eth1Desc: "old", eth2Desc: "a"},
				observed: m{eth1Desc: "old", eth2Desc: "b"}, writes: []drift.Write{write(eth1Desc, "old", "new")},
			},
			want: []string{"changed " + eth2Desc + " a -> b"},
		},
		"report": {
			stand: stand{
				desired: m{login: "hello"}, observed: m{login: "bye", "/system/config/hostname": "x"}, scope: []string{"/system/**", "report"},
			},
			want: []string{"unexpected /system/config/hostname  -> x report", "changed " + login + " hello -> bye report"},
		},
		"ignore": {stand: stand{
			desired: m{login: "hello"}, applied: m{login: "hello"}, observed: m{login: "bye"}, scope: []string{"/system/**", "ignore"},
		}},
		"echoed default in own scope": {
			stand: stand{observed: m{eth1On: true, eth1MTU: json1500}, scope: []string{"/interfaces/**", "own"}},
			want:  []string{"unexpected " + eth1MTU + "  -> 1500"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			table := tree.NewTable(roots)
			want := drift.Expected{
				Desired: build(t, table, tt.leaves(t, tt.desired)...), InFlight: tt.writes, Scope: scoped(t, tt.scope...),
				Implied: drift.Defaults(roots),
			}
			for _, l := range tt.leaves(t, tt.applied) {
				want.Owned = append(want.Owned, drift.Owned{Path: l.Path, Value: l.Value, Applied: true})
			}
			for _, p := range tt.unread {
				want.Owned = append(want.Owned, drift.Owned{Path: parse(t, p)})
			}
			fold := func(s *drift.State) {
				// First something else, so that a leaf's arrival is a notification of its own.
				snapshot(s)
				s.Fold(tree.Update{Deletes: []path.Path{parse(t, "/interfaces"), parse(t, "/system")}, Leaves: tt.leaves(t, tt.observed)})
			}
			orders := map[string]func(s *drift.State){
				"expected, snapshot": func(s *drift.State) { s.Expect(want); snapshot(s, tt.leaves(t, tt.observed)...) },
				"snapshot, expected": func(s *drift.State) { snapshot(s, tt.leaves(t, tt.observed)...); s.Expect(want) },
				"expected, stream":   func(s *drift.State) { s.Expect(want); fold(s) },
				"stream, expected":   func(s *drift.State) { fold(s); s.Expect(want) },
				"within a snapshot": func(s *drift.State) {
					s.Begin()
					s.Fold(tree.Update{Leaves: tt.leaves(t, tt.observed)})
					s.Expect(want)
					s.Fold(tree.Update{Sync: true})
				},
			}
			for order, run := range orders {
				s := drift.New(table)
				run(s)
				found := s.Findings()
				for i := range found {
					found[i].Stale = false
				}
				if diff := cmp.Diff(tt.want, text(found)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", order, diff)
				}
				if s.Pending() != tt.pending {
					t.Errorf("%s: %d pending, want %d", order, s.Pending(), tt.pending)
				}
			}
		})
	}
}

const json1500 = "1500"

func TestNothingBeforeSync(t *testing.T) {
	table := tree.NewTable(roots)
	s := drift.New(table)
	d := build(t, table, leaf(t, eth1Desc, "a"))
	s.Expect(drift.Expected{Desired: d, Owned: applied(d)})
	s.Begin()
	if f := s.Fold(tree.Update{Leaves: []tree.Leaf{leaf(t, eth1Desc, "b")}}); len(f.Changed) != 0 || len(s.Findings()) != 0 || s.Synced() {
		t.Errorf("found %v before sync_response", text(s.Findings()))
	}
	if f := s.Fold(tree.Update{Sync: true}); len(f.Changed) != 1 || !s.Synced() {
		t.Errorf("after sync_response: %v, synced %t", text(f.Changed), s.Synced())
	}
}

func TestUnseenIsStaleUntilRead(t *testing.T) {
	table := tree.NewTable(roots)
	s := drift.New(table)
	d := build(t, table, leaf(t, eth1Desc, "a"), leaf(t, eth2Desc, "b"))
	s.Expect(drift.Expected{Desired: d, Owned: applied(d)})
	snapshot(s, leaf(t, eth2Desc, "b"))
	if diff := cmp.Diff([]string{"missing " + eth1Desc + " a ->  stale"}, text(s.Findings())); diff != "" {
		t.Fatal(diff)
	}
	p := []path.Path{parse(t, eth1Desc)}
	s.Mark()
	if _, ok := s.Observe(p, build(t, table), nil); !ok {
		t.Fatal("not taken in")
	}
	if diff := cmp.Diff([]string{"missing " + eth1Desc + " a -> "}, text(s.Findings())); diff != "" {
		t.Error(diff)
	}
	s.Mark()
	changed, _ := s.Observe(p, build(t, table, leaf(t, eth1Desc, "a")), nil)
	if len(changed) != 1 || len(s.Findings()) != 0 {
		t.Errorf("after it was read: %v", text(s.Findings()))
	}
	s.Mark()
	if !s.Silent(p) {
		t.Error("the stream has said nothing")
	}
	s.Fold(tree.Update{Leaves: []tree.Leaf{leaf(t, eth1Desc, "a")}})
	if s.Silent(p) {
		t.Error("the stream has spoken")
	}
}

func TestSubtreeDelete(t *testing.T) {
	table := tree.NewTable(roots)
	s := drift.New(table)
	d := build(t, table, leaf(t, eth1Desc, "a"), leaf(t, eth1MTU, "1500"), leaf(t, eth2Desc, "b"))
	s.Expect(drift.Expected{Desired: d, Owned: applied(d), Scope: scoped(t, "/network-instances/**", "own")})
	all := []tree.Leaf{leaf(t, eth1Desc, "a"), leaf(t, eth1MTU, "1500"), leaf(t, eth2Desc, "b"), leaf(t, vlan99, "x"), leaf(t, vlan40, "y")}
	if f := snapshot(s, all...); len(f.Changed) != 2 {
		t.Fatalf("unexpected: %v", text(f.Changed))
	}
	f := s.Fold(tree.Update{Deletes: []path.Path{parse(t, "/interfaces/interface[name=Ethernet1]"), parse(t, "/network-instances/network-instance[name=red]/vlans/vlan[vlan-id=99]")}})
	if len(f.Changed) != 3 {
		t.Errorf("changed: %v", text(f.Changed))
	}
	want := []string{"missing " + eth1Desc + " a -> ", "missing " + eth1MTU + " 1500 -> ", "unexpected " + vlan40 + "  -> y"}
	if diff := cmp.Diff(want, text(s.Findings())); diff != "" {
		t.Error(diff)
	}
	if f := s.Fold(tree.Update{Deletes: []path.Path{parse(t, "/interfaces")}, Leaves: all[:3]}); len(f.Changed) != 2 || len(s.Findings()) != 1 {
		t.Errorf("a whole container sent anew: %v", text(s.Findings()))
	}
}

// TestUnclear: what a delete by a pattern took away only reading tells, within a snapshot too.
func TestUnclear(t *testing.T) {
	table := tree.NewTable(roots)
	s := drift.New(table)
	d := build(t, table, leaf(t, eth1Desc, "a"))
	s.Expect(drift.Expected{Desired: d, Owned: applied(d)})
	s.Begin()
	s.Fold(tree.Update{Leaves: []tree.Leaf{leaf(t, eth1Desc, "a")}})
	s.Fold(tree.Update{Unclear: 2})
	if f := s.Fold(tree.Update{Sync: true}); f.Unclear != 2 {
		t.Errorf("with the snapshot: %d", f.Unclear)
	}
	if f := s.Fold(tree.Update{Unclear: 1}); f.Unclear != 1 || len(f.Changed) != 0 {
		t.Errorf("of the stream: %+v", f)
	}
	if f := s.Fold(tree.Update{}); f.Unclear != 0 {
		t.Errorf("later: %d", f.Unclear)
	}
}

func TestKeyOrder(t *testing.T) {
	const list = "/routing-policy/policy-definitions/policy-definition[name=p]/statements/statement"
	name := func(n string) tree.Leaf { return leaf(t, list+"[name="+n+"]/config/name", n) }
	order := func(names ...string) tree.Leaf {
		for i := range names {
			names[i] = "[name=" + names[i] + "]"
		}
		return leaf(t, list, names)
	}
	table := tree.NewTable(roots)
	d := build(t, table, name("a"), name("b"), order("a", "b"))
	for what, tt := range map[string]struct {
		have []tree.Leaf
		want []string
	}{
		"same":             {[]tree.Leaf{name("a"), name("b"), order("a", "b")}, nil},
		"not told":         {[]tree.Leaf{name("a"), name("b")}, nil},
		"other order":      {[]tree.Leaf{name("a"), name("b"), order("b", "a")}, []string{"changed " + list + " [name=a] [name=b] -> [name=b] [name=a]"}},
		"one in between":   {[]tree.Leaf{name("a"), name("x"), name("b"), order("a", "x", "b")}, nil},
		"an entry is gone": {[]tree.Leaf{name("b"), order("b")}, []string{"missing " + list + "[name=a]/config/name a -> "}},
	} {
		s := drift.New(table)
		s.Expect(drift.Expected{Desired: d, Owned: applied(d)})
		snapshot(s, tt.have...)
		found := s.Findings()
		for i := range found {
			found[i].Stale = false
		}
		if diff := cmp.Diff(tt.want, text(found)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

func TestKeyLeafNeedNotBeTold(t *testing.T) {
	const entry = "srl_nokia:/network-instance[name=red]"
	table := tree.NewTable(roots)
	desc := leaf(t, entry+"/description", "x")
	d := build(t, table, desc)
	if d.Len() < 2 {
		t.Fatal("the tree is expected to have the key leaf too")
	}
	s := drift.New(table)
	s.Expect(drift.Expected{Desired: d, Owned: applied(d)})
	if snapshot(s, desc); len(s.Findings()) != 0 {
		t.Fatalf("its other leaf stands for it: %v", text(s.Findings()))
	}
	s.Fold(tree.Update{Deletes: []path.Path{desc.Path}})
	if len(s.Findings()) != 2 {
		t.Fatalf("nothing stands for the entry any more: %v", text(s.Findings()))
	}
	s.Fold(tree.Update{Leaves: []tree.Leaf{desc}})
	if len(s.Findings()) != 0 {
		t.Errorf("it is back: %v", text(s.Findings()))
	}
}

func TestLateUpdates(t *testing.T) {
	at := func(ns int64) time.Time { return time.Unix(0, ns) }
	const s1 = int64(1_000_000_000)
	for name, tt := range map[string]struct {
		first, second int64
		late          bool
	}{
		"in order":              {s1 + 5, s1 + 6, false},
		"same time":             {s1 + 5, s1 + 5, false},
		"older":                 {s1 + 6, s1 + 5, true},
		"whole second after":    {s1 + 600, s1, false},
		"whole second before":   {2*s1 + 600, s1, true},
		"fine after whole":      {2 * s1, 2*s1 - 1, true},
		"fine within the whole": {2 * s1, 2*s1 + 1, false},
		"no time":               {s1 + 6, 0, false},
	} {
		table := tree.NewTable(roots)
		s := drift.New(table)
		d := build(t, table, leaf(t, eth1Desc, "a"))
		s.Expect(drift.Expected{Desired: d, Owned: applied(d)})
		snapshot(s, leaf(t, eth1Desc, "a"), leaf(t, vlan99, "x"))
		for _, what := range []tree.Leaf{leaf(t, eth1Desc, "b"), leaf(t, vlan99, "y")} {
			if f := s.Fold(tree.Update{Time: at(tt.first), Leaves: []tree.Leaf{what}}); f.Late != 0 {
				t.Errorf("%s: the first is late", name)
			}
			f := s.Fold(tree.Update{Time: at(tt.second), Deletes: []path.Path{what.Path}})
			if (f.Late == 1) != tt.late {
				t.Errorf("%s: %s: late %d", name, what.Path, f.Late)
			}
		}
	}
}

func TestUnreadable(t *testing.T) {
	table := tree.NewTable(roots)
	s := drift.New(table)
	d := build(t, table, leaf(t, eth1MTU, "1500"), leaf(t, eth1Desc, "a"))
	s.Expect(drift.Expected{Desired: d, Owned: applied(d), Scope: scoped(t, "/system/**", "own")})
	s.Begin()
	s.Fold(tree.Update{Leaves: []tree.Leaf{leaf(t, eth1Desc, "a")}, Problems: []tree.Problem{
		{Path: eth1MTU, Reason: "no number"},
		{Path: "/interfaces/interface[name=Ethernet1]/config/vendor-thing", Reason: "unknown"},
		{Path: "/system/config/vendor-thing", Reason: "unknown"},
		{Path: "?", Reason: "no path"},
	}})
	s.Fold(tree.Update{Sync: true})
	want := []string{"unreadable / report", "unreadable " + eth1MTU, "unreadable /system/config/vendor-thing report"}
	if diff := cmp.Diff(want, text(s.Findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f := s.Fold(tree.Update{Leaves: []tree.Leaf{leaf(t, eth1MTU, "1500")}})
	if len(f.Changed) != 1 || f.Changed[0].Class != "" || len(s.Findings()) != 2 {
		t.Errorf("readable again: %v; %v", text(f.Changed), text(s.Findings()))
	}
}

// TestUnreadableStays reads again what a schema does not know, as every device has it that augments the models, and what
// stands beside an entry that cannot be read.
func TestUnreadableStays(t *testing.T) {
	table := tree.NewTable(roots)
	s := drift.New(table)
	d := build(t, table, leaf(t, eth1MTU, "1500"), leaf(t, eth1Desc, "a"), leaf(t, eth2Desc, "b"))
	s.Expect(drift.Expected{Desired: d, Owned: applied(d), Scope: scoped(t, "/system/**", "own")})
	problems := []tree.Problem{
		{Path: "/interfaces/interface[name=Ethernet1]/config/vendor-thing", Reason: "unknown"},
		{Path: "/system/config/vendor-thing", Reason: "unknown"},
		{Path: "/interfaces/interface", Reason: "an entry without key"},
	}
	has := []tree.Leaf{leaf(t, eth1MTU, "1500"), leaf(t, eth1Desc, "changed")}
	s.Begin()
	s.Fold(tree.Update{Leaves: has, Problems: problems})
	s.Fold(tree.Update{Sync: true})
	want := []string{"unreadable /interfaces/interface", "changed " + eth1Desc + " a -> changed", "unreadable /system/config/vendor-thing report"}
	if diff := cmp.Diff(want, text(s.Findings())); diff != "" {
		t.Fatalf("snapshot (-want +got):\n%s", diff)
	}
	all := []path.Path{parse(t, "/interfaces"), parse(t, "/system")}
	s.Mark()
	if changed, ok := s.Observe(all, build(t, table, has...), problems); !ok || len(changed) != 0 {
		t.Errorf("read again: %v", text(changed))
	}
	if f := s.Fold(tree.Update{Problems: problems}); len(f.Changed) != 0 {
		t.Errorf("streamed again: %v", text(f.Changed))
	}
	if diff := cmp.Diff(want, text(s.Findings())); diff != "" {
		t.Errorf("the same (-want +got):\n%s", diff)
	}
	s.Mark()
	if changed, _ := s.Observe(all, build(t, table, append(has, leaf(t, eth2Desc, "b"))...), problems[:1]); len(changed) != 2 {
		t.Errorf("readable again: %v", text(changed))
	}
	if diff := cmp.Diff(want[1:2], text(s.Findings())); diff != "" {
		t.Errorf("readable again (-want +got):\n%s", diff)
	}
}

func TestDigests(t *testing.T) {
	digest := func(p path.Path, v schema.Value) schema.Value {
		if p.Last().Name == "description" && v != "" && v[0] == schema.KindString && len(v) < 10 {
			return "sdigest-of-" + v
		}
		return v
	}
	table := tree.NewTable(roots)
	d := build(t, table, leaf(t, eth1Desc, "geheim"))
	owned := applied(d)
	owned[0].Value = digest(owned[0].Path, owned[0].Value)
	s := drift.New(table)
	s.Expect(drift.Expected{Desired: d, Owned: owned, Digest: digest})
	if snapshot(s, leaf(t, eth1Desc, "geheim")); len(s.Findings())+s.Pending() != 0 {
		t.Fatalf("the same secret: %v", text(s.Findings()))
	}
	s.Fold(tree.Update{Leaves: []tree.Leaf{leaf(t, eth1Desc, "anders")}})
	if diff := cmp.Diff([]string{"changed " + eth1Desc + " digest-of-sgeheim -> digest-of-sanders"}, text(s.Findings())); diff != "" {
		t.Error(diff)
	}
}
