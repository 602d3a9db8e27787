package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func run(t *testing.T, before Lines, commands string) Lines {
	t.Helper()
	s := NewSession(before)
	if err := s.Run(commands); err != nil {
		t.Fatal(err)
	}
	return s.Lines()
}

const fabric = `ip virtual-router mac-address 00:1c:73:00:00:01
interface Vxlan1
   vxlan source-interface Loopback1
   vxlan vlan 40 vni 10040
router bgp 65203
   vlan 40
      rd 10.1.0.13:40
      route-target both 65000:10040
      redistribute learned
   address-family evpn
      neighbor overlay activate
`

func TestShownAsEntered(t *testing.T) {
	lines := run(t, nil, fabric)
	var shown strings.Builder
	for line := range strings.Lines(lines.Text()) {
		if strings.TrimSpace(line) != "!" {
			shown.WriteString(line)
		}
	}
	if diff := cmp.Diff(fabric, shown.String()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(lines, run(t, lines, lines.Text())); diff != "" {
		t.Errorf("entered again: %s", diff)
	}
}

func TestCommands(t *testing.T) {
	for name, tc := range map[string]struct{ commands, want string }{
		"another value":        {"interface Vxlan1\nvxlan vlan 40 vni 10041", "vxlan vlan 40 vni 10041"},
		"one more of a kind":   {"interface Vxlan1\nvxlan vlan 41 vni 10041", "vxlan vlan 41 vni 10041"},
		"a command of the top": {"router bgp 65203\naddress-family evpn\nhostname leaf3", "hostname leaf3"},
		"of a block between":   {"router bgp 65203\nvlan 40\naddress-family evpn\nneighbor other activate", "neighbor other activate"},
		"both directions":      {"router bgp 65203\nneighbor a route-map m in\nneighbor a route-map m out", "neighbor a route-map m in"},
		"another in one":       {"router bgp 65203\nneighbor a route-map m in\nneighbor a route-map n in", "-route-map m in"},
		"exit":                 {"router bgp 65203\nexit\nvlan 40\nname web", "name web"},
		"comments":             {"! nothing\n\nhostname leaf3", "hostname leaf3"},
		"no of a value":        {"interface Vxlan1\nno vxlan vlan 40 vni 10040", "-vxlan vlan 40"},
		"no without the value": {"interface Vxlan1\nno vxlan vlan 40 vni", "-vxlan vlan 40"},
		"no of a block":        {"no router bgp 65203", "-neighbor overlay activate"},
		"no of what is absent": {"no hostname leaf9", "-hostname"},
		"off":                  {"interface Ethernet1\nno switchport", "no switchport"},
		"on again":             {"interface Ethernet1\nno switchport\nswitchport", "-no switchport"},
		"default":              {"default ip virtual-router mac-address", "-ip virtual-router"},
	} {
		t.Run(name, func(t *testing.T) {
			text := run(t, run(t, nil, fabric), tc.commands).Text()
			if absent, ok := strings.CutPrefix(tc.want, "-"); ok {
				if strings.Contains(text, absent) {
					t.Errorf("still there:\n%s", text)
				}
			} else if strings.Count(text, tc.want+"\n") != 1 {
				t.Errorf("not there once: %q in\n%s", tc.want, text)
			}
		})
	}
}

func TestReplacedInPlace(t *testing.T) {
	before := run(t, nil, fabric)
	text := run(t, before, "interface Vxlan1\nvxlan vlan 40 vni 10041").Text()
	if strings.Contains(text, "10040\n") && !strings.Contains(text, "65000:10040") || strings.Count(text, "vxlan vlan 40") != 1 {
		t.Error(text)
	}
	if !strings.Contains(before.Text(), "vxlan vlan 40 vni 10040") {
		t.Error("the lines of before changed")
	}
}

func TestInvalid(t *testing.T) {
	for _, command := range []string{
		"hostnam leaf3", "hostname", "interface Vxlan1\nvxlan vlan 5000 vni 1", "interface Vxlan1\nvxlan vlan 40 vni 99999999",
		"ip virtual-router mac-address 00:1c", "router bgp 65203\nvlan 40\nrd forty", "vxlan vlan 40 vni 10040", "no", "no such thing",
		"interface Port-Channel10\nevpn ethernet-segment\nidentifier 00", "router bgp x", "ip address 10.0.0.1/24",
	} {
		if err := NewSession(nil).Run(command); err == nil || !strings.Contains(err.Error(), "% Invalid input") {
			t.Errorf("%q: %v", command, err)
		}
	}
}

func TestBlock(t *testing.T) {
	lines := run(t, nil, fabric)
	under, words, ok := lines.Block("router bgp *")
	if !ok || words[2] != "65203" || len(under) != 2 {
		t.Errorf("%v %v %v", under, words, ok)
	}
	if _, _, ok := lines.Block("router bgp 1"); ok {
		t.Error("a block that is not there")
	}
}

// What is shown can be entered again, whatever was entered.
func FuzzRun(f *testing.F) {
	f.Add(fabric)
	f.Add("no interface Vxlan1\nexit\nend")
	f.Add("vlan 1-5,9\n name x\nrouter bgp 1\nno vlan 3")
	f.Fuzz(func(t *testing.T, commands string) {
		s := NewSession(nil)
		_ = s.Run(commands) // what came before a mistake counts
		again := NewSession(nil)
		if err := again.Run(s.Lines().Text()); err != nil {
			t.Fatalf("%v in\n%s", err, s.Lines().Text())
		}
		if diff := cmp.Diff(s.Lines().Text(), again.Lines().Text()); diff != "" {
			t.Error(diff)
		}
	})
}
