package sim

import (
	"strings"
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/openconfig/gnmi/proto/gnmi_ext"
)

// described returns a request that describes two ports of a node, and the path of the second description.
func described(node, text string) (*gpb.SetRequest, string) {
	first, second := srlPort+"/description", "/interface[name=ethernet-1/2]/description"
	if node == "eos" {
		first, second = "/interfaces/interface[name=Ethernet1]/config", "/interfaces/interface[name=Ethernet2]/config"
		value := func(name string) string {
			return `{"name":"` + name + `","type":"iana-if-type:ethernetCsmacd","description":"` + text + `"}`
		}
		return updates(first, value("Ethernet1"), second, value("Ethernet2")), second + "/description"
	}
	return updates(first, `"`+text+`"`, second, `"`+text+`"`), second
}

// Faults are the same in every dialect.
func TestNativeFaults(t *testing.T) {
	for _, node := range []string{"srl", "eos"} {
		f := startTopology(t, mixed, Options{})
		c, ctx := f.raw(node)
		f.control(node + " refuse-set once")
		req, path := described(node, "one")
		_, err := c.Set(ctx, req)
		wantCode(t, err, codes.Aborted, "locked")
		f.control(node + " ignore-set once")
		mustSet(t, c, ctx, req)
		if got := get(t, c, ctx, path); got != "" {
			t.Errorf("%s: an ignored Set left %s", node, got)
		}
		f.control(node + " partial-set once")
		mustSet(t, c, ctx, req)
		mustSet(t, c, ctx, req) // what a device lost it takes when told again
		if got := get(t, c, ctx, path); got != `"one"` {
			t.Errorf("%s: %s", node, got)
		}
		f.control(node + " echo-defaults")
		whole, err := c.Get(ctx, &gpb.GetRequest{Type: gpb.GetRequest_CONFIG, Encoding: gpb.Encoding_JSON_IETF})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"srl": `"swap-src-dst-mac":false`, "eos": `load-interval":300`}[node]
		if got := string(whole.GetNotification()[0].GetUpdate()[0].GetVal().GetJsonIetfVal()); !strings.Contains(got, want) {
			t.Errorf("%s: no %s in %s", node, want, got)
		}
		f.control(node + " clear")
		f.control(node + " forget")
		if got := get(t, c, ctx, path); got != "" {
			t.Errorf("%s: a new device's configuration has %s", node, got)
		}
	}
}

// A commit that nobody confirms is taken back with everything in it, lines included.
func TestNativeCommitConfirmed(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	commit := func(id string, c *gnmi_ext.Commit) []*gnmi_ext.Extension {
		c.Id = id
		return []*gnmi_ext.Extension{{Ext: &gnmi_ext.Extension_Commit{Commit: c}}}
	}
	open := func() *gnmi_ext.Commit {
		return &gnmi_ext.Commit{Action: &gnmi_ext.Commit_Commit{Commit: &gnmi_ext.CommitRequest{RollbackDuration: durationpb.New(20e9)}}}
	}
	for _, node := range []string{"srl", "eos"} {
		c, ctx := f.raw(node)
		for id, end := range map[string]*gnmi_ext.Commit{
			"confirmed": {Action: &gnmi_ext.Commit_Confirm{Confirm: &gnmi_ext.CommitConfirm{}}},
			"cancelled": {Action: &gnmi_ext.Commit_Cancel{Cancel: &gnmi_ext.CommitCancel{}}},
		} {
			f.control(node + " forget")
			req, path := described(node, id)
			if node == "eos" {
				req.Update = append(req.Update, commands("ip routing vrf "+id))
			}
			req.Extension = commit(id, open())
			mustSet(t, c, ctx, req)
			mustSet(t, c, ctx, &gpb.SetRequest{Extension: commit(id, end)})
			want := map[string]string{"confirmed": `"confirmed"`}[id]
			if got := get(t, c, ctx, path); got != want {
				t.Errorf("%s: %s: %q", node, id, got)
			}
			if node == "eos" && strings.Contains(show(t, f, node, "show running-config"), "vrf "+id) != (want != "") {
				t.Errorf("%s: lines:\n%s", id, show(t, f, node, "show running-config"))
			}
		}
	}
}
