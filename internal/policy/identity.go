package policy

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/view"
)

// IdentityOf is what a probe found to tell a device apart by.
func IdentityOf(f profile.Facts) view.Identity {
	return view.Identity{
		CertificateSHA256: f.CertificateSHA256, HostKeySHA256: f.HostKeySHA256, Serial: f.Serial, ChassisMAC: f.ChassisMAC,
		Software: f.SoftwareVersion,
	}
}

// Unnamed says why a device is not the one that its document in the intents names, empty if it is, or if the document
// names none. A device that does not tell what it is to prove has not proven it.
func Unnamed(want fabric.Identity, now view.Identity) string {
	for _, e := range []struct{ name, want, is string }{
		{"certificate", want.CertificateSHA256, now.CertificateSHA256},
		{"serial number", want.Serial, now.Serial},
		{"chassis MAC", want.ChassisMAC, now.ChassisMAC},
	} {
		switch {
		case e.want == "" || e.want == e.is:
		case e.is == "":
			return fmt.Sprintf("it does not tell its %s, and the intents name %s", e.name, e.want)
		default:
			return fmt.Sprintf("its %s is %s, and the intents name %s", e.name, e.is, e.want)
		}
	}
	return ""
}

// Impostor says why what answers at a device's address is not the device to write to: neither the one that the intents
// name nor the one that was enrolled. It is empty for the right one, and for one that nobody enrolled or named.
func Impostor(want fabric.Identity, row view.Device, now view.Identity) string {
	if why := Unnamed(want, now); why != "" || row.Enrolled.IsZero() {
		return why
	}
	return row.Identity.Differs(now)
}
