package app

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
)

// codeTransport is of a device that cannot be reached over the transport of its profile.
const codeTransport intent.Code = "T0705"

// unreachable are the devices that name no settings for the transport of their profile: neither does the address book.
func (c *compiler) unreachable(out *Compiled) intent.Diagnostics {
	var all intent.Diagnostics
	for _, d := range out.Fabric.Devices {
		t := out.targets[d.Name]
		access, key := c.book(d), "ssh"
		named := access.SSH
		if t.profile.Transport == profile.TransportGNMI {
			key, named = "tls", access.TLS
		}
		if named != "" {
			continue
		}
		all = append(all, intent.Diagnostic{
			Severity: intent.SeverityError, Code: codeTransport, About: "the device names no settings for the transport of its profile",
			File: d.Source.File, Line: d.Source.Line, Column: d.Source.Column,
			Message: fmt.Sprintf("device %q: profile %q speaks %s, and the document has no %s: NAME", d.Name, t.profile.Name, t.profile.Transport, key),
		})
	}
	return all
}
