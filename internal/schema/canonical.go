package schema

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text is a value in the lexical form of YANG (RFC 7950 §9): a default, a key in a path, what a person wrote. It
// carries no type, so a union takes the first member whose lexical form it is.
type Text string

// A Decimal is digits × 10^-Precision, as gNMI's deprecated decimal_val has it.
type Decimal struct {
	Digits    int64
	Precision uint32
}

// A ValueError is a value that does not fit its leaf's type.
type ValueError struct {
	Value string // shortened
	Type  string // what was wanted
	Why   string
}

// Error names the value, the type that it should have and, where there is more to say, why it does not.
func (e *ValueError) Error() string {
	text := fmt.Sprintf("%q is no %s", e.Value, e.Type)
	if e.Why != "" {
		text += ": " + e.Why
	}
	return text
}

// Canonical makes a value canonical for the leaf, leaf-list or presence container n. v is one of: string, bool,
// json.Number, any integer or float type, []byte, Decimal, Text, nil or []any{nil} (empty), and []any of these (a
// leaf-list). Numbers may come as strings and the other way round, for devices send both; only in a union
// does the form choose among the members, strict matches first.
func (n Node) Canonical(v any) (Value, error) {
	switch n.Kind() {
	case Leaf:
		return n.s.canonical(n.spec().Type, v)
	case LeafList:
		return n.leafList(v)
	case Container:
		if n.Presence() {
			return Presence, nil
		}
	}
	return "", fmt.Errorf("a %s has no value", n.Kind())
}

func (n Node) leafList(v any) (Value, error) {
	items, ok := v.([]any)
	if !ok {
		if t, isText := v.(Text); isText && strings.HasPrefix(string(t), "[") && strings.HasSuffix(string(t), "]") {
			items = textItems(string(t))
		} else {
			items = []any{v}
		}
	}
	values := make([]Value, len(items))
	for i, it := range items {
		c, err := n.s.canonical(n.spec().Type, it)
		if err != nil {
			return "", fmt.Errorf("element %d: %w", i+1, err)
		}
		values[i] = c
	}
	sorted := slices.Sorted(slices.Values(values))
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return "", fmt.Errorf("%q is in the leaf-list twice", sorted[i].Text())
		}
	}
	if !n.OrderedByUser() {
		values = sorted
	}
	return pack(KindLeafList, values), nil
}

// textItems reads Value.Text's form of a leaf-list, "[a, b]".
func textItems(text string) []any {
	body := strings.TrimSpace(text[1 : len(text)-1])
	if body == "" {
		return []any{}
	}
	var items []any
	for part := range strings.SplitSeq(body, ",") {
		items = append(items, Text(strings.TrimSpace(part)))
	}
	return items
}

// strictness says how exactly a value's form must be the one that its encoding prescribes for a type.
type strictness bool

const (
	strict strictness = true
	loose  strictness = false
)

func (s *Schema) canonical(typ int, v any) (Value, error) {
	c, why := s.convert(typ, v, loose)
	if why != "" {
		return "", &ValueError{Value: shorten(fmt.Sprint(v)), Type: s.describe(typ), Why: why}
	}
	return c, nil
}

func shorten(s string) string {
	if len(s) <= 64 {
		return s
	}
	cut := 60
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// convert returns the canonical value, or why there is none.
func (s *Schema) convert(typ int, v any, how strictness) (c Value, why string) {
	t := &s.im.Types[typ]
	switch {
	case t.Base.Integer():
		return t.integer(v, how)
	}
	switch t.Base {
	case Decimal64:
		return t.decimal64(v, how)
	case String:
		return s.stringValue(t, v)
	case Bool:
		return boolean(v, how)
	case Enumeration:
		return t.enumeration(v, how)
	case Identityref:
		return s.identity(t, v)
	case Bits:
		return t.bits(v)
	case Empty:
		return empty(v, how)
	case Binary:
		return t.binary(v)
	case Union:
		return s.union(t, v)
	case Leafref:
		return s.convert(t.Members[0], v, how)
	}
	// instance-identifier: its text, since nothing here needs to follow it
	if str, ok := asString(v); ok {
		return Value(KindString) + Value(str), ""
	}
	return "", "not a string"
}

// union takes the first member that the value is in the exact form of, else the first that it can be read as. A string
// that takes everything would also take an identity, in each of the spellings that devices have for it, so it
// leaves those to the members after it.
func (s *Schema) union(t *Type, v any) (Value, string) {
	for _, how := range []strictness{strict, loose} {
		for i, m := range t.Members {
			c, why := s.convert(m, v, how)
			if why != "" {
				continue
			}
			if s.im.Types[m].takesAll() {
				if id, why := s.identityAmong(t.Members[i+1:], v); why == "" {
					return id, ""
				}
			}
			return c, ""
		}
	}
	return "", "no member of the union takes it"
}

func (t *Type) takesAll() bool {
	return t.Base == String && len(t.Patterns) == 0 && len(t.Lengths) == 0
}

// identityAmong returns the identity that v names, if one of the members takes identities.
func (s *Schema) identityAmong(members []int, v any) (Value, string) {
	for _, m := range members {
		if t := &s.im.Types[m]; t.Base == Identityref {
			if c, why := s.identity(t, v); why == "" {
				return c, ""
			}
		}
	}
	return "", "no identity"
}

func asString(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Text:
		return string(v), true
	case []byte:
		// ascii and bytes_val of devices that send everything so
		return string(v), utf8.Valid(v)
	}
	return "", false
}

