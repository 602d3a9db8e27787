// Package wire translates between gNMI messages and canonical paths, values and edits. It does no I/O.
//
// Nothing that a device sends is dropped silently: what the schema does not know, or a value that does not fit, comes
// out as a tree.Problem. State nodes (config false) and key leaves that only repeat the path are left out on purpose.
package wire
