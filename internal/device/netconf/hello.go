package netconf

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Namespaces and capabilities of RFC 6241, 6242, 6243 and 7950.
const (
	nsBase         = "urn:ietf:params:xml:ns:netconf:base:1.0"
	nsWithDefaults = "urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults"
	nsDefault      = "urn:ietf:params:xml:ns:netconf:default:1.0"
	nsNotification = "urn:ietf:params:xml:ns:netconf:notification:1.0"
	nsYANG         = "urn:ietf:params:xml:ns:yang:1"

	capBase10          = "urn:ietf:params:netconf:base:1.0"
	capBase11          = "urn:ietf:params:netconf:base:1.1"
	capPrefix          = "urn:ietf:params:netconf:capability:"
	capCandidate       = "candidate:1.0"
	capWritableRunning = "writable-running:1.0"
	capConfirmed10     = "confirmed-commit:1.0"
	capConfirmed11     = "confirmed-commit:1.1"
	capRollbackOnError = "rollback-on-error:1.0"
	capValidate10      = "validate:1.0"
	capValidate11      = "validate:1.1"
	capStartup         = "startup:1.0"
	capWithDefaults    = "with-defaults:1.0"
)

// clientHello is what we say first.
const clientHello = `<?xml version="1.0" encoding="UTF-8"?><hello xmlns="` + nsBase + `"><capabilities>` +
	`<capability>` + capBase10 + `</capability><capability>` + capBase11 + `</capability></capabilities></hello>`

// capabilities are what a device says it can do.
type capabilities struct {
	session string   // the device's number for this session
	version string   // "1.0" or "1.1": the newest that both speak
	known   []string // without the common prefix and parameters: "candidate:1.0"
	models  []module

	defaultsBasic string   // basic-mode of with-defaults
	defaultsAlso  []string // also-supported
}

// A module is a YANG module that a capability names.
type module struct{ name, namespace, revision string }

func (c *capabilities) has(name string) bool { return slices.Contains(c.known, name) }

// parseHello reads a device's hello.
func parseHello(message []byte) (*capabilities, error) {
	root, err := parse(message)
	if err != nil {
		return nil, err
	}
	if !root.is(nsBase, "hello") {
		return nil, fmt.Errorf("the device began with <%s>", root.name.Local)
	}
	c := &capabilities{session: root.word("session-id")}
	list := root.child("capabilities")
	if list == nil || c.session == "" {
		return nil, errors.New("it lacks its capabilities or its session-id (RFC 6241, section 8.1)")
	}
	for _, k := range list.kids {
		c.add(strings.TrimSpace(k.text))
	}
	if c.version == "" {
		return nil, errors.New("the device speaks neither NETCONF 1.0 nor 1.1")
	}
	return c, nil
}

func (c *capabilities) add(uri string) {
	base, query, _ := strings.Cut(uri, "?")
	params, err := url.ParseQuery(strings.ReplaceAll(query, ";", "&"))
	if err != nil {
		params = nil // what it can do is said all the same
	}
	switch name, standard := strings.CutPrefix(base, capPrefix); {
	case base == capBase11:
		c.version = "1.1"
	case base == capBase10 && c.version == "":
		c.version = "1.0"
	case standard:
		c.known = append(c.known, name)
		if name == capWithDefaults {
			c.defaultsBasic = params.Get("basic-mode")
			c.defaultsAlso = strings.Split(params.Get("also-supported"), ",")
		}
	case params.Get("module") != "":
		c.models = append(c.models, module{name: params.Get("module"), namespace: base, revision: params.Get("revision")})
	}
}
