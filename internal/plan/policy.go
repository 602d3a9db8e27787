package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/intent"
)

// PolicyHash returns the hash of policy documents, the same in whatever order and files they stand, and empty for none. A
// plan is bound to it: what was approved under other policies is not to be run under these.
func PolicyHash(docs []intent.PolicyDoc) string {
	if len(docs) == 0 {
		return ""
	}
	var all []string
	for _, d := range docs {
		all = append(all, string(d.Kind)+"/"+d.Name+"/"+d.Digest)
	}
	slices.Sort(all)
	h := sha256.New()
	hashStrings(h, all...)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// PolicyMoves names the policy documents that are not the same in both lists, each with what became of it.
func PolicyMoves(before, now []intent.PolicyDoc) []string {
	name := func(d intent.PolicyDoc) string { return string(d.Kind) + " " + d.Name }
	find := func(list []intent.PolicyDoc, d intent.PolicyDoc) (intent.PolicyDoc, bool) {
		i := slices.IndexFunc(list, func(o intent.PolicyDoc) bool { return name(o) == name(d) })
		if i < 0 {
			return d, false
		}
		return list[i], true
	}
	var moves []string
	for _, d := range now {
		was, there := find(before, d)
		switch {
		case !there:
			moves = append(moves, fmt.Sprintf("%s is new (%s:%d)", name(d), d.File, d.Line))
		case was.Digest != d.Digest:
			moves = append(moves, fmt.Sprintf("%s is another one (%s:%d)", name(d), d.File, d.Line))
		}
	}
	for _, d := range before {
		if _, there := find(now, d); !there {
			moves = append(moves, name(d)+" is gone")
		}
	}
	slices.SortFunc(moves, strings.Compare)
	return moves
}
