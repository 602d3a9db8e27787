package plan

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// Secrets tells which leaves are secret and replaces their values by a digest that only this installation can
// compute: a change of a secret stays visible, its value does not. A digest of a digest is itself, so values may
// pass through Digest any number of times. It is safe for concurrent use.
type Secrets struct {
	key      []byte
	marked   map[string]bool
	disguise *disguise // nil for a device that shows secrets as they were written
	spelling *spelling // nil where every other leaf is known to be shown as it was written
}

// secretMark starts every digest. No schema type's text begins like it.
const secretMark = string(schema.KindString) + "secret:hmac-sha256:"

// NewSecrets returns the redaction for one device. The key belongs to the store and stays the same over restarts;
// marked are the leaves whose intents refer to secrets by name, in addition to those that their names give away.
func NewSecrets(key []byte, marked []path.Path) *Secrets {
	s := &Secrets{key: key, marked: make(map[string]bool, len(marked))}
	for _, p := range marked {
		s.marked[p.String()] = true
	}
	return s
}

// secretNames are the leaf names under which the common models keep secrets. A wrong guess costs a value that could
// have been shown; a miss would cost a secret.
var secretNames = []string{
	"password", "password-hashed", "passphrase", "secret", "secret-key", "shared-secret", "private-key", "pre-shared-key", "psk",
	"auth-key", "authentication-key", "key-string", "community", "community-string", "keychain-secret", "token",
}

// secretSuffixes are ends of such names: "auth-password", "admin-password-hashed", "radius-secret-key".
var secretSuffixes = []string{"-password", "-password-hashed", "-passphrase", "-secret", "-secret-key", "-secret-key-hashed", "-private-key", "-psk"}

// Is reports whether the leaf at p is secret.
func (s *Secrets) Is(p path.Path) bool {
	if len(p.Elems) == 0 {
		return false
	}
	return s.isName(p.Elems[len(p.Elems)-1].Name) || len(s.marked) > 0 && s.marked[p.String()]
}

// isName reports whether leaves of the name are secret wherever they are.
func (s *Secrets) isName(name string) bool {
	for _, n := range secretNames {
		if name == n {
			return true
		}
	}
	for _, n := range secretSuffixes {
		if strings.HasSuffix(name, n) {
			return true
		}
	}
	return false
}

// Digest returns v as it may be stored: itself, or the digest where p is secret. An absent value stays absent. What a
// device shows in a form of its own, and is known to be what was written, has the digest of that, and is that where it is no
// secret.
func (s *Secrets) Digest(p path.Path, v schema.Value) schema.Value {
	switch {
	case v == "":
		return v
	case !s.Is(p):
		return s.unspell(p, v)
	}
	d := s.digest(p, v)
	if s.disguise != nil {
		d = s.unmask(p, v, d)
	}
	return d
}

// digest is the keyed hash of v itself.
func (s *Secrets) digest(p path.Path, v schema.Value) schema.Value {
	if Hidden(v) {
		return v
	}
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(p.String()))
	mac.Write([]byte{0})
	mac.Write([]byte(v))
	return schema.Value(secretMark + hex.EncodeToString(mac.Sum(nil)))
}

// Same reports whether a and b are the same value at p, each given as itself or as its digest.
func (s *Secrets) Same(p path.Path, a, b schema.Value) bool {
	return a == b || a != "" && b != "" && (s.spelling != nil || s.Is(p)) && s.Digest(p, a) == s.Digest(p, b)
}

// Hidden reports whether v is a digest, so that the value it stands for cannot be written.
func Hidden(v schema.Value) bool { return strings.HasPrefix(string(v), secretMark) }

// Show returns v for people: its text, or for a secret eight digits of the digest.
func (s *Secrets) Show(p path.Path, v schema.Value) string {
	if v == "" {
		return ""
	}
	if d := s.Digest(p, v); Hidden(d) {
		return "(secret " + string(d[len(secretMark):len(secretMark)+8]) + ")"
	}
	return v.Text()
}

// Strike returns text without the values of the secrets among leaves, for words that others wrote and that may quote
// what they were sent. It cannot see a value that was shortened or encoded.
func (s *Secrets) Strike(text string, leaves iter.Seq[tree.Leaf]) string {
	for _, v := range s.texts(leaves) {
		text = strings.ReplaceAll(text, v, "(secret)")
	}
	return text
}

// Texts returns the values of the secrets in an edit, plain and quoted, for striking them in turn out of what comes back.
func (s *Secrets) Texts(e tree.Edit) []string {
	leaves := slices.Clone(e.Updates)
	for _, r := range e.Replaces {
		leaves = append(leaves, r.Leaves...)
	}
	return s.texts(slices.Values(leaves))
}

// texts returns the values of the secrets among leaves, plain and quoted. A value may be part of another one: striking it
// first would leave the rest of the longer one to be read, so that comes first.
func (s *Secrets) texts(leaves iter.Seq[tree.Leaf]) []string {
	var values []string
	for l := range leaves {
		v := l.Value.Text()
		if v == "" || Hidden(l.Value) || !s.Is(l.Path) {
			continue
		}
		quoted := strconv.Quote(v)
		values = append(values, v, quoted[1:len(quoted)-1])
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	return values
}

// Redact returns the edit with every secret replaced by its digest, for showing the requests that would be sent.
func (s *Secrets) Redact(e tree.Edit) tree.Edit {
	out := tree.Edit{Deletes: e.Deletes, Updates: s.redact(e.Updates)}
	for _, r := range e.Replaces {
		out.Replaces = append(out.Replaces, tree.Subtree{Path: r.Path, Leaves: s.redact(r.Leaves)})
	}
	return out
}

func (s *Secrets) redact(leaves []tree.Leaf) []tree.Leaf {
	out := make([]tree.Leaf, len(leaves))
	for i, l := range leaves {
		out[i] = l
		out[i].Value = s.Digest(l.Path, l.Value)
	}
	return out
}
