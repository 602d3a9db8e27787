package sim

import (
	"strings"
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"

	"github.com/tenter-net/tenter/internal/sim/hand"
)

func commands(text string) *gpb.Update {
	return &gpb.Update{Path: &gpb.Path{Origin: "cli"}, Val: &gpb.TypedValue{Value: &gpb.TypedValue_AsciiVal{AsciiVal: text}}}
}

func show(t *testing.T, f *testFabric, node, command string) string {
	t.Helper()
	c, ctx := f.raw(node)
	resp, err := c.Get(ctx, &gpb.GetRequest{Path: []*gpb.Path{{Origin: "cli", Elem: []*gpb.PathElem{{Name: command}}}}, Encoding: gpb.Encoding_ASCII})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetNotification()[0].GetUpdate()[0].GetVal().GetAsciiVal()
}

func TestEOSTakesTreeAndCommandsInOneSet(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	c, ctx := f.raw("eos")
	segment := "interface Port-Channel10\n   evpn ethernet-segment\n      identifier 0002:0000:0000:0a00:0000\n"
	mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{
		gupdate("/interfaces/interface[name=Port-Channel10]/config", `{"name":"Port-Channel10","type":"iana-if-type:ieee8023adLag"}`),
		commands(segment),
		gupdate("/arista/eos/evpn/evpn-instances/evpn-instance[name=40]", `{"name":"40","config":{"name":"40","route-distinguisher":"10.1.0.13:40"}}`),
	}})
	if got := show(t, f, "eos", "show running-config"); !strings.Contains(got, "      identifier 0002:0000:0000:0a00:0000\n") {
		t.Errorf("running:\n%s", got)
	}
	if got := get(t, c, ctx, "/arista/eos/evpn/evpn-instances/evpn-instance[name=40]/state/route-distinguisher"); got != `"10.1.0.13:40"` {
		t.Errorf("its own tree: %s", got)
	}
	for name, wrong := range map[string]*gpb.SetRequest{
		"command": {Update: []*gpb.Update{gupdate("/system/config/hostname", `"new"`), commands("hostname other\nevpn now")}},
		"leaf":    {Update: []*gpb.Update{commands("hostname other"), gupdate("/system/config/hostnam", `"new"`)}},
		"delete":  {Delete: []*gpb.Path{{Origin: "cli", Elem: []*gpb.PathElem{{Name: "hostname"}}}}},
	} {
		_, err := c.Set(ctx, wrong)
		wantCode(t, err, codes.InvalidArgument, "")
		if got := show(t, f, "eos", "show running-config"); strings.Contains(got, "hostname other") {
			t.Errorf("%s: half of a refused Set is there:\n%s", name, got)
		}
	}
	mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{commands("no interface Port-Channel10")}})
	if got := show(t, f, "eos", "show running-config"); strings.Contains(got, "identifier") {
		t.Errorf("after no:\n%s", got)
	}
}

// What is saved survives a reboot and what is not does not, in both dialects; a commit that nobody confirms ends.
func TestNativeSaveAndReboot(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	for node, tc := range map[string]struct{ save, show, path, first, second string }{
		"srl": {"tools system configuration save", "info from startup", srlPort + "/description", `"one"`, `"two"`},
		"eos": {"copy running-config startup-config", "show startup-config", "/system/config/login-banner", `"one"`, `"two"`},
	} {
		c, ctx := f.raw(node)
		mustSet(t, c, ctx, updates(tc.path, tc.first))
		line := "ip virtual-router mac-address 00:1c:73:00:00:01"
		if node == "eos" {
			mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{commands(line)}})
		}
		mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{commands(tc.save)}})
		mustSet(t, c, ctx, updates(tc.path, tc.second))
		if node == "eos" {
			mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{commands("no " + line)}})
			if got := show(t, f, node, tc.show); !strings.Contains(got, line) {
				t.Errorf("saved:\n%s", got)
			}
		}
		f.control(node + " reboot")
		eventually(t, node+" is back", func() bool { return f.answers(node) })
		again, ctx := f.raw(node)
		if got := get(t, again, ctx, tc.path); got != tc.first {
			t.Errorf("%s: %s after the reboot, want what was saved: %s", node, got, tc.first)
		}
		if node == "eos" {
			if got := show(t, f, node, "show running-config"); !strings.Contains(got, line) {
				t.Errorf("lines after the reboot:\n%s", got)
			}
		}
	}
	f.control("srl swap")
	if got := f.Nodes()[2].Serial; got != "SIM-srlR" {
		t.Errorf("serial after a swap: %s", got)
	}
}

