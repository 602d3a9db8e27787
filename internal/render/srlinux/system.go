package srlinux

import (
	"cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// system is a device's System, the device itself for what every device gets, and the network instance that servers are
// reached through unless the intents say another.
type system struct {
	fabric.System
	Device     fabric.Text
	Management string
}

func systemPath(elems ...path.Elem) path.Path {
	return dialect.Below(root(dialect.Elem("system")), elems...)
}

func renderSystem(w *dialect.Writer, _ dialect.Namer, s system) {
	for _, t := range []struct {
		text  fabric.Text
		names string
	}{
		{s.Hostname, "name/host-name"},
		{s.Domain, "name/domain-name"},
		{s.Login, "banner/login-banner"},
		{s.MOTD, "banner/motd-banner"},
		{s.Timezone, "clock/timezone"},
	} {
		if t.text.Value != "" {
			put(w, t.text.Source, systemPath(), leaf{t.names, t.text.Value})
		}
	}
	put(w, s.Device.Source, systemPath(dialect.Elem("lldp")), leaf{"admin-state", "enable"})
	renderNTP(w, s)
	renderDNS(w, s)
	renderSyslog(w, s)
}

// instance returns the network instance of a client, which has one for all of its servers.
func instance(w *dialect.Writer, s system, at path.Path, servers []fabric.Server) leaf {
	first := cmp.Or(servers[0].VRF, s.Management)
	for _, other := range servers[1:] {
		if name := cmp.Or(other.VRF, s.Management); name != first {
			w.Gap(other.Source, at, "SR Linux asks all servers through one network instance: %s through %s and not through %s", other.Address, first, name)
		}
	}
	return leaf{"network-instance", first}
}

func renderNTP(w *dialect.Writer, s system) {
	if len(s.NTP) == 0 {
		return
	}
	at := systemPath(dialect.Elem("ntp"))
	put(w, s.NTP[0].Source, at, leaf{"admin-state", "enable"}, instance(w, s, at, s.NTP))
	for _, server := range s.NTP {
		put(w, server.Source, dialect.Below(at, dialect.Elem("server", "address", server.Address)), some("prefer", server.Prefer)...)
	}
}

// mostDNS is how many DNS servers the model has room for.
const mostDNS = 3

func renderDNS(w *dialect.Writer, s system) {
	at := systemPath(dialect.Elem("dns"))
	switch {
	case len(s.DNS) > 0:
		put(w, s.DNS[0].Source, at, instance(w, s, at, s.DNS), leaf{"server-list", nameservers(w, s, at)})
	case len(s.Search) > 0:
		put(w, s.Search[0].Source, at, leaf{"network-instance", s.Management}) // mandatory beside anything else
	default:
		return
	}
	if len(s.Search) > 0 {
		var list []any
		for _, t := range s.Search {
			list = append(list, t.Value)
		}
		more(w, s.Search[0].Source, at, leaf{"search-list", list})
	}
}

func nameservers(w *dialect.Writer, s system, at path.Path) []any {
	var list []any
	for _, d := range s.DNS {
		if len(list) == mostDNS {
			w.Gap(d.Source, at, "SR Linux has room for %d DNS servers: %s is left out", mostDNS, d.Address)
			continue
		}
		list = append(list, d.Address)
	}
	return list
}

// facilities are the facilities whose names in intents are not SR Linux's (RFC 5424 §6.2.1).
var facilities = map[string]string{"": "local7", "kernel": "kern", "system": "daemon", "security": "auth"}

func facility(l fabric.Syslog) string {
	if name, ok := facilities[l.Facility]; ok {
		return name
	}
	return l.Facility
}

// renderSyslog sends what the device's own applications log. All of them log under one facility, so that is the one of
// the first server, and servers that want another get nothing.
func renderSyslog(w *dialect.Writer, s system) {
	if len(s.Syslog) == 0 {
		return
	}
	at := systemPath(dialect.Elem("logging"))
	first := facility(s.Syslog[0])
	var servers []fabric.Server
	for _, l := range s.Syslog {
		if name := facility(l); name != first {
			w.Gap(l.Source, at, "SR Linux logs under one facility, here %s: %s gets nothing of %s", first, l.Address, name)
		}
		servers = append(servers, fabric.Server{Address: l.Address, Source: l.Source, VRF: l.VRF})
		renderLogServer(w, dialect.Below(at, dialect.Elem("remote-server", "host", l.Address)), l)
	}
	put(w, s.Syslog[0].Source, at, leaf{"subsystem-facility", first}, instance(w, s, at, servers))
}

func renderLogServer(w *dialect.Writer, at path.Path, l fabric.Syslog) {
	put(w, l.Source, at, append([]leaf{{"transport", "udp"}}, some("remote-port", l.Port)...)...)
	put(w, l.Source, dialect.Below(at, dialect.Elem("facility", "facility-name", facility(l))),
		leaf{"priority/match-above", cmp.Or(l.Severity, "informational")})
}
