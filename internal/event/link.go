package event

import (
	"crypto/sha256"
	"encoding/binary"
)

// Link returns the hash of the log up to and with the event, given the hash of the log before it: SHA-256 over that hash,
// the event's place and its predecessor's as 64-bit big-endian numbers, and its Envelope. The first event's hash before it
// is that of NoEvents.
func (e Event) Link(before []byte) []byte {
	var places [16]byte
	binary.BigEndian.PutUint64(places[:8], uint64(e.Seq))
	binary.BigEndian.PutUint64(places[8:], uint64(e.Predecessor))
	h := sha256.New()
	h.Write(before)
	h.Write(places[:])
	h.Write(e.Envelope)
	return h.Sum(nil)
}

// NoEvents returns the hash of an empty log.
func NoEvents() []byte { return make([]byte, sha256.Size) }
