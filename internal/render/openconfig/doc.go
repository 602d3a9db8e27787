// Package openconfig turns the model of a device into OpenConfig configuration.
//
// Items splits a model into parts, each of which becomes leaves on its own and depends on nothing but its own Model:
// equal Models give equal leaves, so whoever keeps the leaves of an Item need render only what changed. Leaves are
// authored as generated structs and leave as canonical values, each checked against the schema and with the
// position of the intent that it came from.
package openconfig

//go:generate go run ./generate ../../..
