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
