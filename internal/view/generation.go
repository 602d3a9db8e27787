package view

import "time"

// A Generation is one accepted state of the intent source. Its ID is the hash of its files, so that the same files are
// the same generation wherever they came from.
type Generation struct {
	ID      string
	Fabric  string
	Commit  string
	Author  string
	Subject string // the commit message's first line
	Created time.Time
	Files   map[string][]byte // by path relative to the source's root
}
