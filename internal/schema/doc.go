// Package schema holds YANG models compiled ahead of time and makes device values canonical.
//
// A Schema is the compiled form of one set of modules: the configuration nodes in preorder with siblings sorted
// by name, so that node numbers compare like canonical paths. Roots joins the schemas of one device, one per
// origin. Canonical turns a value of any wire form into a Value, once, where it comes in; from there on values
// compare by their bytes. What does not fit the schema is an error, never a guess.
//
// Schemas and Roots are immutable and safe for concurrent use. The compiler is package schema/compile.
package schema
