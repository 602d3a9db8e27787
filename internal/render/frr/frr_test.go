package frr

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// rendered returns the lines of a device in the order of their paths, without those of blocks, and what is refused.
func rendered(t *testing.T, d *fabric.Device) (lines, gaps []string) {
	t.Helper()
	set, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Get("frr")
	if err != nil {
		t.Fatal(err)
	}
	table := tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"cli": schemas.CLI()}))
	w := dialect.NewWriter(table, func(string) (string, bool) { return "", false })
	for _, i := range Items(d, p.Names) {
		i.Render(w)
	}
	for _, l := range w.Leaves {
		lines = append(lines, l.Value.Text())
	}
	slices.Sort(lines)
	for _, p := range w.Problems {
		if !p.Gap {
			t.Errorf("%s: %s", p.Path, p.Reason)
		}
		gaps = append(gaps, p.Reason)
	}
	return slices.Compact(lines), gaps
}

// device has one neighbor in an AS of its own, and whatever else is given.
func device(n fabric.Neighbor, more ...fabric.Policy) *fabric.Device {
	n.Address = netip.MustParseAddr("10.0.0.2")
	return &fabric.Device{BGP: []fabric.BGP{{ASN: 65001, RouterID: netip.MustParseAddr("10.1.0.1"), Neighbors: []fabric.Neighbor{n}}}, Policies: more}
}

func TestNeighbor(t *testing.T) {
	v4 := []fabric.NeighborFamily{{Family: fabric.IPv4Unicast, Import: []string{"in"}, Export: []string{"out"}, MaxPrefixes: 100}}
	for _, tc := range []struct {
		name      string
		settings  fabric.PeerSettings
		has, hide []string // beginnings of lines
		gap       string
	}{
		{
			name: "eBGP", settings: fabric.PeerSettings{PeerASN: 65100, Families: v4, TTLSecurity: 1},
			has: []string{
				"router bgp 65001", "neighbor 10.0.0.2 remote-as 65100", "neighbor 10.0.0.2 activate", "neighbor 10.0.0.2 route-map in in",
				"neighbor 10.0.0.2 route-map out out", "neighbor 10.0.0.2 maximum-prefix 100", "neighbor 10.0.0.2 ttl-security hops 1",
			},
			hide: []string{"neighbor 10.0.0.2 local-as"},
		},
		{
			name: "iBGP in another AS", settings: fabric.PeerSettings{PeerASN: 65000, LocalASN: 65000},
			has: []string{"router bgp 65000", "neighbor 10.0.0.2 remote-as 65000"}, hide: []string{"neighbor 10.0.0.2 local-as", "router bgp 65001"},
		},
		{
			name: "another AS to present", settings: fabric.PeerSettings{PeerASN: 65100, LocalASN: 65009},
			has: []string{"router bgp 65001", "neighbor 10.0.0.2 local-as 65009 no-prepend replace-as"},
		},
		{
			name: "a password", settings: fabric.PeerSettings{PeerASN: 65100, Auth: "md5"},
			hide: []string{"neighbor 10.0.0.2 password"}, gap: `without its password, secret "md5"`,
		},
		{
			name:     "two policies one way",
			settings: fabric.PeerSettings{PeerASN: 65100, Families: []fabric.NeighborFamily{{Family: fabric.IPv4Unicast, Import: []string{"a", "b"}, Export: []string{"c"}}}},
			hide:     []string{"neighbor 10.0.0.2 activate", "neighbor 10.0.0.2 route-map"}, gap: "FRR has one policy each way",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lines, gaps := rendered(t, device(fabric.Neighbor{PeerSettings: tc.settings}))
			for _, want := range tc.has {
				if !slices.Contains(lines, want) {
					t.Errorf("no line %q in %q", want, lines)
				}
			}
			for _, hide := range tc.hide {
				if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, hide) }) {
					t.Errorf("a line %q in %q", hide, lines)
				}
			}
			if (tc.gap == "") != (len(gaps) == 0) || tc.gap != "" && !strings.Contains(gaps[0], tc.gap) {
				t.Errorf("refused is %q, want %q", gaps, tc.gap)
			}
		})
	}
}

// A condition that FRR cannot check must never let more routes through.
func TestPolicyByProtocol(t *testing.T) {
	p := fabric.Policy{Name: "p", Statements: []fabric.Statement{
		{Name: "10", Protocol: fabric.Static, Accept: true, LocalPref: 200},
		{Name: "20", Protocol: fabric.Connected},
		{Name: "30", Accept: true, AddCommunities: []string{"65000:1", "65000:2"}, PrependASN: 65001, PrependTimes: 2},
	}}
	uses := device(fabric.Neighbor{PeerSettings: fabric.PeerSettings{
		PeerASN: 65100, Families: []fabric.NeighborFamily{{Family: fabric.IPv4Unicast, Import: []string{"p"}, Export: []string{"p"}}},
	}}, p)
	lines, gaps := rendered(t, uses)
	maps := slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "route-map") && !strings.HasPrefix(l, "set") })
	want := []string{"route-map p deny 20", "route-map p permit 30", "set as-path prepend 65001 65001", "set community 65000:1 65000:2 additive"}
	if diff := cmp.Diff(want, maps); diff != "" {
		t.Error(diff)
	}
	if len(gaps) != 2 {
		t.Errorf("refused is %q", gaps)
	}
}

func TestLengths(t *testing.T) {
	for _, tc := range []struct {
		prefix   string
		min, max int
		want     string
	}{
		{"10.0.0.0/8", 8, 8, ""},
		{"10.0.0.0/8", 8, 24, " le 24"},
		{"10.0.0.0/8", 16, 32, " ge 16"},
		{"10.0.0.0/8", 16, 24, " ge 16 le 24"},
		{"2001:db8::/32", 48, 128, " ge 48"},
	} {
		if got := lengths(fabric.PrefixRange{Prefix: netip.MustParsePrefix(tc.prefix), Min: tc.min, Max: tc.max}); got != tc.want {
			t.Errorf("%s from %d to %d: %q, want %q", tc.prefix, tc.min, tc.max, got, tc.want)
		}
	}
}

// vtysh shows single blanks, and takes what comes after "| " for a filter: neither may come back as a difference for ever.
func TestTexts(t *testing.T) {
	for text, want := range map[string]string{
		"  to  rack\t7 ": "description to rack 7", "a|b": "description a|b", "Straße #1 !": "description Straße #1 !", "50% | 60%": "",
	} {
		d := &fabric.Device{Interfaces: []fabric.Interface{{ID: fabric.InterfaceID{Kind: fabric.Ethernet, Number: 1}, Enabled: true, Description: text}}}
		lines, gaps := rendered(t, d)
		if got := slices.Contains(lines, want); want != "" && (!got || len(gaps) > 0) {
			t.Errorf("%q: %q, refused %q, want %q", text, lines, gaps, want)
		}
		if want == "" && (len(lines) != 1 || len(gaps) != 1 || !strings.Contains(gaps[0], "filter")) {
			t.Errorf("%q: %q, refused %q, want it refused", text, lines, gaps)
		}
	}
}
