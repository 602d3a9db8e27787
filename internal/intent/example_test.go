package intent_test

import (
	"fmt"
	"testing/fstest"

	"github.com/tenter-net/tenter/internal/intent"
)

func ExampleLoad() {
	_, problems := intent.Load(fstest.MapFS{"vlans.yaml": {Data: []byte(`apiVersion: tenter/v1
kind: Vlan
metadata: {name: web}
spec:
  id: 40
  vni: 10040
  gatway: {mode: anycast, addresses: [10.40.0.1/24]}
  devices: {labels: {role: leaf}}
`)}}, intent.Options{})
	for _, p := range problems {
		if p.Code == intent.CodeUnknownKey {
			fmt.Print(p.Text())
		}
	}
	// Output:
	// vlans.yaml:7:3: error[T0104]: unknown key "gatway" in spec of Vlan
	//   7 |   gatway: {mode: anycast, addresses: [10.40.0.1/24]}
	//     |   ^^^^^^
	//   hint: did you mean "gateway"?
}
