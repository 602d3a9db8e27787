package conf

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/ygot/ygot"

	"github.com/tenter-net/tenter/internal/sim/oc"
)

func schema(t testing.TB) *Schema {
	t.Helper()
	s, err := OpenConfig()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// at reads "/a/b[k=v]/c" for tests; key values have no slashes or brackets there.
func at(text string) Path {
	var p Path
	for _, part := range strings.Split(strings.Trim(text, "/"), "/") {
		if part == "" {
			continue
		}
		name, keys, _ := strings.Cut(part, "[")
		step := Step{Name: name}
		for _, k := range strings.Split(strings.TrimSuffix(keys, "]"), "][") {
			if n, v, ok := strings.Cut(k, "="); ok {
				step.Keys = append(step.Keys, Key{n, strings.ReplaceAll(v, "~", "/")})
			}
		}
		p = append(p, step)
	}
	return p
}

func ietf(s string) *gpb.TypedValue {
	return &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: []byte(s)}}
}

func update(t testing.TB, tree *Tree, path, value string) *Tree {
	t.Helper()
	e := tree.Edit()
	if err := e.Update(at(path), ietf(value)); err != nil {
		t.Fatalf("update %s: %v", path, err)
	}
	next := e.Tree()
	if err := next.Validate(); err != nil {
		t.Fatalf("update %s: %v", path, err)
	}
	return next
}

