// Package tree holds configuration trees: leaves in canonical path order, with the source of each.
//
// A Table interns list entries and values of one device. Trees of one table are columns of numbers, so two of them
// compare and differ by integers, a subtree is one range, and a leaf costs ten bytes plus its share of the table.
// Trees are immutable and a Table only grows: both are safe for concurrent use. A Builder is not.
//
// A tree is normal: a list entry that has leaves has its key leaves (where they are more than an alias of another
// leaf), and a presence container with something in it is itself a leaf.
package tree
