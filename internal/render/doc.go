// Package render turns the models of a fabric's devices into the configuration that they should have.
//
// A Compiler renders each device in the dialect that it speaks, checks every path and value against the schema,
// settles who wins where documents meet, and keeps what it rendered: compiling a fabric of which one VLAN changed
// renders again only the parts that the VLAN is in, and a device whose model is equal keeps its tree.
//
// Every desired leaf has the position of the intent that it came from. Two intents that want different values for
// one leaf are an error that names both, unless a Config document's priority decides; then the loser is kept.
package render
