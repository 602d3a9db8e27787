// Package view holds the read models: what the store keeps besides the log, as plain rows that engines, the API and the
// CLI share. A row is a value; changing one changes nothing until the store saves it. Documents whose shape belongs to
// another package (a plan's changes, a run's machine state) are JSON bodies here.
package view

import "errors"

// ErrNotFound is returned for a single row that does not exist.
var ErrNotFound = errors.New("not found")

// ErrLeaseLost is returned by a guard whose lease has expired or belongs to another holder: the
// transaction must not commit, and the work that it records must stop.
var ErrLeaseLost = errors.New("lease lost")
