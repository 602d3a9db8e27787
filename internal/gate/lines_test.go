package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/gate"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schema"
)

// added is the write of a line, dropped that of its removal.
func added(texts ...string) run.Write {
	return run.Write{Path: blocks.Path(texts...).Append(path.Elem{Name: "text"}).String(), After: schema.StringValue(texts[len(texts)-1])}
}

func dropped(texts ...string) run.Write {
	w := added(texts...)
	w.Before, w.After = w.After, ""
	return w
}

func frrUp(t testing.TB) []profile.StateLeaf {
	return leaves(t,
		"cli:/bgp/instance[name=default]/family[name=ipv4Unicast]/neighbor[name=10.0.0.0]/state = Established",
		"cli:/bgp/instance[name=default]/family[name=l2VpnEvpn]/neighbor[name=10.0.0.0]/state = Established",
		"cli:/bgp/instance[name=red]/family[name=ipv4Unicast]/neighbor[name=10.1.0.9]/state = Established",
		"cli:/bgp/instance[name=default]/family[name=ipv4Unicast]/neighbor[name=10.9.9.9]/state = Active",
		"cli:/interface[name=eth49]/state = up",
		"cli:/interface[name=eth1]/state = down",
	)
}

var frrGates = []gate.Gate{{Kind: gate.BGP}, {Kind: gate.Interfaces}}

