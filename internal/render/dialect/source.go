package dialect

import (
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
)

// SourceAddress returns the first address, of IPv4 if there is one, of the interface that a BGP session comes from; ""
// for none.
func SourceAddress(d *fabric.Device, id *fabric.InterfaceID) string {
	if id == nil {
		return ""
	}
	for _, i := range d.Interfaces {
		if i.ID != *id {
			continue
		}
		for _, s := range i.Subinterfaces {
			for _, p := range slices.Concat(s.IPv4, s.IPv6) {
				return p.Addr().String()
			}
		}
	}
	return ""
}
