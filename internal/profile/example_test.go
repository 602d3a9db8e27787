package profile_test

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/profile"
)

func ExampleLoad() {
	set, err := profile.Load(nil) // or a directory: os.DirFS("/etc/tenter/profiles")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := set.Get("openconfig-sim")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Names.EthernetName(49), p.Watch.First, p.Save.Command)
	// Output: Ethernet49 on_change copy running-config startup-config
}
