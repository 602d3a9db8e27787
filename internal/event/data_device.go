package event

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

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
	State     *DeviceState      `json:"state,omitempty"`
}

// DeviceState is all that Tenter shows of a device from the event that carries it on, until another one carries another. The
// store sets it, in the first event about the device of each transaction that changes any of it.
type DeviceState struct {
	Sync        string    `json:"sync,omitempty"`   // InSync, Pending, Drifted, Conflict, Unknown
	Health      string    `json:"health,omitempty"` // Healthy, Degraded, Unreachable, Held, Unmanaged
	Reason      string    `json:"reason,omitempty"`
	Stage       string    `json:"stage,omitempty"`
	Generation  string    `json:"generation,omitempty"` // that was applied last
	Run         string    `json:"run,omitempty"`        // in flight
	Enrolled    time.Time `json:"enrolled,omitzero"`
	EnrolledBy  string    `json:"enrolled_by,omitempty"`
	Certificate string    `json:"certificate_sha256,omitempty"` // of the identity that was enrolled, as the next four
	HostKey     string    `json:"host_key_sha256,omitempty"`
	Serial      string    `json:"serial,omitempty"`
	ChassisMAC  string    `json:"chassis_mac,omitempty"`
	Software    string    `json:"software,omitempty"`
	Mismatch    string    `json:"mismatch,omitempty"`
	HeldUntil   time.Time `json:"held_until,omitzero"`
	HeldReason  string    `json:"held_reason,omitempty"`
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
	State       *DeviceState      `json:"state,omitempty"`
}
