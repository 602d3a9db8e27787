package event

import "github.com/tenter-net/tenter/internal/intent"

// Device tells of the session with one device. The facts are set in device.capabilities only. In device.held, Reason says
// why what answers at the address is not the enrolled device: nothing is written to it until somebody has looked.
type Device struct {
	Device    intent.DeviceName `json:"device" jsonschema:"minLength=1"`
	Address   string            `json:"address,omitempty"`
	Stage     string            `json:"stage,omitempty"` // of the watch ladder
	Reason    string            `json:"reason,omitempty"`
	GNMI      string            `json:"gnmi,omitempty"` // protocol version
	Encodings []string          `json:"encodings,omitempty"`
	Models    []string          `json:"models,omitempty"`
	Software  string            `json:"software,omitempty"`
	Serial    string            `json:"serial,omitempty"`
}

// DeviceEnrolled tells that a person let Tenter write to a device, and by what it is told apart from others from then
// on. What the device does not tell is empty.
type DeviceEnrolled struct {
	Device      intent.DeviceName `json:"device" jsonschema:"minLength=1"`
	Address     string            `json:"address,omitempty"`
	Certificate string            `json:"certificate_sha256,omitempty"` // lower-case hex
	HostKey     string            `json:"host_key_sha256,omitempty"`    // SHA256:…
	Serial      string            `json:"serial,omitempty"`
	ChassisMAC  string            `json:"chassis_mac,omitempty"`
	Software    string            `json:"software,omitempty"`
	Replaces    string            `json:"replaces,omitempty"` // what is not as it was enrolled before, empty the first time
	Reason      string            `json:"reason,omitempty"`   // why another device may take its place
}
