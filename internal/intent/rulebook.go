package intent

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// policyKinds are the kinds that say what may be written, how and after whose word. The others say what, but for Windows, which say
// when: they are looked at by the clock of each write, and a plan is none the older for one that is moved.
var policyKinds = []Kind{KindScope, KindDriftPolicy, KindApprovalPolicy, KindRollout}

// A PolicyDoc is a policy document as far as it counts whether two are the same: Digest is that of what it says, whatever
// its comments, its form and its place.
type PolicyDoc struct {
	Kind   Kind
	Name   string
	File   string
	Line   int
	Digest string
}

// Policies returns the policy documents of the Set in the order of files and lines; none of a nil Set.
func (s *Set) Policies() []PolicyDoc {
	if s == nil {
		return nil
	}
	var out []PolicyDoc
	for _, d := range s.all {
		if !slices.Contains(policyKinds, d.Kind) {
			continue
		}
		h := sha256.New()
		hashNode(h, d.node(At{"spec"}))
		out = append(out, PolicyDoc{Kind: d.Kind, Name: d.Name, File: d.file.name, Line: d.root.Line, Digest: hex.EncodeToString(h.Sum(nil)[:8])})
	}
	return out
}

// hashNode hashes what a node says. The order of a mapping's keys says nothing.
func hashNode(h hash.Hash, n *yaml.Node) {
	write := func(texts ...string) {
		for _, t := range texts {
			_, _ = h.Write([]byte(strconv.Itoa(len(t)) + ":" + t)) // a hash takes everything
		}
	}
	write(strconv.Itoa(int(n.Kind)), n.ShortTag(), n.Value, strconv.Itoa(len(n.Content)))
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			hashNode(h, c)
		}
		return
	}
	keys := make([]int, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys = append(keys, i)
	}
	slices.SortFunc(keys, func(a, b int) int {
		if n.Content[a].Value < n.Content[b].Value {
			return -1
		}
		return 1
	})
	for _, i := range keys {
		hashNode(h, n.Content[i])
		hashNode(h, n.Content[i+1])
	}
}
