package conf

import (
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
)

// Whatever a client sends is refused, or becomes a configuration that is written and read again unchanged.
func FuzzUpdate(f *testing.F) {
	for _, seed := range [][2]string{
		{"/system/config", `{"hostname":"a"}`},
		{"/interfaces/interface[name=e1]/config", `{"mtu":1500,"type":"iana-if-type:ethernetCsmacd"}`},
		{"/interfaces", `{"interface":[{"name":"e1","config":{"name":"e1"}}]}`},
		{"/interfaces/interface[name=e1]/ethernet/switched-vlan/config", `{"trunk-vlans":[1,"2..3"]}`},
		{"/", `{"openconfig-system:system":{"config":{"hostname":"b"}}}`},
		{"/system/config/hostname", `null`},
		{"/interfaces/interface[name=e]/subinterfaces/subinterface[index=00]/config/index", `0`},
		{"/interfaces", `{"interface":[{}]}`},
		{"/interfaces/interface", `[]`},
	} {
		f.Add(seed[0], []byte(seed[1]))
	}
	s, err := OpenConfig()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string, value []byte) {
		e := NewTree(s).Edit()
		val := &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: value}}
		if e.Update(at(path), val) != nil {
			return
		}
		tree := e.Tree()
		if tree.Validate() != nil {
			return
		}
		again, err := Load(s, tree.MarshalConfig())
		if err != nil {
			t.Fatalf("%s: %v", tree.MarshalConfig(), err)
		}
		for _, c := range Diff(tree, again, nil) {
			t.Errorf("read again, %s is different in %s", c.Path, tree.MarshalConfig())
		}
	})
}

// Whatever is set on a device with its vendor's tree, what it accepts it saves and loads again.
func FuzzNative(f *testing.F) {
	f.Add(true, `{"interface":[{"name":"ethernet-1/1","mtu":9232,"subinterface":[{"index":0,"vlan":{"encap":{"untagged":{}}}}]}]}`)
	f.Add(true, `{"srl_nokia-network-instance:network-instance":[{"name":"default","protocols":{"bgp":{"autonomous-system":1,"router-id":"10.0.0.1"}}}]}`)
	f.Add(false, `{"interfaces":{"interface":[{"name":"Ethernet1","config":{"name":"Ethernet1","type":"ethernetCsmacd","tpid":"TPID_0X8100"}}]}}`)
	f.Add(false, `{"arista":{"eos":{"evpn":{"evpn-instances":{"evpn-instance":[{"name":"40","config":{"name":"40","redistribute":["LEARNED"]}}]}}}}}`)
	f.Fuzz(func(t *testing.T, srl bool, config string) {
		d := DialectEOS
		if srl {
			d = DialectSRLinux
		}
		schema := nativeSchema(t, d)
		e := NewTree(schema).Edit()
		if e.Update(nil, ietf(config)) != nil {
			return
		}
		tree := e.Tree()
		if tree.Validate() != nil {
			return
		}
		again, err := Load(schema, tree.MarshalConfig())
		if err != nil {
			t.Fatalf("%v in %s", err, tree.MarshalConfig())
		}
		if changes := Diff(tree, again, nil); len(changes) > 0 {
			t.Errorf("%d changes, the first at %v, in %s", len(changes), changes[0].Path, tree.MarshalConfig())
		}
	})
}
