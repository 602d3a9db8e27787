package srlinux_test

import (
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/render/srlinux"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

func ExampleItems() {
	d := &fabric.Device{Name: "leaf1", MacVRFs: []fabric.MacVRF{{
		Name: "web", VLAN: 40, VNI: 10040, EVI: 40, Import: []string{"65000:10040"}, Export: []string{"65000:10040"},
	}}}
	w := dialect.NewWriter(tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"srl_nokia": schemas.SRLinux()})), nil)
	for _, i := range srlinux.Items(d, profile.Names{VLAN: "irb0.{number}", DefaultInstance: "default"}) {
		if i.Key == "mac-vrf/40" {
			i.Render(w)
		}
	}
	for _, l := range w.Leaves {
		if p := l.Path().String(); strings.HasSuffix(p, "/vni") || strings.HasSuffix(p, "-rt") {
			fmt.Println(p, "=", l.Value.Text())
		}
	}
	// Output:
	// srl_nokia:/tunnel-interface[name=vxlan1]/vxlan-interface[index=10040]/ingress/vni = 10040
	// srl_nokia:/network-instance[name=mac-vrf-web]/protocols/bgp-vpn/bgp-instance[id=1]/route-target/import-rt = target:65000:10040
	// srl_nokia:/network-instance[name=mac-vrf-web]/protocols/bgp-vpn/bgp-instance[id=1]/route-target/export-rt = target:65000:10040
}
