package sim

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
)

const (
	port       = "/interfaces/interface[name=Ethernet49]/config/"
	ocNeighbor = "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=192.0.2.9]"
)

// TestQuirks tries what devices make of what they are told.
func TestQuirks(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	mustSet(t, c, ctx, updates("/interfaces/interface[name=Ethernet49]", `{"config": {"name": "Ethernet49", "type": "iana-if-type:ethernetCsmacd"}}`))

	f.control("leaf1 respell")
	mustSet(t, c, ctx, updates(port+"description", `" To Spine1 "`))
	if got := get(t, c, ctx, port+"description"); got != `"to spine1"` {
		t.Errorf("respell: %s", got)
	}

	f.control("leaf1 effect " + port + "description " + port + "mtu 1500")
	mustSet(t, c, ctx, updates(port+"mtu", `9000`))
	if got := get(t, c, ctx, port+"mtu"); got != "9000" {
		t.Errorf("effect without its cause: %s", got)
	}
	mustSet(t, c, ctx, updates(port+"description", `"other"`))
	if got := get(t, c, ctx, port+"mtu"); got != "1500" {
		t.Errorf("effect: %s", got)
	}

	f.control("leaf1 clear")
	f.control("leaf1 couple " + port + "description " + port + "mtu")
	_, err := c.Set(ctx, updates(port+"mtu", `9000`))
	wantCode(t, err, codes.InvalidArgument, "configured together with "+port+"description")
	mustSet(t, c, ctx, updates(port+"mtu", `9000`, port+"description", `"other"`))

	f.control("leaf1 clear")
	if got := get(t, c, ctx, port+"mtu"); got != "9000" {
		t.Errorf("couple: %s", got)
	}
	for _, bad := range []string{"leaf1 couple /a", "leaf1 couple a b", "leaf1 effect /a /b", "leaf1 effect /a b 1"} {
		if _, err := f.Control(context.Background(), bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestHashedSecrets tries how a device keeps passwords that it does not show.
func TestHashedSecrets(t *testing.T) {
	f := start(t, Options{Faults: []string{"leaf1 hash-secrets"}})
	c, ctx := f.raw("leaf1")
	password := ocNeighbor + "/config/auth-password"
	shown := func() string { return strings.Trim(get(t, c, ctx, password), `"`) }
	mustSet(t, c, ctx, updates("/network-instances/network-instance[name=default]",
		`{"config": {"name": "default"}, "protocols": {"protocol": [{"identifier": "BGP", "name": "BGP", "config": {"identifier": "BGP", "name": "BGP"}}]}}`,
		ocNeighbor, `{"config": {"neighbor-address": "192.0.2.9", "auth-password": "hunter2"}}`))
	first := shown()
	mustSet(t, c, ctx, updates(banner, `"something else"`))
	if got := shown(); !strings.HasPrefix(first, "$aes1$") || got != first {
		t.Errorf("%q, and %q after another Set", first, got)
	}
	mustSet(t, c, ctx, updates(password, `"hunter2"`))
	second := shown()
	if second == first {
		t.Error("the same password, set again, is the same text")
	}
	f.control("leaf1 resalt")
	mustSet(t, c, ctx, updates(banner, `"once more"`))
	if got := shown(); got == second || !strings.HasPrefix(got, "$aes1$") {
		t.Errorf("%q was not salted anew: %q", second, got)
	}
}
