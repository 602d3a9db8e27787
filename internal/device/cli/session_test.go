package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

const start = `frr version 8.4.4
frr defaults traditional
hostname box-1.lab
interface eth1
 description to spine1
router bgp 65000
 bgp router-id 10.0.0.1
 neighbor 10.0.0.2 remote-as 65100
 neighbor 10.0.0.2 bfd
`

// line is the leaf of a line.
func line(texts ...string) tree.Leaf {
	return tree.Leaf{Path: blocks.Path(texts...).Append(path.Elem{Name: "text"}), Value: schema.StringValue(texts[len(texts)-1])}
}

func lines(t *tree.Tree) string {
	var out []string
	for l := range t.All() {
		out = append(out, l.Value.Text())
	}
	return strings.Join(out, "|")
}

func TestRead(t *testing.T) {
	s, server := dial(t, newBox(start))
	have, problems, err := s.Read(t.Context(), nil)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	want := "frr defaults traditional|description to spine1|no shutdown|interface eth1|log facility daemon|bgp router-id 10.0.0.1|neighbor 10.0.0.2 bfd|neighbor 10.0.0.2 remote-as 65100|" +
		"no neighbor 10.0.0.2 shutdown|router bgp 65000"
	if diff := cmp.Diff(want, lines(have)); diff != "" {
		t.Error(diff)
	}
	have, _, err = s.Read(t.Context(), []path.Path{blocks.Path("interface eth1"), blocks.Path("interface eth2")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("description to spine1|no shutdown|interface eth1", lines(have)); diff != "" {
		t.Error(diff)
	}
	facts, err := s.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(profile.Facts{SoftwareVersion: "8.4.4", HostKeySHA256: server.Key.Fingerprint()}, facts); diff != "" {
		t.Error(diff)
	}
}

func TestSetAndSave(t *testing.T) {
	b := newBox(start)
	s, _ := dial(t, b)
	err := s.Set(t.Context(), tree.Edit{
		Deletes: []path.Path{blocks.Path("router bgp 65000", "neighbor 10.0.0.2 bfd"), blocks.Path("interface eth9")},
		Updates: []tree.Leaf{line("router bgp 65000", "address-family ipv4 unicast", "neighbor 10.0.0.2 activate"), line("router bgp 65000", "neighbor 10.0.0.2 description spine1")},
	}, profile.SetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := "frr version 8.4.4|frr defaults traditional|hostname box-1.lab|interface eth1| description to spine1|router bgp 65000" +
		"| bgp router-id 10.0.0.1| neighbor 10.0.0.2 remote-as 65100| neighbor 10.0.0.2 description spine1| address-family ipv4 unicast|  neighbor 10.0.0.2 activate"
	if diff := cmp.Diff(want, b.shown()); diff != "" {
		t.Error(diff)
	}
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.saved, "description spine1") {
		t.Errorf("saved is %q", b.saved)
	}
}

// What somebody shut is missed, and opened again; a port and a session go without being shut.
func TestShut(t *testing.T) {
	const router = "router bgp 65000"
	b := newBox(start + "interface eth2\n shutdown\n description x\nrouter bgp 65000\n neighbor 10.0.0.2 shutdown message maintenance\n neighbor 10.0.0.9 remote-as 1\n")
	s, _ := dial(t, b)
	have, _, err := s.Read(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for l := range have.All() {
		has[l.Path.String()] = true
	}
	open := []tree.Leaf{line("interface eth2", "no shutdown"), line(router, "no neighbor 10.0.0.2 shutdown")}
	for _, l := range open {
		if has[l.Path.String()] {
			t.Errorf("%s: it is shut, and read as if it were not", l.Path)
		}
	}
	for _, l := range []tree.Leaf{line("interface eth1", "no shutdown"), line(router, "no neighbor 10.0.0.9 shutdown")} {
		if !has[l.Path.String()] {
			t.Errorf("no %s", l.Path)
		}
	}
	err = s.Set(t.Context(), tree.Edit{
		Updates: open,
		Deletes: []path.Path{
			blocks.Path("interface eth1"), blocks.Path("interface eth2", "description x"),
			blocks.Path(router, "neighbor 10.0.0.9 remote-as 1"), blocks.Path(router, "no neighbor 10.0.0.9 shutdown"),
		},
	}, profile.SetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.shown(); strings.Contains(got, "shutdown") || strings.Contains(got, "description") || strings.Contains(got, "10.0.0.9") {
		t.Errorf("afterwards %q", got)
	}
}

// Whatever goes wrong, the device has afterwards what it had before.
func TestSetUndoes(t *testing.T) {
	for _, tc := range []struct {
		name string
		odd  func(*box)
		want string
	}{
		{"a complaint with a percent sign", func(b *box) { b.answers["neighbor 10.0.0.3 remote-as 65100"] = "% Unknown command" }, `"neighbor 10.0.0.3 remote-as 65100": % Unknown command`},
		{"a complaint without", func(b *box) {
			b.answers["neighbor 10.0.0.3 remote-as 65100"] = "BGP is already running; AS is 65001"
		}, "BGP is already running; AS is 65001"},
		{"taken and forgotten", func(b *box) { b.deaf["neighbor 10.0.0.3 remote-as 65100"] = true }, `shows something else: no "router bgp 65000 / neighbor 10.0.0.3 remote-as 65100"`},
		{"not removed", func(b *box) { b.deaf["no neighbor 10.0.0.2 bfd"] = true }, `still "router bgp 65000 / neighbor 10.0.0.2 bfd"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBox(start)
			tc.odd(b)
			before := b.shown()
			s, _ := dial(t, b)
			err := s.Set(t.Context(), tree.Edit{
				Deletes: []path.Path{blocks.Path("router bgp 65000", "neighbor 10.0.0.2 bfd"), blocks.Path("interface eth1", "description to spine1")},
				Updates: []tree.Leaf{line("router bgp 65000", "bgp log-neighbor-changes"), line("router bgp 65000", "neighbor 10.0.0.3 remote-as 65100")},
			}, profile.SetOptions{})
			var e *fault.Error
			if !errors.As(err, &e) || !e.Refused() || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "all of it is undone") {
				t.Errorf("error %v", err)
			}
			after := strings.Split(b.shown(), "|")
			for _, l := range strings.Split(before, "|") {
				if !strings.Contains(b.shown(), l) {
					t.Errorf("%q is gone: %q", l, after)
				}
			}
			if len(after) != len(strings.Split(before, "|")) {
				t.Errorf("afterwards %q, before %q", after, before)
			}
		})
	}
}

func TestSetCannotUndo(t *testing.T) {
	b := newBox(start)
	b.answers["neighbor 10.0.0.3 remote-as 65100"] = "% no"
	b.deaf["neighbor 10.0.0.2 bfd"] = true
	s, _ := dial(t, b)
	err := s.Set(t.Context(), tree.Edit{
		Deletes: []path.Path{blocks.Path("router bgp 65000", "neighbor 10.0.0.2 bfd")},
		Updates: []tree.Leaf{line("router bgp 65000", "neighbor 10.0.0.3 remote-as 65100")},
	}, profile.SetOptions{})
	if err == nil || !strings.Contains(err.Error(), `not all of it could be undone: no "router bgp 65000 / neighbor 10.0.0.2 bfd"`) {
		t.Errorf("error %v", err)
	}
}

// Removing a line may take others with it: they come back in a second round.
func TestSetBringsBackWhatWentAlong(t *testing.T) {
	b := newBox(start)
	b.takes["no bgp router-id 10.0.0.1"] = []string{"neighbor 10.0.0.2 bfd"}
	s, _ := dial(t, b)
	if err := s.Set(t.Context(), tree.Edit{Deletes: []path.Path{blocks.Path("router bgp 65000", "bgp router-id 10.0.0.1")}}, profile.SetOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := b.shown(); !strings.Contains(got, "neighbor 10.0.0.2 bfd") || strings.Contains(got, "router-id") {
		t.Errorf("the box has %q", got)
	}
}

func TestDegraded(t *testing.T) {
	b := newBox(start)
	s, _ := dial(t, b)
	b.mu.Lock()
	b.daemons = " zebra bfdd"
	b.mu.Unlock()
	_, _, err := s.Read(t.Context(), nil)
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Degraded || e.Permanent() || !strings.Contains(err.Error(), "bgpd does not run") {
		t.Errorf("error %v", err)
	}
	err = s.Set(t.Context(), tree.Edit{Updates: []tree.Leaf{line("router bgp 65000", "bgp log-neighbor-changes")}}, profile.SetOptions{})
	if !errors.As(err, &e) || !e.Unsent() || strings.Contains(b.shown(), "log-neighbor-changes") {
		t.Errorf("a Set on a device without bgpd: %v", err)
	}
}

// What only other parts of the device still have is not there.
func TestPart(t *testing.T) {
	b := newBox(start + "route-map A permit 10\n match x\n")
	s, _ := dial(t, b)
	has := func() bool {
		have, _, err := s.Read(t.Context(), []path.Path{blocks.Path("route-map A permit 10")})
		if err != nil {
			t.Fatal(err)
		}
		return have.Len() > 0
	}
	if !has() {
		t.Error("all parts have it, and it is not read")
	}
	b.mu.Lock()
	b.part = newBox("router bgp 65000\n").config
	b.mu.Unlock()
	if has() {
		t.Error("a part lacks it, and it is read")
	}
}

func TestWatch(t *testing.T) {
	b := newBox(start)
	s, _ := dial(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	err := s.Watch(ctx, "", profile.WatchOptions{}, func(u tree.Update) error {
		switch {
		case u.Sync:
			got = append(got, "sync")
			b.mu.Lock()
			b.config.put("vrf red")
			b.mu.Unlock()
		case len(u.Deletes) == 1 && len(u.Deletes[0].Elems) == 0:
			got = append(got, "reading")
			for _, l := range u.Leaves {
				if l.Value.Text() == "vrf red" {
					got = append(got, "drift")
					cancel()
				}
			}
		}
		return nil
	})
	if diff := cmp.Diff("reading sync reading drift", strings.Join(got, " ")); diff != "" {
		t.Error(diff)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestClosed(t *testing.T) {
	s, _ := dial(t, newBox(start)) // its cleanup closes once more
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Read(t.Context(), nil); !errors.Is(err, errClosed) {
		t.Errorf("a closed session reads: %v", err)
	}
}
