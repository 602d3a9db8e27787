package plan

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Touched is a subtree that the plan changes, with the keyed digest of what the device had there. Beside is what it had
// there of leaves that the plan does not change, which say themselves what they were: so that a plan that is stale can tell
// what moved.
type Touched struct {
	Path   string  `json:"path"`
	Digest string  `json:"digest"`
	Beside []Stood `json:"beside,omitempty"`
}

// A Stood is what a device had at a path. A secret is a part of its digest.
type Stood struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// A Movement is a leaf that is not as it was when a plan was computed: a value that is empty stands for absence. A movement
// that is not of a leaf says in Text what moved.
type Movement struct {
	Path   string `json:"path,omitempty"`
	Before string `json:"before,omitempty"`
	Now    string `json:"now,omitempty"`
	Text   string `json:"text,omitempty"`
}

// String is the movement in a line: `/system/config/hostname: was "a", is "b"`.
func (m Movement) String() string {
	switch {
	case m.Text != "" && m.Path != "":
		return m.Path + ": " + m.Text
	case m.Text != "":
		return m.Text
	case m.Before == "":
		return m.Path + ": was absent, is " + quoted(m.Now)
	case m.Now == "":
		return m.Path + ": was " + quoted(m.Before) + ", is gone"
	}
	return m.Path + ": was " + quoted(m.Before) + ", is " + quoted(m.Now)
}

// fingerprints computes digests of subtrees: keyed, for some of their leaves may be secret.
type fingerprints struct {
	secrets *Secrets
	mac     hash.Hash
	buf     []byte
	named   map[string]bool // whether leaves of a name are secret
	beside  []Stood         // room for those of several subtrees
}

func newFingerprints(s *Secrets) *fingerprints {
	return &fingerprints{secrets: s, mac: hmac.New(sha256.New, s.key), named: map[string]bool{}}
}

// of returns the digest of all leaves at or under p, which it also calls see with.
func (f *fingerprints) of(t *tree.Tree, p path.Path, see func(text []byte, v schema.Value)) string {
	f.mac.Reset()
	b := f.buf[:0]
	for text, v := range t.Texts(p) {
		b = appendHashed(appendHashed(b, text), v)
		if len(b) > 4096 {
			_, _ = f.mac.Write(b) // a hash takes everything
			b = b[:0]
		}
		if see != nil {
			see(text, v)
		}
	}
	_, _ = f.mac.Write(b)
	f.buf = f.mac.Sum(b[:0])
	return hex.EncodeToString(f.buf[:16])
}

// base returns a subtree as it is observed. rest are the changes from there on, in the order of the leaves.
func (f *fingerprints) base(t *tree.Tree, p path.Path, rest *[]Change) Touched {
	out := Touched{Path: p.String()}
	out.Digest = f.of(t, p, func(text []byte, v schema.Value) {
		for len(*rest) > 0 && (*rest)[0].Before == "" {
			*rest = (*rest)[1:]
		}
		if len(*rest) > 0 && (*rest)[0].Path == string(text) {
			*rest = (*rest)[1:]
			return
		}
		f.beside = append(f.beside, f.stood(text, v))
	})
	if n := len(f.beside); n > 0 {
		out.Beside, f.beside = f.beside[:n:n], f.beside[n:]
		if cap(f.beside) < n {
			f.beside = make([]Stood, 0, 512)
		}
	}
	return out
}

// stood is a leaf as people are shown it.
func (f *fingerprints) stood(text []byte, v schema.Value) Stood {
	at := string(text)
	name := at[strings.LastIndexByte(at, '/')+1:]
	secret, known := f.named[name]
	if !known {
		secret = f.secrets.isName(name)
		f.named[name] = secret
	}
	if secret || len(f.secrets.marked) > 0 && f.secrets.marked[at] {
		p, err := path.Parse(at)
		if err != nil {
			return Stood{Path: at, Value: "(secret)"}
		}
		return Stood{Path: at, Value: f.secrets.Show(p, v)}
	}
	return Stood{Path: at, Value: v.Text()}
}

// Moved returns what is not as it was when a device's part of a plan was computed, in canonical order: the leaves, as
// far as the plan tells what they were.
func (d DevicePlan) Moved(observed *tree.Tree, secrets *Secrets) []Movement {
	var moved []Movement
	prints := newFingerprints(secrets)
	for _, t := range d.Base {
		p, err := path.Parse(t.Path)
		if err != nil {
			moved = append(moved, Movement{Path: t.Path, Text: "cannot be read"})
			continue
		}
		var now []Stood
		if prints.of(observed, p, func(text []byte, v schema.Value) {
			now = append(now, prints.stood(text, v))
		}) == t.Digest {
			continue
		}
		leaves := differing(d.stood(t), now)
		if len(leaves) == 0 { // a plan of an older version does not tell, nor does what shows no difference
			leaves = []Movement{{Path: t.Path, Text: "is not as it was"}}
		}
		moved = append(moved, leaves...)
	}
	return moved
}

// stood is what the device had in a subtree when the plan was computed.
func (d DevicePlan) stood(t Touched) []Stood {
	all := slices.Clone(t.Beside)
	for _, ch := range d.Changes {
		if ch.Before != "" && (ch.Path == t.Path || strings.HasPrefix(ch.Path, t.Path) && strings.ContainsAny(ch.Path[len(t.Path):len(t.Path)+1], "/[")) {
			all = append(all, Stood{Path: ch.Path, Value: ch.Before})
		}
	}
	return all
}

// differing compares what was with what is.
func differing(was, is []Stood) []Movement {
	before := make(map[string]string, len(was))
	for _, s := range was {
		before[s.Path] = s.Value
	}
	var moved []Movement
	for _, s := range is {
		if v, there := before[s.Path]; !there || v != s.Value {
			moved = append(moved, Movement{Path: s.Path, Before: v, Now: s.Value})
		}
		delete(before, s.Path)
	}
	for _, s := range was {
		if _, gone := before[s.Path]; gone {
			moved = append(moved, Movement{Path: s.Path, Before: s.Value})
		}
	}
	slices.SortFunc(moved, func(a, b Movement) int { return strings.Compare(a.Path, b.Path) })
	return moved
}

// Besides returns what else is to change on the device by now, as movements: what was not to change then was as wanted.
func (d DevicePlan) Besides(now DevicePlan) []Movement {
	then := make(map[string]bool, len(d.Changes))
	for _, ch := range d.Changes {
		then[ch.Path] = true
	}
	var moved []Movement
	for _, ch := range now.Changes {
		if !then[ch.Path] && ch.Action != Replace {
			moved = append(moved, Movement{Path: ch.Path, Before: ch.After, Now: ch.Before})
		}
	}
	return moved
}