func TestUpdateMakesEntriesWithTheirKeys(t *testing.T) {
	tree := update(t, NewTree(schema(t)), "/interfaces/interface[name=Ethernet1]/config/mtu", `9214`)
	want := `{"openconfig-interfaces:interfaces":{"interface":[{"config":{"mtu":9214,"name":"Ethernet1"},"name":"Ethernet1"}]}}`
	if got := string(tree.MarshalConfig()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRefused(t *testing.T) {
	for name, tc := range map[string]struct{ path, value, want string }{
		"unknown node":            {"/interfaces/interface[name=Ethernet1]/config/colour", `"red"`, "no such node"},
		"unknown member":          {"/interfaces/interface[name=Ethernet1]/config", `{"colour":"red"}`, `no such node "colour"`},
		"state":                   {"/interfaces/interface[name=Ethernet1]/state/mtu", `1500`, "no such node"},
		"missing key":             {"/interfaces/interface/config/mtu", `1500`, "needs the keys [name]"},
		"wrong key":               {"/interfaces/interface[id=1]/config/mtu", `1500`, `no key "id"`},
		"key of another type":     {"/interfaces/interface[name=Ethernet1]/subinterfaces/subinterface[index=one]/config/index", `1`, `key "index"`},
		"number out of range":     {"/interfaces/interface[name=Ethernet1]/config/mtu", `70000`, "wrong form"},
		"number as string":        {"/interfaces/interface[name=Ethernet1]/config/mtu", `"1500"`, "wrong form"},
		"not an enum":             {"/interfaces/interface[name=lo]/config/loopback-mode", `"SOMETIMES"`, "wrong form"},
		"pattern":                 {"/system/config/hostname", `"bad host"`, "pattern"},
		"leafref to nothing":      {"/network-instances/network-instance[name=default]/interfaces/interface[id=e1]/config/interface", `"Ethernet77"`, "points at nothing"},
		"key against its path":    {"/interfaces/interface[name=Ethernet1]", `{"name":"Ethernet2"}`, `the key "name" is "Ethernet2"`},
		"config against its path": {"/interfaces/interface[name=Ethernet1]/config/name", `"Ethernet2"`, "points at nothing"},
		"below a leaf":            {"/system/config/hostname/x", `"a"`, "nothing below"},
		"object for a leaf":       {"/system/config/hostname", `{}`, "wrong form"},
		"leaf for a container":    {"/system/config", `1`, "must be an object"},
		"broken JSON":             {"/system/config", `{"a":`, "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			e := NewTree(schema(t)).Edit()
			err := e.Update(at(tc.path), ietf(tc.value))
			if err == nil {
				err = e.Tree().Validate()
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestTwoSpellingsOfAnIdentityAreOneEntry(t *testing.T) {
	base := "/network-instances/network-instance[name=default]/protocols/protocol"
	tree := update(t, NewTree(schema(t)), base+"[identifier=openconfig-policy-types:BGP][name=BGP]/bgp/global/config/as", `65001`)
	tree = update(t, tree, base+"[identifier=BGP][name=BGP]/bgp/global/config/router-id", `"10.1.0.1"`)
	n := 0
	tree.Find(at(base), func(Path, *Node) { n++ })
	if n != 1 {
		t.Errorf("got %d protocols, want 1", n)
	}
}

func TestTwoSpellingsOfANumberAreOneEntry(t *testing.T) {
	base := "/interfaces/interface[name=Ethernet1]/subinterfaces/subinterface"
	tree := update(t, NewTree(schema(t)), base+"[index=007]/config/description", `"x"`)
	tree = update(t, tree, base+"[index=7]/config/enabled", `true`)
	n := 0
	tree.Find(at(base+"[index=+7]"), func(Path, *Node) { n++ })
	tree.Find(at(base), func(Path, *Node) { n++ })
	if n != 1 { // "+7" is no uint32
		t.Errorf("got %d, want 1", n)
	}
	if got := string(tree.MarshalConfig()); !strings.Contains(got, `"index":7`) {
		t.Errorf("got %s", got)
	}
}

func TestDeleteCutsReferences(t *testing.T) {
	tree := update(t, NewTree(schema(t)), "/interfaces/interface[name=Ethernet1]/config/mtu", `9214`)
	tree = update(t, tree, "/network-instances/network-instance[name=default]/interfaces/interface[id=e1]/config/interface", `"Ethernet1"`)
	e := tree.Edit()
	if err := e.Delete(at("/interfaces/interface[name=Ethernet1]")); err != nil {
		t.Fatal(err)
	}
	if err := e.Tree().Validate(); err == nil || !strings.Contains(err.Error(), "points at nothing") {
		t.Errorf("got %v, want the broken reference", err)
	}
	if err := tree.Validate(); err != nil {
		t.Errorf("the old tree changed: %v", err)
	}
}

func TestUserOrder(t *testing.T) {
	path := "/routing-policy/policy-definitions/policy-definition[name=p]/statements"
	tree := update(t, NewTree(schema(t)), path, `{"statement":[{"name":"b"},{"name":"a"},{"name":"c"}]}`)
	order := func(tree *Tree) (out []string) {
		tree.Find(at(path+"/statement"), func(p Path, _ *Node) { out = append(out, p[len(p)-1].Key("name")) })
		return out
	}
	if diff := cmp.Diff([]string{"b", "a", "c"}, order(tree)); diff != "" {
		t.Error(diff)
	}
	e := tree.Edit()
	if err := e.Replace(at(path), ietf(`{"statement":[{"name":"a"},{"name":"b"},{"name":"c"}]}`)); err != nil {
		t.Fatal(err)
	}
	moved := e.Tree()
	if diff := cmp.Diff([]string{"a", "b", "c"}, order(moved)); diff != "" {
		t.Error(diff)
	}
	var deletes int
	for _, c := range Diff(tree, moved, nil) {
		if c.Leaf == nil {
			deletes++
		}
	}
	if deletes != 3 {
		t.Errorf("a new order deletes %d entries, want all 3 told anew", deletes)
	}
}

func TestDiffFollowsThePattern(t *testing.T) {
	before := update(t, NewTree(schema(t)), "/interfaces/interface[name=Ethernet1]/config/description", `"one"`)
	before = update(t, before, "/interfaces/interface[name=Ethernet2]/config/description", `"two"`)
	e := before.Edit()
	if err := e.Delete(at("/interfaces/interface[name=Ethernet2]")); err != nil {
		t.Fatal(err)
	}
	after := update(t, e.Tree(), "/interfaces/interface[name=Ethernet1]/config/description", `"uno"`)
	for pattern, want := range map[string][]string{
		"/":                     {"- /interfaces/interface[name=Ethernet2]", "/interfaces/interface[name=Ethernet1]/config/description"},
		"/interfaces/interface": {"- /interfaces/interface[name=Ethernet2]", "/interfaces/interface[name=Ethernet1]/config/description"},
		"/interfaces/interface[name=*]/config/description": {"- /interfaces/interface[name=Ethernet2]/config/description", "/interfaces/interface[name=Ethernet1]/config/description"},
		"/interfaces/interface[name=Ethernet1]":            {"/interfaces/interface[name=Ethernet1]/config/description"},
		"/.../description":                                 {"- /interfaces/interface[name=Ethernet2]/config/description", "/interfaces/interface[name=Ethernet1]/config/description"},
		"/system":                                          nil,
	} {
		var got []string
		for _, c := range Diff(before, after, at(pattern)) {
			if c.Leaf == nil {
				got = append(got, "- "+c.Path.String())
			} else {
				got = append(got, c.Path.String())
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", pattern, diff)
		}
	}
}

func TestMirrorAndFilters(t *testing.T) {
	tree := update(t, NewTree(schema(t)), "/interfaces/interface[name=Ethernet1]/config/mtu", `9214`).Mirror()
	e := tree.Edit()
	e.SetState(at("/interfaces/interface[name=Ethernet1]/state/oper-status"), "", Enum("UP"))
	e.SetState(at("/interfaces/interface[name=Ethernet2]/state/oper-status"), "", Enum("DOWN"))
	tree = e.StateTree()
	enc := Encoding{Kind: gpb.Encoding_JSON}
	for filter, want := range map[Filter]string{
		gpb.GetRequest_CONFIG:      `{"interfaces":{"interface":[{"config":{"mtu":9214,"name":"Ethernet1"},"name":"Ethernet1"}]}}`,
		gpb.GetRequest_STATE:       `{"interfaces":{"interface":[{"name":"Ethernet1","state":{"mtu":9214,"name":"Ethernet1","oper-status":"UP"}},{"name":"Ethernet2","state":{"oper-status":"DOWN"}}]}}`,
		gpb.GetRequest_OPERATIONAL: `{"interfaces":{"interface":[{"name":"Ethernet1","state":{"oper-status":"UP"}},{"name":"Ethernet2","state":{"oper-status":"DOWN"}}]}}`,
	} {
		if got := string(tree.Root.JSON(enc, filter)); got != want {
			t.Errorf("%v:\ngot  %s\nwant %s", filter, got, want)
		}
	}
}

// The incremental judgement must not be laxer than ytypes' own of the whole tree.
func TestYtypesAcceptsTheWhole(t *testing.T) {
	tree := big(t, 20)
	var object any
	if err := json.Unmarshal(tree.MarshalConfig(), &object); err != nil {
		t.Fatal(err)
	}
	device := &oc.Device{}
	if err := oc.Unmarshal(tree.MarshalConfig(), device); err != nil {
		t.Fatal(err)
	}
	if err := ygot.ValidateGoStruct(device); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(schema(t), tree.MarshalConfig())
	if err != nil {
		t.Fatal(err)
	}
	if changes := Diff(tree, loaded, nil); len(changes) > 0 {
		t.Errorf("written and read again, %d changes", len(changes))
	}
}

// big makes a configuration with n interfaces and as many neighbors.
func big(t testing.TB, n int) *Tree {
	e := NewTree(schema(t)).Edit()
	set := func(path, value string) {
		if err := e.Update(at(path), ietf(value)); err != nil {
			t.Fatal(err)
		}
	}
	bgp := "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp"
	set(bgp+"/global/config/as", `65001`)
	set("/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/config/identifier", `"openconfig-policy-types:BGP"`)
	for i := range n {
		port := fmt.Sprintf("/interfaces/interface[name=Ethernet%d]", i)
		set(port, fmt.Sprintf(`{"config":{"name":"Ethernet%d","mtu":9214,"description":"d","enabled":true,"type":"iana-if-type:ethernetCsmacd"},
			"subinterfaces":{"subinterface":[{"index":0,"config":{"index":0},"openconfig-if-ip:ipv4":{"config":{"enabled":true},
			"addresses":{"address":[{"ip":"10.0.%d.0","config":{"ip":"10.0.%d.0","prefix-length":31}}]}}}]}}`, i, i%250, i%250))
		set(fmt.Sprintf("/network-instances/network-instance[name=default]/interfaces/interface[id=Ethernet%d]/config/interface", i), fmt.Sprintf(`"Ethernet%d"`, i))
		neighbor := fmt.Sprintf(bgp+"/neighbors/neighbor[neighbor-address=10.0.%d.1]", i)
		set(neighbor, `{"config":{"peer-as":65100,"enabled":true},"afi-safis":{"afi-safi":[{"afi-safi-name":"openconfig-bgp-types:IPV4_UNICAST","config":{"enabled":true}}]}}`)
	}
	tree := e.Tree()
	if err := tree.Validate(); err != nil {
		t.Fatal(err)
	}
	return tree
}

func BenchmarkValidateWhole(b *testing.B) {
	for b.Loop() {
		big(b, 150)
	}
}

func BenchmarkOneLeaf(b *testing.B) {
	tree := big(b, 150)
	leaves := 0
	tree.Root.Leaves(nil, gpb.GetRequest_ALL, func(Path, *Node) { leaves++ })
	b.ReportMetric(float64(leaves), "leaves")
	for b.Loop() {
		next := update(b, tree, "/interfaces/interface[name=Ethernet7]/config/description", `"x"`)
		next.Mirror()
	}
}
