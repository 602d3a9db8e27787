// Package plane works out what a fabric's control plane does: which links and BGP sessions come up, and
// which routes every device learns, from the configuration of all devices and the cables between them.
//
// It is a pure function: the same input gives the same result, and nothing is remembered.
package plane
