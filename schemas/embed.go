// Package schemas holds the compiled YANG schemas that Tenter ships, with the locks that say what they were compiled
// from, and the JSON Schemas and examples of its events. Regenerate them with `make generate YANG_DIR=…`, from the
// sources that the locks name.
package schemas

import (
	"embed"
	"path"
	"sync"

	"github.com/tenter-net/tenter/internal/schema"
)

//go:embed openconfig.schema
var openConfig []byte

//go:embed srlinux.schema
var srLinux []byte

//go:embed eos.schema
var eos []byte

//go:embed cli.schema
var cli []byte

// OpenConfig returns the OpenConfig models of a leaf-spine fabric. It is loaded when first asked for.
var OpenConfig = loader(&openConfig)

// SRLinux returns SR Linux's native models, all configuration of a 7220 IXR switch. It is loaded when first asked for.
var SRLinux = loader(&srLinux)

// EOS returns the one tree that Arista EOS publishes: OpenConfig with its deviations, and /arista. It is loaded when
// first asked for.
var EOS = loader(&eos)

// CLI returns the model of configuration text as leaves, schemas/yang/tenter-cli.yang.
var CLI = loader(&cli)

// Named returns the schema of a name that profiles use.
func Named(name string) (*schema.Schema, bool) {
	load, ok := byName[name]
	if !ok {
		return nil, false
	}
	return load(), true
}

var byName = map[string]func() *schema.Schema{"openconfig": OpenConfig, "srlinux": SRLinux, "eos": EOS, "cli": CLI}

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

//go:embed event
var events embed.FS

// EventSchema returns the JSON Schema of a whole event of the type; ok is false when there is no such type.
func EventSchema(typ string) (schema []byte, ok bool) { return eventFile(typ + ".json") }

// EventExample returns an event of the type as it travels; ok is false when there is no such type.
func EventExample(typ string) (example []byte, ok bool) {
	return eventFile("examples/" + typ + ".json")
}

// AsyncAPI returns the AsyncAPI document of all events and the streams that they travel on.
func AsyncAPI() []byte {
	doc, _ := eventFile("asyncapi.json") // it is part of the program, and a test reads it
	return doc
}

func eventFile(name string) ([]byte, bool) {
	data, err := events.ReadFile(path.Join("event", name))
	return data, err == nil
}
