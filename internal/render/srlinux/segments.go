package srlinux

import (
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// longestSegment is the longest name that the model has for an Ethernet segment.
const longestSegment = 32

var (
	systemInstance = root(dialect.Elem("system"), dialect.Elem("network-instance"))
	systemVPN      = dialect.Below(systemInstance, dialect.Elem("protocols"), dialect.Elem("bgp-vpn"))
	systemEVPN     = dialect.Below(systemInstance, dialect.Elem("protocols"), dialect.Elem("evpn"))
	segments       = dialect.Below(systemEVPN, dialect.Elem("ethernet-segments"))
	firstInstance  = dialect.Elem("bgp-instance", "id", "1")
)

// renderSegments makes the instance that announces all Ethernet segments.
func renderSegments(w *dialect.Writer, _ dialect.Namer, device fabric.Text) {
	for _, at := range []path.Path{
		systemInstance, systemVPN, dialect.Below(systemVPN, firstInstance), systemEVPN, segments, dialect.Below(segments, firstInstance),
	} {
		put(w, device.Source, at)
	}
}

func renderSegment(w *dialect.Writer, n dialect.Namer, es fabric.EthernetSegment) {
	mode, lag, name := "single-active", n.Interface(es.Interface), es.Name
	if es.AllActive {
		mode = "all-active"
	}
	if len(name) > longestSegment {
		name = lag
	}
	at := dialect.Below(segments, firstInstance, dialect.Elem("ethernet-segment", "name", name))
	put(w, es.Source, at, leaf{"admin-state", "enable"}, leaf{"esi", es.ESI}, leaf{"multi-homing-mode", mode})
	put(w, es.Source, dialect.Below(at, dialect.Elem("interface", "ethernet-interface", lag)))
}
