package conf

import (
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
)

func scalar(v any) *gpb.TypedValue {
	switch v := v.(type) {
	case string:
		return &gpb.TypedValue{Value: &gpb.TypedValue_StringVal{StringVal: v}}
	case bool:
		return &gpb.TypedValue{Value: &gpb.TypedValue_BoolVal{BoolVal: v}}
	case int:
		return &gpb.TypedValue{Value: &gpb.TypedValue_IntVal{IntVal: int64(v)}}
	case uint:
		return &gpb.TypedValue{Value: &gpb.TypedValue_UintVal{UintVal: uint64(v)}}
	case []any:
		array := &gpb.ScalarArray{}
		for _, m := range v {
			array.Element = append(array.Element, scalar(m))
		}
		return &gpb.TypedValue{Value: &gpb.TypedValue_LeaflistVal{LeaflistVal: array}}
	}
	panic(v)
}

// What comes in by one form goes out by every other.
func TestFormsOfValues(t *testing.T) {
	iface := "/interfaces/interface[name=e1]"
	vlans := iface + "/ethernet/switched-vlan/config/trunk-vlans"
	for name, tc := range map[string]struct {
		path string
		in   *gpb.TypedValue
		ietf string
	}{
		"number":                  {iface + "/config/mtu", scalar(uint(9000)), `9000`},
		"signed for unsigned":     {iface + "/config/mtu", scalar(9000), `9000`},
		"boolean":                 {iface + "/config/enabled", scalar(false), `false`},
		"identity as received":    {iface + "/config/type", scalar("ethernetCsmacd"), `"ethernetCsmacd"`},
		"identity with module":    {iface + "/config/type", ietf(`"iana-if-type:ethernetCsmacd"`), `"iana-if-type:ethernetCsmacd"`},
		"union of number, string": {vlans, scalar([]any{uint(5), "7..9"}), `[5,"7..9"]`},
		"leaf-list in its order":  {vlans, ietf(`[9,5,9]`), `[9,5]`},
		"enumeration":             {iface + "/ethernet/switched-vlan/config/interface-mode", scalar("TRUNK"), `"TRUNK"`},
	} {
		t.Run(name, func(t *testing.T) {
			e := NewTree(schema(t)).Edit()
			if err := e.Update(at(tc.path), tc.in); err != nil {
				t.Fatal(err)
			}
			tree := e.Tree()
			if err := tree.Validate(); err != nil {
				t.Fatal(err)
			}
			tree.Find(at(tc.path), func(_ Path, n *Node) {
				if got := string(n.JSON(Encoding{Kind: gpb.Encoding_JSON_IETF}, gpb.GetRequest_ALL)); got != tc.ietf {
					t.Errorf("JSON_IETF: got %s, want %s", got, tc.ietf)
				}
				back := NewTree(schema(t)).Edit()
				if err := back.Update(at(tc.path), n.Value.Proto(Encoding{Kind: gpb.Encoding_PROTO})); err != nil {
					t.Fatalf("PROTO was not taken back: %v", err)
				}
				back.Tree().Find(at(tc.path), func(_ Path, m *Node) {
					if !n.Value.Equal(*m.Value) {
						t.Errorf("by PROTO %+v became %+v", n.Value, m.Value)
					}
				})
			})
		})
	}
}

func TestRFC7951Of64Bits(t *testing.T) {
	v := Uint64(1 << 60)
	for enc, want := range map[gpb.Encoding]string{gpb.Encoding_JSON_IETF: `"1152921504606846976"`, gpb.Encoding_JSON: `1152921504606846976`} {
		if got := string(marshal(v.JSON(Encoding{Kind: enc}))); got != want {
			t.Errorf("%v: got %s, want %s", enc, got, want)
		}
	}
}
