package openconfig

import (
	"cmp"
	"strings"

	"github.com/tenter-net/tenter/internal/render/dialect"

	"github.com/openconfig/ygot/ygot"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/openconfig/oc"
)

// system is a device's System, and the device itself for what every device gets.
type system struct {
	fabric.System
	Device fabric.Text
}

func renderSystem(w *dialect.Writer, _ dialect.Namer, s system) {
	at := root(dialect.Elem("system"))
	for _, t := range []struct {
		text fabric.Text
		as   func(*string) ygot.GoStruct
	}{
		{s.Hostname, func(v *string) ygot.GoStruct { return &oc.System{Hostname: v} }},
		{s.Domain, func(v *string) ygot.GoStruct { return &oc.System{DomainName: v} }},
		{s.Login, func(v *string) ygot.GoStruct { return &oc.System{LoginBanner: v} }},
		{s.MOTD, func(v *string) ygot.GoStruct { return &oc.System{MotdBanner: v} }},
		{s.Timezone, func(v *string) ygot.GoStruct { return &oc.System{Clock: &oc.System_Clock{TimezoneName: v}} }},
	} {
		if t.text.Value != "" {
			put(w, t.text.Source, at, t.as(&t.text.Value))
		}
	}
	put(w, s.Device.Source, root(dialect.Elem("lldp")), &oc.Lldp{Enabled: ygot.Bool(true)})
	renderNTP(w, s.NTP)
	renderDNS(w, s)
	for _, l := range s.Syslog {
		renderSyslog(w, l)
	}
}

func renderNTP(w *dialect.Writer, servers []fabric.Server) {
	for i, s := range servers {
		if i == 0 {
			put(w, s.Source, root(dialect.Elem("system")), &oc.System{Ntp: &oc.System_Ntp{Enabled: ygot.Bool(true)}})
		}
		out := &oc.System_Ntp_Server{AssociationType: oc.Server_AssociationType_SERVER, NetworkInstance: text(s.VRF)}
		if s.Prefer {
			out.Prefer = ygot.Bool(true)
		}
		put(w, s.Source, root(dialect.Elem("system"), dialect.Elem("ntp"), dialect.Elem("servers"), dialect.Elem("server", "address", s.Address)), out)
	}
}

func renderDNS(w *dialect.Writer, s system) {
	at := root(dialect.Elem("system"), dialect.Elem("dns"))
	if len(s.Search) > 0 {
		out := &oc.System_Dns{}
		for _, t := range s.Search {
			out.Search = append(out.Search, t.Value)
		}
		put(w, s.Search[0].Source, at, out)
	}
	var order []path.Elem
	for _, d := range s.DNS {
		if d.VRF != "" {
			w.Gap(d.Source, at, "OpenConfig has no network instance for a DNS server: %s is asked through the device's own", d.Address)
		}
		entry := dialect.Elem("server", "address", d.Address)
		put(w, d.Source, dialect.Below(at, dialect.Elem("servers"), entry), &oc.System_Dns_Server{})
		order = append(order, entry)
	}
	if len(order) > 0 {
		w.Order(s.DNS[0].Source, dialect.Below(at, dialect.Elem("servers"), dialect.Elem("server")), order)
	}
}

func renderSyslog(w *dialect.Writer, l fabric.Syslog) {
	at := root(dialect.Elem("system"), dialect.Elem("logging"), dialect.Elem("remote-servers"), dialect.Elem("remote-server", "host", l.Address))
	put(w, l.Source, at, &oc.System_Logging_RemoteServer{NetworkInstance: text(l.VRF), RemotePort: positive[uint16](w, l.Source, l.Port)})
	facility, severity := cmp.Or(strings.ToUpper(l.Facility), "ALL"), cmp.Or(strings.ToUpper(l.Severity), "INFORMATIONAL")
	put(w, l.Source, dialect.Below(at, dialect.Elem("selectors"), dialect.Elem("selector", "facility", facility, "severity", severity)),
		&oc.System_Logging_RemoteServer_Selector{})
}
