package audit

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// A Head says that at a time the log ended with an event, and what it added up to.
type Head struct {
	Fabric    string    `json:"fabric"`
	Seq       event.Seq `json:"seq"`
	Hash      string    `json:"hash"` // hexadecimal SHA-256
	Time      time.Time `json:"time"`
	Key       string    `json:"key"`       // ID of the public key
	Signature []byte    `json:"signature"` // Ed25519 (RFC 8032) over Signed
}

// Signed returns the bytes that a head's signature is of: these lines of text.
func (h Head) Signed() []byte {
	return fmt.Appendf(nil, "tenter-head-v1\n%s\n%d\n%s\n%s\n", h.Fabric, h.Seq, h.Hash, h.Time.UTC().Format(time.RFC3339Nano))
}

// Sign returns the head with the key's ID and signature.
func (k Key) Sign(h Head) Head {
	h.Time, h.Key = h.Time.UTC(), k.Public().ID()
	h.Signature = ed25519.Sign(k.private, h.Signed())
	return h
}

// ErrForged is in the error of Check for a head that was not signed with the key that it names.
var ErrForged = errors.New("the signature is not that of its key")

// Check proves that one of the keys signed the head.
func (h Head) Check(keys []PublicKey) error {
	var known []string
	for _, k := range keys {
		if k.ID() != h.Key {
			known = append(known, k.ID())
			continue
		}
		if !ed25519.Verify(k.key, h.Signed(), h.Signature) {
			return ErrForged
		}
		return nil
	}
	return fmt.Errorf("it was signed with key %q, and the keys at hand are %s", h.Key, strings.Join(known, ", "))
}

// ParseHead reads a line of a file of heads. It proves nothing; Check does.
func ParseHead(line []byte) (Head, error) {
	var h Head
	if err := json.Unmarshal(line, &h); err != nil {
		return Head{}, err
	}
	switch hash, err := hex.DecodeString(h.Hash); {
	case err != nil || len(hash) != len(event.NoEvents()):
		return Head{}, errors.New("hash: not 64 hexadecimal digits")
	case h.Seq == 0:
		return Head{}, errors.New("seq: not the place of an event")
	case strings.ContainsAny(h.Fabric, "\r\n"):
		return Head{}, errors.New("fabric: more than one line")
	}
	return h, nil
}
