package view

import (
	"fmt"
	"strings"
)

// An Identity is what a device is told apart from others by, as it was when somebody enrolled it. What the device does
// not tell is empty.
type Identity struct {
	CertificateSHA256 string `json:"certificate_sha256,omitempty"` // lower-case hex without separators
	HostKeySHA256     string `json:"host_key_sha256,omitempty"`    // of its SSH host key: SHA256:…
	Serial            string `json:"serial,omitempty"`
	ChassisMAC        string `json:"chassis_mac,omitempty"` // lower-case, colons
	Software          string `json:"software,omitempty"`    // for information: it may change
}

// An Element is one thing that a device is told apart by.
type Element struct{ Name, Value string }

// Elements returns what identifies the device, in a fixed order, without what it does not tell. Software is none.
func (i Identity) Elements() []Element {
	var list []Element
	for _, e := range i.all() {
		if e.Value != "" {
			list = append(list, e)
		}
	}
	return list
}

func (i Identity) all() []Element {
	return []Element{
		{"serial number", i.Serial}, {"chassis MAC", i.ChassisMAC}, {"certificate", i.CertificateSHA256}, {"SSH host key", i.HostKeySHA256},
	}
}

// Differs says why a device that shows now is not the enrolled one, empty if it is. What the device does not tell this
// time is no difference as long as something else of what was enrolled is the same.
func (i Identity) Differs(now Identity) string {
	same, silent := 0, []string{}
	for n, was := range i.all() {
		is := now.all()[n]
		switch {
		case was.Value == "":
		case is.Value == "":
			silent = append(silent, was.Name)
		case is.Value != was.Value:
			return fmt.Sprintf("it is another device: %s %s, enrolled was %s", is.Name, is.Value, was.Value)
		default:
			same++
		}
	}
	switch {
	case same > 0:
		return ""
	case len(silent) > 0:
		return fmt.Sprintf("it does not tell its %s any more, by which it was enrolled", strings.Join(silent, " and "))
	case len(now.Elements()) > 0:
		return "it told nothing about itself when it was enrolled, and does now"
	}
	return ""
}
