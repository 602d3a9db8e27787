package schema

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
)

// A Value is a canonical value: one kind byte and the canonical text. Two values of one leaf are
// equal exactly when their Values are the same bytes, so wire forms never need comparing again.
// The zero Value means absent.
type Value string

// The kinds of a Value, its first byte (RFC 7950 §9).
const (
	KindInt       = 'i' // every integer type: decimal text
	KindDecimal64 = 'd' // scaled to the type's fraction-digits: an int64 as decimal text, a slash, and the digits
	KindString    = 's'
	KindBool      = 'b' // true, false
	KindEnum      = 'e' // the enum's name
	KindIdentity  = 'r' // module:name
	KindBits      = 't' // sorted names, separated by one space
	KindEmpty     = 'p' // presence: the empty type, and a presence container itself
	KindBinary    = 'y' // the bytes
	KindLeafList  = 'l' // length-prefixed Values, sorted unless ordered-by user
	KindKeys      = 'k' // the key sequence of a user-ordered list: length-prefixed "[name=value]…" of each entry
)

// Presence is the value of the empty type and of a presence container that is there.
const Presence = Value("p")

// Kind returns the kind byte, 0 for the absent Value.
func (v Value) Kind() byte {
	if v == "" {
		return 0
	}
	return v[0]
}

// StringValue returns the canonical value of a string.
func StringValue(s string) Value { return Value(KindString) + Value(s) }

// KeysValue returns the key sequence of a user-ordered list from its entries' keys, each as they stand in a path:
// "[name=a]".
func KeysValue(entries []string) Value {
	parts := make([]Value, len(entries))
	for i, e := range entries {
		parts[i] = Value(e)
	}
	return pack(KindKeys, parts)
}

// Items returns the elements of a leaf-list, and nil for any other value.
func (v Value) Items() []Value {
	if v.Kind() != KindLeafList {
		return nil
	}
	return unpack(v)
}

// Entries returns the entries' keys of a key sequence, "[name=a]", in order, and nil for any other value.
func (v Value) Entries() []string {
	if v.Kind() != KindKeys {
		return nil
	}
	parts := unpack(v)
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = string(p)
	}
	return out
}

// Text returns the value for people: a decimal with its point, binary as base64, a leaf-list as "[a, b]".
func (v Value) Text() string {
	switch v.Kind() {
	case 0:
		return ""
	case KindEmpty:
		return "present"
	case KindBinary:
		return base64.StdEncoding.EncodeToString([]byte(v[1:]))
	case KindDecimal64:
		unscaled, digits := v.decimal()
		return decimalText(unscaled, digits)
	case KindLeafList:
		items := v.Items()
		texts := make([]string, len(items))
		for i, it := range items {
			texts[i] = it.Text()
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case KindKeys:
		return strings.Join(v.Entries(), " ")
	}
	return string(v[1:])
}

// decimal returns a decimal64's unscaled number and how many of its digits are behind the point.
func (v Value) decimal() (unscaled int64, digits int) {
	text, frac, _ := strings.Cut(string(v[1:]), "/")
	unscaled, _ = strconv.ParseInt(text, 10, 64)
	digits, _ = strconv.Atoi(frac)
	return unscaled, digits
}

// decimalText writes the canonical form of RFC 7950 §9.3.2: a point, and at least one digit on both sides of it.
func decimalText(unscaled int64, digits int) string {
	text := strconv.FormatInt(unscaled, 10)
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	if len(text) <= digits {
		text = strings.Repeat("0", digits-len(text)+1) + text
	}
	frac := strings.TrimRight(text[len(text)-digits:], "0")
	if frac == "" {
		frac = "0"
	}
	return sign + text[:len(text)-digits] + "." + frac
}

func pack(kind byte, parts []Value) Value {
	n := 1
	for _, p := range parts {
		n += len(p) + 2
	}
	b := append(make([]byte, 0, n), kind)
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return Value(b)
}

func unpack(v Value) []Value {
	var parts []Value
	for rest := string(v[1:]); rest != ""; {
		// Only pack makes these, except for a Value read back from a damaged store: stop there.
		n, w := uint64(0), 0
		for shift := 0; w < len(rest) && w < 9; shift += 7 {
			b := rest[w]
			w++
			n |= uint64(b&0x7f) << shift
			if b < 0x80 {
				break
			}
		}
		if n > uint64(len(rest)-w) {
			break
		}
		parts = append(parts, Value(rest[w:w+int(n)]))
		rest = rest[w+int(n):]
	}
	return parts
}
