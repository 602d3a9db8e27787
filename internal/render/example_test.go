package render_test

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

func ExampleCompiler() {
	profiles, err := profile.Load(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := render.NewCompiler(render.Options{
		Roots:    profiles.Models(schemas.Named).Roots,
		Profiles: profiles,
	})
	results, diags := c.Compile(&fabric.Fabric{Devices: []*fabric.Device{{
		Name:   "leaf1",
		Access: fabric.Access{Dialect: "openconfig", Profile: "openconfig"},
		Interfaces: []fabric.Interface{{
			ID: fabric.InterfaceID{Kind: fabric.Ethernet, Number: 5}, Enabled: true, Description: "server-a",
			Source: tree.Source{File: "ports.yaml", Line: 7, Column: 1, Kind: "Port", Name: "server-a"},
		}},
	}}})
	fmt.Print(diags.Text())
	for l := range results[0].Desired.All() {
		if s := c.Sources().Get(l.Source); s.Kind == "Port" {
			fmt.Printf("%s = %s (%s:%d)\n", l.Path, l.Value.Text(), s.File, s.Line)
		}
	}
	// Output:
	// /interfaces/interface[name=Ethernet5]/config/description = server-a (ports.yaml:7)
	// /interfaces/interface[name=Ethernet5]/config/enabled = true (ports.yaml:7)
	// /interfaces/interface[name=Ethernet5]/config/name = Ethernet5 (ports.yaml:7)
	// /interfaces/interface[name=Ethernet5]/config/type = iana-if-type:ethernetCsmacd (ports.yaml:7)
}
