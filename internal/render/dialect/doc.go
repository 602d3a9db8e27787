// Package dialect is what every dialect is made of: Items, the parts that a device's model falls into, and the Writer
// that takes their leaves.
//
// An Item becomes leaves on its own and depends on nothing but its own Model: equal Models give equal leaves, so whoever
// keeps the leaves of an Item need render only what changed. Every leaf leaves the Writer as a canonical value, checked
// against the device's schema and with the position of the intent that it came from; what the schema or the dialect
// refuses becomes a Problem at that position, and never a leaf.
package dialect
