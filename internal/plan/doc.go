// Package plan computes what has to change on devices, and shows it.
//
// Compute is a pure three-way comparison for one device: what is wanted against what is observed, with what Tenter
// owns deciding about deletes. The same input gives the same bytes. A plan is plain data: it can be saved, read by
// people and compared, but it holds no secret and no edit. Whoever applies a plan computes it again from wanted and
// observed as they stand then, and refuses when the digests differ: Moved names what changed meanwhile.
package plan

//go:generate go run ./generate ../.. schemas/plan.json
