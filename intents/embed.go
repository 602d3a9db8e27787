// Package intents holds the example fabric: the documents that "tenter demo" runs and that
// tests of every layer read.
package intents

import "embed"

// Files are the documents of the example, at the root.
//
//go:embed *.yaml
var Files embed.FS
