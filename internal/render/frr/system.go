package frr

import (
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// renderSystem sends FRR's log to the host's, at the level that intents want of the first log server. Everything else is
// the host's, also the name: vtysh shows the host's whatever it is told.
func renderSystem(w *dialect.Writer, _ dialect.Namer, s fabric.System) {
	for _, t := range []struct {
		what string
		fabric.Text
	}{
		{"the domain", s.Domain},
		{"the banner before login", s.Login},
		{"the banner after login", s.MOTD},
		{"the time zone", s.Timezone},
	} {
		if t.Value != "" {
			gap(w, t.Source, "%s is the host's: %q", t.what, t.Value)
		}
	}
	for _, t := range s.Search {
		gap(w, t.Source, "DNS is the host's: search domain %q", t.Value)
	}
	for _, x := range s.DNS {
		gap(w, x.Source, "DNS is the host's: server %s, network instance %q", x.Address, x.VRF)
	}
	for _, x := range s.NTP {
		gap(w, x.Source, "NTP is the host's: server %s, preferred %v, network instance %q", x.Address, x.Prefer, x.VRF)
	}
	for i, l := range s.Syslog {
		gap(w, l.Source, "sending the log on is the host's: to %s port %d, facility %s, severity %s, network instance %q", l.Address, l.Port, l.Facility, l.Severity, l.VRF)
		if i == 0 {
			put(w, l.Source, "log syslog "+severity(l.Severity))
			put(w, l.Source, "log facility "+l.Facility)
		}
	}
}

// severity returns FRR's word for one of RFC 5424 §6.2.1.
func severity(s string) string {
	if word, ok := map[string]string{
		"emergency": "emergencies", "alert": "alerts", "error": "errors", "warning": "warnings", "notice": "notifications", "debug": "debugging",
	}[s]; ok {
		return word
	}
	return s // critical, informational
}
