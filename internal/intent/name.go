package intent

// A DeviceName is the metadata.name of a Device document.
type DeviceName string
