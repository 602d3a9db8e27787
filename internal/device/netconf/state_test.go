package netconf_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/netconf"
	"github.com/tenter-net/tenter/internal/path"
)

// State is read by get, prefixed or not, of all entries of a list.
func TestState(t *testing.T) {
	f := startFake(t, full...)
	s, err := netconf.Dial(t.Context(), config(t, f.Server, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f.with(func() {
		f.state = `<x:system xmlns:x="urn:example:switch"><x:uptime> 17
</x:uptime></x:system><policies xmlns="urn:example:switch"><policy><name>in</name><rule><sequence>1</sequence><name>a</name><oper>up</oper></rule>` +
			`<rule><sequence>2</sequence><name>a</name><oper><![CDATA[down]]></oper></rule><rule><name>no key</name><oper>up</oper></rule></policy></policies>`
	})
	at := func(text string) path.Path {
		p, err := path.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	leaves, err := s.State(t.Context(), []path.Path{at("example:/system/uptime"), at("example:/policies/policy[name=*]/rule[name=a][sequence=*]/oper")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range leaves {
		got = append(got, l.Path.String()+" = "+l.Value)
	}
	want := []string{
		"example:/system/uptime = 17",
		"example:/policies/policy[name=in]/rule[name=a][sequence=1]/oper = up",
		"example:/policies/policy[name=in]/rule[name=a][sequence=2]/oper = down",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// What could not be looked at is no state without anything in it.
	_, err = s.State(t.Context(), []path.Path{at("example:/elsewhere/leaf")})
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Unsupported || !strings.Contains(err.Error(), "no node that can be configured") {
		t.Errorf("a path that no schema has: %v", err)
	}
	f.with(func() { f.refusals["get"] = "access-denied" })
	if _, err = s.State(t.Context(), []path.Path{at("example:/system/uptime")}); err == nil {
		t.Error("a device that shows no state: no error")
	}
}
