package event

import (
	"crypto/sha256"
	"encoding/hex"
)

// TraceParent is the W3C trace context (version 00, sampled) of an event: everything that shares a correlation is one trace,
// whichever processes it passes through, and every event is a span of it, of which its Causation is the parent. Both
// follow from what the envelope says anyway, so that nobody has to hand anything on.
func TraceParent(correlation string, id ID) string {
	trace, span := sha256.Sum256([]byte("trace "+correlation)), sha256.Sum256([]byte("span "+id))
	return "00-" + hex.EncodeToString(trace[:16]) + "-" + hex.EncodeToString(span[:8]) + "-01"
}
