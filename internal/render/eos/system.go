package eos

import (
	"cmp"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// system is a device's System, and the device itself for what every device gets.
type system struct {
	fabric.System
	Device fabric.Text
}

func systemPath(elems ...path.Elem) path.Path {
	return root(append([]path.Elem{dialect.Elem("system")}, elems...)...)
}

func renderSystem(w *dialect.Writer, _ dialect.Namer, s system) {
	for _, t := range []struct {
		names string
		text  fabric.Text
	}{
		{"config/hostname", s.Hostname},
		{"config/domain-name", s.Domain},
		{"config/login-banner", s.Login},
		{"config/motd-banner", s.MOTD},
		{"clock/config/timezone-name", s.Timezone},
	} {
		if t.text.Value != "" {
			put(w, t.text.Source, systemPath(), leaf{t.names, t.text.Value})
		}
	}
	put(w, s.Device.Source, root(dialect.Elem("lldp")), leaf{"config/enabled", true})
	renderNTP(w, s.NTP)
	renderDNS(w, s)
	for _, l := range s.Syslog {
		renderSyslog(w, l)
	}
}

func renderNTP(w *dialect.Writer, servers []fabric.Server) {
	at := systemPath(dialect.Elem("ntp"))
	if len(servers) > 0 {
		put(w, servers[0].Source, at, leaf{"config/enabled", true})
	}
	for _, s := range servers {
		leaves := append(some("config/network-instance", s.VRF), some("config/prefer", s.Prefer)...)
		put(w, s.Source, dialect.Below(at, dialect.Elem("servers"), dialect.Elem("server", "address", s.Address)), leaves...)
	}
}

// renderDNS writes the servers, which EOS asks through one network instance all.
func renderDNS(w *dialect.Writer, s system) {
	at := systemPath(dialect.Elem("dns"))
	if len(s.Search) > 0 {
		var list []string
		for _, t := range s.Search {
			list = append(list, t.Value)
		}
		put(w, s.Search[0].Source, at, leaf{"config/search", values(list)})
	}
	var order []path.Elem
	for _, d := range s.DNS {
		switch first := s.DNS[0]; {
		case d.VRF != first.VRF:
			w.Gap(d.Source, at, "EOS asks all DNS servers through one network instance: %s is asked through that of %s", d.Address, first.Address)
		case d.VRF != "":
			put(w, d.Source, at, leaf{"config/network-instance", d.VRF})
		}
		entry := dialect.Elem("server", "address", d.Address)
		put(w, d.Source, dialect.Below(at, dialect.Elem("servers"), entry))
		order = append(order, entry)
	}
	if len(order) > 0 {
		w.Order(s.DNS[0].Source, dialect.Below(at, dialect.Elem("servers"), dialect.Elem("server")), order)
	}
}

func renderSyslog(w *dialect.Writer, l fabric.Syslog) {
	at := systemPath(dialect.Elem("logging"), dialect.Elem("remote-servers"), dialect.Elem("remote-server", "host", l.Address))
	put(w, l.Source, at, append(some("config/network-instance", l.VRF), some("config/remote-port", l.Port)...)...)
	facility, severity := cmp.Or(strings.ToUpper(l.Facility), "ALL"), cmp.Or(strings.ToUpper(l.Severity), "INFORMATIONAL")
	put(w, l.Source, dialect.Below(at, dialect.Elem("selectors"), dialect.Elem("selector", "facility", facility, "severity", severity)))
}
