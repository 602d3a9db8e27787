package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
)

// mixed is a fabric of a node of each dialect.
var mixed = []byte(`
name: mixed
mgmt: {network: mixed, ipv4-subnet: 172.20.20.0/24}
topology:
  nodes:
    srl: {kind: nokia_srlinux, image: "ghcr.io/nokia/srlinux:25.3.1", mgmt-ipv4: 172.20.20.11}
    eos: {kind: arista_ceos, mgmt-ipv4: 172.20.20.12}
    oc: {kind: arista_ceos, mgmt-ipv4: 172.20.20.13, labels: {dialect: openconfig}}
  links:
    - endpoints: ["srl:ethernet-1/1", "eos:Ethernet1"]
`)

// nativePath is a path in the device's own origin.
func nativePath(origin, path string) *gpb.Path {
	p := gpath(path)
	p.Origin = origin
	return p
}

func nativeUpdate(origin, path, json string) *gpb.Update {
	return &gpb.Update{Path: nativePath(origin, path), Val: ietf(json)}
}

const srlPort = "/interface[name=ethernet-1/1]"

func TestSRLinuxTakesItsOwnTree(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	c, ctx := f.raw("srl")
	w := subscribe(t, c, ctx, &gpb.SubscriptionList{
		Mode: gpb.SubscriptionList_STREAM, Encoding: gpb.Encoding_PROTO,
		Subscription: []*gpb.Subscription{{Path: nativePath("srl_nokia", srlPort), Mode: gpb.SubscriptionMode_ON_CHANGE}},
	})
	w.synced()
	mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{
		nativeUpdate("srl_nokia", srlPort, `{"mtu": 9214, "subinterface": [{"index": 0, "ipv4": {"admin-state": "enable", "address": [{"ip-prefix": "10.0.0.1/31"}]}}]}`),
	}})
	if got := get(t, c, ctx, srlPort+"/mtu"); got != "9214" { // no origin is the device's own
		t.Errorf("mtu: %s", got)
	}
	told := w.next()
	if origin := told.GetPrefix().GetOrigin(); origin != "srl_nokia" {
		t.Errorf("origin of the notification: %q", origin)
	}
	want := []string{
		srlPort + "/mtu 9214", srlPort + "/name ethernet-1/1", srlPort + "/subinterface[index=0]/index 0",
		srlPort + "/subinterface[index=0]/ipv4/address[ip-prefix=10.0.0.1/31]/ip-prefix 10.0.0.1/31",
		srlPort + "/subinterface[index=0]/ipv4/admin-state enable",
	}
	if diff := cmp.Diff(want, lines(told)); diff != "" {
		t.Error(diff)
	}
	for name, req := range map[string]*gpb.SetRequest{
		"OpenConfig":   {Update: []*gpb.Update{nativeUpdate("openconfig", "/interfaces/interface[name=Ethernet1]/config/mtu", "9000")}},
		"state":        {Update: []*gpb.Update{nativeUpdate("srl_nokia", srlPort+"/oper-state", `"up"`)}},
		"out of range": {Update: []*gpb.Update{nativeUpdate("srl_nokia", srlPort+"/mtu", "100")}},
	} {
		_, err := c.Set(ctx, req)
		wantCode(t, err, codes.InvalidArgument, "")
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestSRLinuxTellsWhoItIs(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	c, ctx := f.raw("srl")
	if got := get(t, c, ctx, "/platform/chassis/serial-number"); got != `"SIM-srl"` {
		t.Errorf("serial: %s", got)
	}
	if got := get(t, c, ctx, "/system/information/version"); got != `"v25.3.1"` {
		t.Errorf("version: %s", got)
	}
	booted, err := time.Parse(time.RFC3339, strings.Trim(get(t, c, ctx, "/system/information/last-booted"), `"`))
	if err != nil || time.Since(booted) > time.Hour {
		t.Errorf("booted: %v, %v", booted, err)
	}
	answer, err := c.Capabilities(ctx, &gpb.CapabilityRequest{})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, m := range answer.GetSupportedModels() {
		found = found || strings.HasSuffix(m.GetName(), ":srl_nokia-network-instance") && m.GetOrganization() == "Nokia"
	}
	if !found {
		t.Errorf("models: %v", answer.GetSupportedModels())
	}
}

// A container that is only there is told as an empty object, and its going as a delete.
func TestPresenceIsTold(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	c, ctx := f.raw("srl")
	const encap = srlPort + "/subinterface[index=1]/vlan/encap"
	mustSet(t, c, ctx, updates(encap, `{"untagged": {}}`))
	w := subscribe(t, c, ctx, onChange(encap))
	first := w.next()
	if diff := cmp.Diff([]string{encap + "/untagged {}"}, lines(first)); diff != "" {
		t.Errorf("snapshot: %s", diff)
	}
	w.synced()
	mustSet(t, c, ctx, &gpb.SetRequest{Delete: []*gpb.Path{gpath(encap + "/untagged")}})
	if diff := cmp.Diff([]string{"- " + encap}, lines(w.next())); diff != "" {
		t.Errorf("delete: %s", diff)
	}
	mustSet(t, c, ctx, updates(encap+"/untagged", `{}`))
	if diff := cmp.Diff([]string{encap + "/untagged {}"}, lines(w.next())); diff != "" {
		t.Errorf("back again: %s", diff)
	}
}

// TestSRLinuxEncryptsPasswords sets a password twice and as the device shows it.
func TestSRLinuxEncryptsPasswords(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	c, ctx := f.raw("srl")
	const neighbor = "/network-instance[name=default]/protocols/bgp/neighbor[peer-address=10.0.0.1]"
	const password = neighbor + "/authentication/password"
	set := func(text string) string {
		t.Helper()
		mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{nativeUpdate("srl_nokia", password, `"`+text+`"`)}})
		return strings.Trim(get(t, c, ctx, password), `"`)
	}
	mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{
		nativeUpdate("srl_nokia", "/network-instance[name=default]", `{"type": "srl_nokia-network-instance:default"}`),
		nativeUpdate("srl_nokia", "/network-instance[name=default]/protocols/bgp", `{"autonomous-system": 65001, "router-id": "10.0.0.9", "group": [{"group-name": "g"}]}`),
		nativeUpdate("srl_nokia", neighbor, `{"peer-group": "g"}`),
	}})
	first := set("open-sesame")
	if !strings.HasPrefix(first, "$aes1$") || strings.Contains(first, "open-sesame") {
		t.Errorf("shown: %s", first)
	}
	mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{nativeUpdate("srl_nokia", neighbor+"/description", `"x"`)}})
	if got := strings.Trim(get(t, c, ctx, password), `"`); got != first {
		t.Errorf("nobody set it, and it is %s instead of %s", got, first)
	}
	if again := set("open-sesame"); again == first || !strings.HasPrefix(again, "$aes1$") {
		t.Errorf("set again: %s", again)
	}
	if got := set(first); got != first {
		t.Errorf("set as shown: %s", got)
	}
}