func (s *Schema) stringValue(t *Type, v any) (Value, string) {
	str, ok := asString(v)
	if !ok {
		return "", "not a string"
	}
	if !utf8.ValidString(str) {
		return "", "not UTF-8"
	}
	if len(t.Lengths) > 0 && !inside(t.Lengths, int64(utf8.RuneCountInString(str)), true) {
		return "", fmt.Sprintf("its length is %d", utf8.RuneCountInString(str))
	}
	for _, p := range t.Patterns {
		re, err := s.regexp(p.Regexp)
		if err != nil {
			return "", err.Error()
		}
		if re.MatchString(str) == p.Invert {
			return "", "it does not match " + p.Regexp
		}
	}
	return Value(KindString) + Value(t.spell(str)), ""
}

// spell returns the one spelling of an address or prefix that has many: RFC 5952 for IPv6, small letters for MAC. Types are
// known by the names that the common models give them. The host bits of a prefix stay, for not every model forbids them.
func (t *Type) spell(str string) string {
	switch t.Name[strings.LastIndexByte(t.Name, ':')+1:] {
	case "mac-address", "phys-address":
		return strings.ToLower(str)
	case "ipv6-address", "ipv6-address-zoned", "ipv6-address-no-zone":
		if a, err := netip.ParseAddr(str); err == nil && !a.Is4In6() { // whose dots many models' patterns lack
			return a.String()
		}
	case "ipv6-prefix":
		if p, err := netip.ParsePrefix(str); err == nil && !p.Addr().Is4In6() {
			return p.String()
		}
	}
	return str
}

// inside reports whether v lies in one of the ranges.
func inside(ranges []Range, v int64, unsigned bool) bool {
	for _, r := range ranges {
		if unsigned && uint64(r.Min) <= uint64(v) && uint64(v) <= uint64(r.Max) || !unsigned && r.Min <= v && v <= r.Max {
			return true
		}
	}
	return false
}

func boolean(v any, how strictness) (Value, string) {
	if str, ok := asString(v); ok {
		if _, text := v.(Text); how == strict && !text {
			return "", "not a boolean"
		}
		if str == "true" || str == "false" {
			return Value(KindBool) + Value(str), ""
		}
	} else if b, ok := v.(bool); ok {
		return Value(KindBool) + Value(strconv.FormatBool(b)), ""
	}
	return "", "not true or false"
}

func empty(v any, how strictness) (Value, string) {
	switch v := v.(type) {
	case nil:
		return Presence, ""
	case []any:
		if len(v) == 1 && v[0] == nil {
			return Presence, ""
		}
	case bool:
		// gNMI has no scalar for empty: devices send bool_val true.
		if v && how == loose {
			return Presence, ""
		}
	case Text:
		if v == "" || v == "present" {
			return Presence, ""
		}
	case string:
		if v == "" && how == loose {
			return Presence, ""
		}
	}
	return "", "not empty"
}

func (t *Type) binary(v any) (Value, string) {
	data, ok := v.([]byte)
	if !ok {
		str, isString := asString(v)
		if !isString {
			return "", "not bytes"
		}
		var err error
		if data, err = base64.StdEncoding.DecodeString(str); err != nil {
			return "", "not base64"
		}
	}
	if len(t.Lengths) > 0 && !inside(t.Lengths, int64(len(data)), true) {
		return "", fmt.Sprintf("its length is %d", len(data))
	}
	return Value(KindBinary) + Value(data), ""
}
