package sim

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
)

const port49 = "/interfaces/interface[name=Ethernet49]"

func TestCapabilities(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	resp, err := c.Capabilities(ctx, &gpb.CapabilityRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if resp.GetGNMIVersion() == "" || len(resp.GetSupportedModels()) == 0 {
		t.Errorf("got %v", resp)
	}
	want := []gpb.Encoding{gpb.Encoding_JSON, gpb.Encoding_JSON_IETF, gpb.Encoding_PROTO}
	if diff := cmp.Diff(want, resp.GetSupportedEncodings()); diff != "" {
		t.Error(diff)
	}
}

func TestSetIsAllOrNothing(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	_, err := c.Set(ctx, updates(port49+"/config/description", `"good"`, port49+"/config/mtu", `"bad"`))
	wantCode(t, err, codes.InvalidArgument, "update[1]")
	_, err = c.Set(ctx, updates(port49+"/config/description", `"good"`,
		"/network-instances/network-instance[name=default]/interfaces/interface[id=x]/config/interface", `"Ethernet99"`))
	wantCode(t, err, codes.InvalidArgument, "points at nothing")
	_, err = c.Set(ctx, &gpb.SetRequest{Update: updates(port49+"/config/description", `"good"`).Update, Delete: []*gpb.Path{gpath("/nonsense")}})
	wantCode(t, err, codes.InvalidArgument, "delete[0]")
	if got := get(t, c, ctx, port49+"/config"); got != "" {
		t.Errorf("a refused Set left %s", got)
	}
}

func TestOrderOfOperations(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	mustSet(t, c, ctx, updates(port49+"/config", `{"description":"old","mtu":1500}`))
	// Deletes come first whatever their position, then replaces, then updates (gNMI §3.4.3).
	req := updates(port49+"/config/description", `"updated"`)
	req.Delete = []*gpb.Path{gpath(port49)}
	req.Replace = []*gpb.Update{gupdate(port49+"/config", `{"name":"Ethernet49","mtu":9000}`)}
	resp, err := c.Set(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.GetResponse()) != 3 || resp.GetTimestamp() == 0 {
		t.Errorf("response: %v", resp)
	}
	want := `{"openconfig-interfaces:description":"updated","openconfig-interfaces:mtu":9000,"openconfig-interfaces:name":"Ethernet49"}`
	if got := get(t, c, ctx, port49+"/config"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	mustSet(t, c, ctx, &gpb.SetRequest{Delete: []*gpb.Path{gpath(port49), gpath("/interfaces/interface[name=Ethernet7]")}})
	if got := get(t, c, ctx, port49+"/config"); got != "" {
		t.Errorf("deleted, yet there is %s", got)
	}
}

func TestUnionReplace(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	mustSet(t, c, ctx, updates(port49+"/config/description", `"old"`))
	startup := get(t, c, ctx, "/interfaces/interface[name=Management0]/subinterfaces")
	req := &gpb.SetRequest{UnionReplace: []*gpb.Update{
		gupdate("/system", `{"openconfig-system:config":{"hostname":"new"},"openconfig-system-grpc:grpc-servers":{"grpc-server":[{"name":"DEFAULT","config":{"name":"DEFAULT","enable":true}}]}}`),
		gupdate("/interfaces/interface[name=Management0]", `{"config":{"name":"Management0"}, "subinterfaces":{"subinterface":[{"index":0,"config":{"index":0},"openconfig-if-ip:ipv4":{"addresses":{"address":[{"ip":"172.20.20.21","config":{"ip":"172.20.20.21","prefix-length":24}}]}}}]}}`),
	}}
	mustSet(t, c, ctx, req)
	if got := get(t, c, ctx, "/system/config/hostname"); got != `"new"` {
		t.Errorf("hostname: %s", got)
	}
	if got := get(t, c, ctx, port49+"/config/description"); got != "" {
		t.Errorf("what the union does not have is still there: %s", got)
	}
	if startup == "" {
		t.Error("no management address at first")
	}
	req.Delete = []*gpb.Path{gpath(port49)}
	_, err := c.Set(ctx, req)
	wantCode(t, err, codes.InvalidArgument, "union_replace")
}

func TestValueForms(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	for name, val := range map[string]*gpb.TypedValue{
		"uint":      {Value: &gpb.TypedValue_UintVal{UintVal: 9000}},
		"int":       {Value: &gpb.TypedValue_IntVal{IntVal: 9000}},
		"JSON":      {Value: &gpb.TypedValue_JsonVal{JsonVal: []byte(`9000`)}},
		"JSON_IETF": ietf(`9000`),
	} {
		mustSet(t, c, ctx, &gpb.SetRequest{Delete: []*gpb.Path{gpath(port49)}, Update: []*gpb.Update{{Path: gpath(port49 + "/config/mtu"), Val: val}}})
		if got := get(t, c, ctx, port49+"/config/mtu"); got != "9000" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestGet(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	for i := 1; i <= 2; i++ {
		mustSet(t, c, ctx, updates(fmt.Sprintf("/interfaces/interface[name=Ethernet%d]/config/description", i), fmt.Sprintf(`"port %d"`, i)))
	}
	t.Run("wildcard, prefix, PROTO", func(t *testing.T) {
		resp, err := c.Get(ctx, &gpb.GetRequest{
			Prefix: &gpb.Path{Origin: "openconfig", Target: "leaf1", Elem: gpath("/interfaces").Elem}, Encoding: gpb.Encoding_PROTO,
			Path: []*gpb.Path{gpath("/interface[name=*]/config/description")}, Type: gpb.GetRequest_CONFIG,
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"/interfaces/interface[name=Ethernet1]/config/description port 1", "/interfaces/interface[name=Ethernet2]/config/description port 2"}
		if diff := cmp.Diff(want, lines(resp.GetNotification()[0])); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("known but empty", func(t *testing.T) {
		resp, err := c.Get(ctx, &gpb.GetRequest{Path: []*gpb.Path{gpath("/lacp"), gpath("/system/config")}, Encoding: gpb.Encoding_JSON_IETF})
		if err != nil || len(resp.GetNotification()) != 2 || len(resp.GetNotification()[0].GetUpdate()) != 0 {
			t.Errorf("got %v, %v", resp, err)
		}
	})
	for name, tc := range map[string]struct {
		req  *gpb.GetRequest
		want codes.Code
	}{
		"unknown path":     {&gpb.GetRequest{Path: []*gpb.Path{gpath("/interfaces/interfax")}, Encoding: gpb.Encoding_JSON_IETF}, codes.NotFound},
		"unknown key":      {&gpb.GetRequest{Path: []*gpb.Path{gpath("/interfaces/interface[id=1]")}, Encoding: gpb.Encoding_JSON_IETF}, codes.NotFound},
		"unknown origin":   {&gpb.GetRequest{Path: []*gpb.Path{{Origin: "native"}}, Encoding: gpb.Encoding_JSON_IETF}, codes.InvalidArgument},
		"unknown encoding": {&gpb.GetRequest{Path: []*gpb.Path{{}}, Encoding: gpb.Encoding_BYTES}, codes.Unimplemented},
		"unknown model":    {&gpb.GetRequest{UseModels: []*gpb.ModelData{{Name: "vendor-x"}}, Encoding: gpb.Encoding_JSON_IETF}, codes.InvalidArgument},
		"another target":   {&gpb.GetRequest{Prefix: &gpb.Path{Target: "leaf9"}, Encoding: gpb.Encoding_JSON_IETF}, codes.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Get(ctx, tc.req)
			wantCode(t, err, tc.want, "")
		})
	}
}

func TestIdentity(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf3")
	if got := get(t, c, ctx, "/components/component[name=Chassis]/state/serial-no"); got != `"SIM-leaf3"` {
		t.Errorf("serial: %s", got)
	}
	if got := get(t, c, ctx, "/system/state/hostname"); got != `"leaf3"` {
		t.Errorf("hostname: %s", got)
	}
	if got := get(t, c, ctx, "/system/state/boot-time"); len(got) < 15 {
		t.Errorf("boot time: %s", got)
	}
}
