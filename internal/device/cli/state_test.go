package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
)

// What FRR 8.4.4 shows, shortened: a VRF without sessions, a neighbor by its interface, and an interface that is shut.
const (
	summary = `{
"default":{
"ipv4Unicast":{
  "routerId":"10.1.0.3","as":65000,
  "peers":{
    "10.0.0.0":{"remoteAs":65100,"state":"Established","peerState":"OK"},
    "eth50":{"remoteAs":65100,"state":"Active","peerState":"OK"}
  },
  "totalPeers":2
}
,
"l2VpnEvpn":{"peers":{"10.0.0.0":{"state":"Established"}}}
}
,
"red":{
}
}
`
	interfaces = `{
  "eth49":{"administrativeStatus":"up","operationalStatus":"up","mtu":1500},
  "eth50":{"administrativeStatus":"up","operationalStatus":"down"},
  "eth9":{"administrativeStatus":"down"}
}
`
)

func TestState(t *testing.T) {
	p := frr(t)
	bgp, ports := p.State.BGP.Path, p.State.Interfaces.Path
	for _, tt := range []struct {
		name         string
		summary      string
		paths        []path.Path
		want, failed string
	}{
		{
			"sessions and interfaces", summary,
			[]path.Path{bgp, ports},
			"cli:/bgp/instance[name=default]/family[name=ipv4Unicast]/neighbor[name=10.0.0.0]/state = Established\n" +
				"cli:/bgp/instance[name=default]/family[name=ipv4Unicast]/neighbor[name=eth50]/state = Active\n" +
				"cli:/bgp/instance[name=default]/family[name=l2VpnEvpn]/neighbor[name=10.0.0.0]/state = Established\n" +
				"cli:/interface[name=eth49]/state = up\n" +
				"cli:/interface[name=eth50]/state = down\n", "",
		},
		{"no BGP at all", "{\n}\n", []path.Path{bgp}, "", ""},
		{"another shape", `{"default":"down","red":{"ipv4Unicast":{"peers":[1]}},"blue":{"ipv4Unicast":{"peers":{"10.0.0.0":"up"}}}}` + "\n", []path.Path{bgp}, "", ""},
		{"the daemon does not run", "bgpd is not running\n", []path.Path{ports, bgp}, "", `show bgp vrf all summary json shows no state`},
		{"cut short", summary[:200] + "\n", []path.Path{bgp}, "", "shows no state"},
		{"a complaint behind it", "{\n}\n% Unknown command\n", []path.Path{bgp}, "", "shows no state"},
		{"what no command shows", "{}\n", []path.Path{p.State.LLDP.Path}, "", "no command that shows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(start)
			b.shows = map[string]string{"show bgp vrf all summary json": tt.summary, "show interface vrf all json": interfaces}
			s, _ := dial(t, b)
			leaves, err := s.State(t.Context(), tt.paths)
			var e *fault.Error
			if tt.failed != "" && (!errors.As(err, &e) || !strings.Contains(err.Error(), tt.failed)) || tt.failed == "" && err != nil {
				t.Fatalf("error %v, want %q", err, tt.failed)
			}
			var got strings.Builder
			for _, l := range leaves {
				got.WriteString(l.Path.String() + " = " + l.Value + "\n")
			}
			if diff := cmp.Diff(tt.want, got.String()); tt.failed == "" && diff != "" {
				t.Error(diff)
			}
		})
	}
}
