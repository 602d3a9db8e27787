package view

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Backup is what a plan brings back to a device: the file as it was given, which has no secrets.
type Backup struct {
	ID     string
	Device intent.DeviceName // that it is brought back to
	Saved  time.Time
	Body   []byte
}
