package netconf_test

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/netconf"
	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// A device is reached only with something that says whose host key to trust.
func Example() {
	profiles, err := profile.Load(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	junos, err := profiles.Get("junos")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = netconf.Dial(context.Background(), netconf.Config{
		Name: "leaf1", Address: "127.0.0.1:1", Trust: ssh.Trust{}, Profile: junos,
		Table: tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"openconfig": schemas.OpenConfig()})), Log: zap.NewNop(),
	})
	fmt.Println(err)
	// Output:
	// device "leaf1" at 127.0.0.1:1: connect: not connected: host key not trusted: no SSH settings say whose to take: name a known_hosts file or a host_key_sha256; check the ssh entry in Tenter's settings against what the device's console shows
}
