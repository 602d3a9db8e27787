// Package schemas holds the compiled YANG schemas that Tenter ships, with the locks that say what they were compiled
// from. Regenerate them with `make generate YANG_DIR=…`, from the sources that the locks name.
package schemas

import (
	_ "embed"
	"sync"

	"github.com/tenter-net/tenter/internal/schema"
)

//go:embed openconfig.schema
var openConfig []byte

//go:embed srlinux-network-instance.schema
var srLinuxNetworkInstance []byte

// OpenConfig returns the OpenConfig models of a leaf-spine fabric. It is loaded when first asked for.
var OpenConfig = loader(&openConfig)

// SRLinuxNetworkInstance returns the network-instance subtree of SR Linux's native model. It is loaded when first
// asked for.
var SRLinuxNetworkInstance = loader(&srLinuxNetworkInstance)

func loader(data *[]byte) func() *schema.Schema {
	return sync.OnceValue(func() *schema.Schema {
		s, err := schema.Load(*data)
		if err != nil {
			// The bytes are part of the program, and a test loads them.
			panic(err)
		}
		return s
	})
}
