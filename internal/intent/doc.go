// Package intent loads the YAML documents that say what a network should be.
//
// Loading is strict and complete: Load reports every mistake of every document at once, each as a Diagnostic with
// file, line, column, the offending line and a hint, sorted by position. What it returns is a Set of typed documents
// that remember where they stand, so that everything derived from them can name its origin. A Set that came with
// errors must not be compiled.
//
// Nothing here does I/O beyond the fs.FS that it is given, and no secret is ever part of a document: secrets are
// references by name, and a literal one is refused and masked in the diagnostic that says so.
package intent

//go:generate go run ./generate ../.. schemas/intent