// Lines are forgiven what they take away as leaves are, and nothing else.
func TestCompareLines(t *testing.T) {
	p := named(t, "frr")
	const (
		router  = "router bgp 65000"
		session = "the BGP session with 10.0.0.0 was established before and is not any more"
		inRed   = "the BGP session with 10.1.0.9 in red was established before and is not any more"
		port    = "interface eth49 was up before and is not any more"
	)
	for _, tt := range []struct {
		name   string
		writes []run.Write
		now    []profile.StateLeaf
		want   []string
	}{
		{"all is as it was", nil, frrUp(t), nil},
		{"a session and an interface are gone", nil, without(without(frrUp(t), "10.1.0.9"), "eth49"), []string{inRed, port}},
		{"up in one family still", nil, without(frrUp(t), "l2VpnEvpn"), nil},
		{
			"the neighbor goes",
			[]run.Write{dropped(router, "neighbor 10.0.0.0 bfd"), dropped(router, "neighbor 10.0.0.0 remote-as 65100")},
			without(frrUp(t), "10.0.0.0"), nil,
		},
		{
			"it is given another AS",
			[]run.Write{dropped(router, "neighbor 10.0.0.0 remote-as 65100"), added(router, "neighbor 10.0.0.0 remote-as 65999")},
			without(frrUp(t), "10.0.0.0"),
			[]string{session},
		},
		{"a line of it goes", []run.Write{dropped(router, "neighbor 10.0.0.0 update-source 10.1.0.3")}, without(frrUp(t), "10.0.0.0"), []string{session}},
		{"it leaves a family", []run.Write{dropped(router, "address-family ipv4 unicast", "neighbor 10.0.0.0 activate")}, without(frrUp(t), "10.0.0.0"), []string{session}},
		{"it is shut", []run.Write{added(router, "neighbor 10.0.0.0 shutdown")}, without(frrUp(t), "10.0.0.0"), nil},
		{"it is not shut any more", []run.Write{dropped(router, "neighbor 10.0.0.0 shutdown")}, without(frrUp(t), "10.0.0.0"), []string{session}},
		{"another one goes", []run.Write{dropped(router, "neighbor 10.9.9.9 remote-as 1")}, without(frrUp(t), "10.0.0.0"), []string{session}},
		{
			"the interface is shut, and what is on it goes along",
			[]run.Write{added("interface eth49", "shutdown")},
			without(without(frrUp(t), "10.0.0.0"), "eth49"), nil,
		},
		{"another interface is shut", []run.Write{added("interface eth1", "shutdown")}, without(frrUp(t), "eth49"), []string{port}},
		{"its block goes, which shuts nothing", []run.Write{dropped("interface eth49"), dropped("interface eth49", "description x")}, without(frrUp(t), "eth49"), []string{port}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := gate.Change{Device: leaf(), Profile: p, Writes: tt.writes}
			got := gate.Compare(frrGates, c, gate.Sights(frrGates, p, frrUp(t)), gate.Sights(frrGates, p, tt.now))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The same address may be a neighbor in several VRFs, and only one of them goes.
func TestSameNeighborInTwoVRFs(t *testing.T) {
	const red = "the BGP session with 10.0.0.0 in red was established before and is not any more"
	const plain = "the BGP session with 10.0.0.0 was established before and is not any more"
	instance := func(vrf string) string {
		return strings.Replace(fmt.Sprintf(openconfigBGP, "10.0.0.0"), "[name=default]", "[name="+vrf+"]", 1)
	}
	gates := []gate.Gate{{Kind: gate.BGP}}
	for _, tt := range []struct {
		name, profile string
		before        []string
		write         run.Write
		want          []string
	}{
		{
			"leaves of red", "openconfig-sim",
			[]string{instance("default") + "/state/session-state = ESTABLISHED", instance("red") + "/state/session-state = ESTABLISHED"},
			run.Write{Path: instance("red") + "/config/neighbor-address", Before: "s10.0.0.0"},
			[]string{plain},
		},
		{
			"leaves of the default one", "openconfig-sim",
			[]string{instance("default") + "/state/session-state = ESTABLISHED", instance("red") + "/state/session-state = ESTABLISHED"},
			run.Write{Path: instance("default") + "/config/neighbor-address", Before: "s10.0.0.0"},
			[]string{red},
		},
		{
			"lines of red", "frr",
			[]string{
				"cli:/bgp/instance[name=default]/family[name=ipv4Unicast]/neighbor[name=10.0.0.0]/state = Established",
				"cli:/bgp/instance[name=red]/family[name=ipv4Unicast]/neighbor[name=10.0.0.0]/state = Established",
			},
			dropped("router bgp 65000 vrf red", "neighbor 10.0.0.0 remote-as 1"),
			[]string{plain},
		},
		{
			"lines of the default one", "frr",
			[]string{
				"cli:/bgp/instance[name=default]/family[name=ipv4Unicast]/neighbor[name=10.0.0.0]/state = Established",
				"cli:/bgp/instance[name=red]/family[name=ipv4Unicast]/neighbor[name=10.0.0.0]/state = Established",
			},
			added("router bgp 65000", "neighbor 10.0.0.0 shutdown"),
			[]string{red},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := named(t, tt.profile)
			c := gate.Change{Device: leaf(), Profile: p, Writes: []run.Write{tt.write}}
			got := gate.Compare(gates, c, gate.Sights(gates, p, leaves(t, tt.before...)), nil)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDetectionOfLines(t *testing.T) {
	const router = "router bgp 65000"
	for _, tt := range []struct {
		write run.Write
		want  time.Duration
	}{
		{added(router, "neighbor 10.0.0.0 remote-as 65999"), 900 * time.Millisecond},
		{added(router, "neighbor 10.0.0.0 description x"), 0},
		{added(router, "no neighbor 10.0.0.0 shutdown"), 900 * time.Millisecond},
		{added(router, "no neighbor 10.7.7.7 shutdown"), 0},
		{added(router, "no bgp default ipv4-unicast"), 90 * time.Second},
		{added(router, "address-family l2vpn evpn", "neighbor 10.1.0.9 activate"), 90 * time.Second},
		{added(router, "neighbor 10.7.7.7 remote-as 1"), 0},
		{added(router, "bgp router-id 10.1.0.9"), 90 * time.Second},
		{added("router bgp 65201 vrf red", "bgp router-id 10.1.0.9"), 0},
		{added(router, "address-family ipv4 unicast", "maximum-paths 4"), 90 * time.Second},
		{added(router, "address-family l2vpn evpn", "vni 10040"), 0},
		{added(router, "address-family l2vpn evpn", "vni 10040", "rd 10.1.0.3:40"), 0},
		{added("interface eth49", "ip address 10.0.0.1/31"), 900 * time.Millisecond},
		{added("interface eth49", "description x"), 0},
		{added("interface eth1", "shutdown"), 0},
		{added("bfd", "profile tenter-eth49", "receive-interval 100"), 900 * time.Millisecond},
		{added("ip prefix-list x seq 5 permit any"), 0},
	} {
		c := gate.Change{Device: leaf(), Profile: named(t, "frr"), Writes: []run.Write{tt.write}}
		if got := gate.Guard(frrGates, c, 0, 0).Soak; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.write.Path, got, tt.want)
		}
	}
}

// What cannot be looked at is said when intents are validated.
func TestLacks(t *testing.T) {
	for name, want := range map[string]map[string]bool{
		"openconfig": {}, "frr": {gate.LLDP: true, gate.Expr: true},
	} {
		p := named(t, name)
		for _, kind := range []string{gate.BGP, gate.Interfaces, gate.LLDP, gate.Expr} {
			if why := (gate.Gate{Kind: kind}).Lacks(p); (why != "") != want[kind] {
				t.Errorf("%s: %s: %q", name, kind, why)
			}
		}
	}
}
