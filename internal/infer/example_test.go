package infer_test

import (
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/infer"
)

func ExampleClab() {
	files, err := infer.Clab([]byte(`
name: small
topology:
  nodes:
    spine1: {kind: arista_ceos, mgmt-ipv4: 172.20.20.11}
    leaf1: {kind: nokia_srlinux, mgmt-ipv4: 172.20.20.21}
  links:
    - endpoints: ["spine1:eth1", "leaf1:e1-49"]
`), "small.clab.yml")
	if err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(string(files["devices.yaml"])) {
		if strings.HasPrefix(line, "spec:") {
			fmt.Print(line)
		}
	}
	// Output:
	// spec: {id: 1, dialect: eos, profile: eos, address: "172.20.20.11:6030", credentials: lab, tls: lab}
	// spec: {id: 1, dialect: srlinux, profile: srlinux, address: "172.20.20.21:57400", credentials: lab, tls: lab}
}
