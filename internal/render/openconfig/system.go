package openconfig

import (
	"cmp"
	"strings"

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

func renderSystem(w *Writer, _ namer, s system) {
	at := root(elem("system"))
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
			w.Put(t.text.Source, at, t.as(&t.text.Value))
		}
	}
	w.Put(s.Device.Source, root(elem("lldp")), &oc.Lldp{Enabled: ygot.Bool(true)})
	renderNTP(w, s.NTP)
	renderDNS(w, s)
	for _, l := range s.Syslog {
		renderSyslog(w, l)
	}
}

func renderNTP(w *Writer, servers []fabric.Server) {
	for i, s := range servers {
		if i == 0 {
			w.Put(s.Source, root(elem("system")), &oc.System{Ntp: &oc.System_Ntp{Enabled: ygot.Bool(true)}})
		}
		out := &oc.System_Ntp_Server{AssociationType: oc.Server_AssociationType_SERVER, NetworkInstance: text(s.VRF)}
		if s.Prefer {
			out.Prefer = ygot.Bool(true)
		}
		w.Put(s.Source, root(elem("system"), elem("ntp"), elem("servers"), elem("server", "address", s.Address)), out)
	}
}

func renderDNS(w *Writer, s system) {
	at := root(elem("system"), elem("dns"))
	if len(s.Search) > 0 {
		out := &oc.System_Dns{}
		for _, t := range s.Search {
			out.Search = append(out.Search, t.Value)
		}
		w.Put(s.Search[0].Source, at, out)
	}
	var order []path.Elem
	for _, d := range s.DNS {
		if d.VRF != "" {
			w.gap(d.Source, at, "OpenConfig has no network instance for a DNS server: %s is asked through the device's own", d.Address)
		}
		entry := elem("server", "address", d.Address)
		w.Put(d.Source, below(at, elem("servers"), entry), &oc.System_Dns_Server{})
		order = append(order, entry)
	}
	if len(order) > 0 {
		w.order(s.DNS[0].Source, below(at, elem("servers"), elem("server")), order)
	}
}

func renderSyslog(w *Writer, l fabric.Syslog) {
	at := root(elem("system"), elem("logging"), elem("remote-servers"), elem("remote-server", "host", l.Address))
	w.Put(l.Source, at, &oc.System_Logging_RemoteServer{NetworkInstance: text(l.VRF), RemotePort: positive[uint16](w, l.Source, l.Port)})
	facility, severity := cmp.Or(strings.ToUpper(l.Facility), "ALL"), cmp.Or(strings.ToUpper(l.Severity), "INFORMATIONAL")
	w.Put(l.Source, below(at, elem("selectors"), elem("selector", "facility", facility, "severity", severity)),
		&oc.System_Logging_RemoteServer_Selector{})
}
