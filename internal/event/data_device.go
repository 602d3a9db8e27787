package event

import "github.com/tenter-net/tenter/internal/intent"

// Device tells of the session with one device. The facts are set in device.capabilities only.
type Device struct {
	Device    intent.DeviceName `json:"device"`
	Address   string            `json:"address,omitempty"`
	Stage     string            `json:"stage,omitempty"` // of the watch ladder
	Reason    string            `json:"reason,omitempty"`
	GNMI      string            `json:"gnmi,omitempty"` // protocol version
	Encodings []string          `json:"encodings,omitempty"`
	Models    []string          `json:"models,omitempty"`
	Software  string            `json:"software,omitempty"`
	Serial    string            `json:"serial,omitempty"`
}
