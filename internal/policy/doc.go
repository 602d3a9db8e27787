// Package policy decides what may be written and when. It is pure: the clock and everything else that a decision
// depends on come in as values, and a decision says which rule made it.
package policy