// A device of any dialect that cuts itself off is gone.
func TestNativeCutOff(t *testing.T) {
	for _, tc := range []struct{ node, path, value string }{
		{"srl", "/system/grpc-server[name=mgmt]/admin-state", `"disable"`},
		{"srl", "/interface[name=mgmt0]/admin-state", `"disable"`},
		{"srl", "/network-instance[name=mgmt]/interface[name=mgmt0.0]", ""},
		{"eos", "/interfaces/interface[name=Management0]/config/enabled", `false`},
		{"eos", "/system/grpc-servers/grpc-server[name=default]/config/enable", `false`},
	} {
		f := startTopology(t, mixed, Options{})
		c, ctx := f.raw(tc.node)
		req := &gpb.SetRequest{Delete: []*gpb.Path{gpath(tc.path)}}
		if tc.value != "" {
			req = updates(tc.path, tc.value)
		}
		_, _ = c.Set(ctx, req) // the answer may be lost with the connection
		eventually(t, tc.node+" is gone for "+tc.path, func() bool { return !f.answers(tc.node) })
	}
}

func TestTheStrangerNamesNativePaths(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	ctx := timeout(t)
	srl, eos := f.hand("srl"), f.hand("eos")
	for _, step := range []struct {
		client *hand.Client
		edit   hand.Edit
		path   string
		want   string
	}{
		{srl, hand.Edit{Path: "srl_nokia:" + srlPort + "/description", Value: "by hand"}, "srl_nokia:" + srlPort + "/description", `"by hand"`},
		{srl, hand.Edit{Path: "srl_nokia:" + srlPort + "/description", Delete: true}, "srl_nokia:" + srlPort + "/description", ""},
		{eos, hand.Edit{Path: "cli:interface Port-Channel10; evpn ethernet-segment", Value: "redundancy single-active"}, "cli:show running-config", "redundancy single-active"},
	} {
		if err := step.client.Set(ctx, step.edit); err != nil {
			t.Fatalf("%+v: %v", step.edit, err)
		}
		got, err := step.client.Get(ctx, step.path)
		if err != nil || !strings.Contains(got, step.want) || step.want == "" && got != "" {
			t.Errorf("%s: %q, %v, want %q", step.path, got, err, step.want)
		}
	}
}

// An interface is one thing, whether it was made by leaves or by lines.
func TestEOSInterfacesGoAltogether(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	c, ctx := f.raw("eos")
	const lag = "/interfaces/interface[name=Port-Channel10]"
	both := func() {
		t.Helper()
		mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{
			gupdate(lag+"/config", `{"name":"Port-Channel10","type":"iana-if-type:ieee8023adLag"}`),
			commands("interface Port-Channel10\nevpn ethernet-segment\nredundancy single-active"),
		}})
	}
	both()
	mustSet(t, c, ctx, &gpb.SetRequest{Delete: []*gpb.Path{gpath(lag)}})
	if got := show(t, f, "eos", "show running-config"); strings.Contains(got, "Port-Channel10") {
		t.Errorf("after the leaves went:\n%s", got)
	}
	both()
	mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{commands("no interface Port-Channel10")}})
	if got := get(t, c, ctx, lag); got != "" {
		t.Errorf("after the lines went: %s", got)
	}
	mustSet(t, c, ctx, &gpb.SetRequest{ // deletes come first, so this one is made anew
		Delete: []*gpb.Path{gpath(lag)},
		Update: []*gpb.Update{commands("interface Port-Channel10\nlacp timer fast")},
	})
	if got := show(t, f, "eos", "show running-config"); !strings.Contains(got, "lacp timer fast") {
		t.Errorf("made anew:\n%s", got)
	}
}
