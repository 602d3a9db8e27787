package schema

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
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
		return t.enumeration(v)
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

// union takes the first member that the value is in the exact form of, else the first that it can be read as.
func (s *Schema) union(t *Type, v any) (Value, string) {
	for _, how := range []strictness{strict, loose} {
		for _, m := range t.Members {
			if c, why := s.convert(m, v, how); why == "" {
				return c, ""
			}
		}
	}
	return "", "no member of the union takes it"
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
	return Value(KindString) + Value(str), ""
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

func (t *Type) enumeration(v any) (Value, string) {
	str, ok := asString(v)
	if !ok {
		return "", "not a name"
	}
	if _, ok := slices.BinarySearch(t.Names, str); !ok {
		return "", nearest(str, t.Names)
	}
	return Value(KindEnum) + Value(str), ""
}

// identity resolves a name, with or without a module, among what is derived from all of the type's bases.
func (s *Schema) identity(t *Type, v any) (Value, string) {
	str, ok := asString(v)
	if !ok {
		return "", "not a name"
	}
	module, name, qualified := strings.Cut(str, ":")
	if !qualified {
		name = module
	}
	found := -1
	for _, i := range s.idents[name] {
		id := &s.im.Identities[i]
		if !id.derives(t.Bases) {
			continue
		}
		switch {
		case qualified && id.Module == module:
			return Value(KindIdentity) + Value(id.Module+":"+id.Name), ""
		case found >= 0 && !qualified:
			return "", "more than one module has that identity: it needs its module"
		}
		found = i
	}
	// A prefix instead of a module's name is read only where it leaves no doubt.
	if found >= 0 && (!qualified || !s.hasModule(module) && s.unambiguous(t, name)) {
		id := &s.im.Identities[found]
		return Value(KindIdentity) + Value(id.Module+":"+id.Name), ""
	}
	return "", nearest(name, s.derived(t))
}

func (id *Identity) derives(bases []int) bool {
	for _, b := range bases {
		if _, ok := slices.BinarySearch(id.Ancestors, b); !ok {
			return false
		}
	}
	return true
}

func (s *Schema) hasModule(name string) bool {
	_, ok := slices.BinarySearchFunc(s.im.Modules, name, func(m Module, name string) int { return strings.Compare(m.Name, name) })
	return ok
}

// unambiguous reports whether one identity only of that name fits the type.
func (s *Schema) unambiguous(t *Type, name string) bool {
	n := 0
	for _, i := range s.idents[name] {
		if s.im.Identities[i].derives(t.Bases) {
			n++
		}
	}
	return n == 1
}

func (s *Schema) derived(t *Type) []string {
	var names []string
	for i := range s.im.Identities {
		if id := &s.im.Identities[i]; id.derives(t.Bases) {
			names = append(names, id.Name)
		}
	}
	return names
}

func (t *Type) bits(v any) (Value, string) {
	str, ok := asString(v)
	if !ok {
		return "", "not a list of names"
	}
	names := slices.Sorted(slices.Values(strings.Fields(str)))
	for i, n := range names {
		if _, ok := slices.BinarySearch(t.Names, n); !ok {
			return "", nearest(n, t.Names)
		}
		if i > 0 && names[i-1] == n {
			return "", fmt.Sprintf("%q is there twice", n)
		}
	}
	return Value(KindBits) + Value(strings.Join(names, " ")), ""
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

// integer reads any form of an integer. RFC 7951 §6.1 has the 64-bit types as strings and the others as numbers.
func (t *Type) integer(v any, how strictness) (Value, string) {
	text := ""
	switch v := v.(type) {
	case json.Number:
		if how == strict && (t.Base == Int64 || t.Base == Uint64) {
			return "", "a 64-bit integer is a string in JSON"
		}
		text = string(v)
	case string:
		if how == strict && t.Base != Int64 && t.Base != Uint64 {
			return "", "not a number"
		}
		text = v
	case Text:
		text = string(v)
	case float32:
		text = floatText(float64(v))
	case float64:
		text = floatText(v)
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		text = fmt.Sprint(v)
	case Decimal:
		if v.Precision > 0 {
			return "", "not an integer"
		}
		text = strconv.FormatInt(v.Digits, 10)
	default:
		return "", "not an integer"
	}
	return t.integerText(text)
}

func floatText(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func (t *Type) integerText(text string) (Value, string) {
	unsigned := t.Base >= Uint8
	var n int64
	var err error
	plain := strings.TrimPrefix(text, "+")
	if unsigned {
		var u uint64
		if plain == "-0" {
			plain = "0"
		}
		u, err = strconv.ParseUint(plain, 10, 64)
		n = int64(u)
	} else {
		n, err = strconv.ParseInt(plain, 10, 64)
	}
	if err != nil {
		return "", "not an integer in range"
	}
	limits := t.Base.Limits()
	if !inside([]Range{limits}, n, unsigned) || len(t.Ranges) > 0 && !inside(t.Ranges, n, unsigned) {
		return "", "out of range"
	}
	if unsigned {
		return Value(strconv.AppendUint([]byte{KindInt}, uint64(n), 10)), ""
	}
	return Value(strconv.AppendInt([]byte{KindInt}, n, 10)), ""
}

// decimal64 scales the decimal text itself: float64 has 53 bits and would hide differences (RFC 7950 §9.3).
func (t *Type) decimal64(v any, how strictness) (Value, string) {
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case Text:
		text = string(v)
	case json.Number:
		if how == strict {
			return "", "a decimal64 is a string in JSON"
		}
		text = string(v)
	case float32:
		text = strconv.FormatFloat(float64(v), 'f', -1, 32)
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	case Decimal:
		if v.Precision > 18 {
			return "", "too many digits"
		}
		text = decimalText(v.Digits, int(v.Precision))
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		if how == strict {
			return "", "not a decimal"
		}
		text = fmt.Sprint(v)
	default:
		return "", "not a decimal"
	}
	n, why := scale(text, t.Fraction)
	if why != "" {
		return "", why
	}
	if len(t.Ranges) > 0 && !inside(t.Ranges, n, false) {
		return "", "out of range"
	}
	b := strconv.AppendInt([]byte{KindDecimal64}, n, 10)
	return Value(strconv.AppendInt(append(b, '/'), int64(t.Fraction), 10)), ""
}

// scale returns text × 10^digits, if that is an int64.
func scale(text string, digits int) (int64, string) {
	// JSON numbers may carry an exponent; shift it into the digits.
	exp := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		var err error
		if exp, err = strconv.Atoi(text[i+1:]); err != nil || exp < -40 || exp > 40 {
			return 0, "not a decimal"
		}
		text = text[:i]
	}
	whole, frac, point := strings.Cut(text, ".")
	if point && frac == "" {
		return 0, "not a decimal"
	}
	sign := strings.HasPrefix(whole, "-")
	if sign || strings.HasPrefix(whole, "+") {
		whole = whole[1:]
	}
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return 0, "not a decimal"
		}
	}
	if whole == "" {
		return 0, "not a decimal"
	}
	all := whole + frac
	shift := digits + exp - len(frac)
	if shift >= 0 {
		all += strings.Repeat("0", shift)
	} else {
		cut := max(0, len(all)+shift)
		if strings.Trim(all[cut:], "0") != "" {
			return 0, fmt.Sprintf("more than %d digits behind the point", digits)
		}
		all = all[:cut]
		if all == "" {
			all = "0"
		}
	}
	if sign {
		all = "-" + all
	}
	n, err := strconv.ParseInt(all, 10, 64)
	if err != nil {
		return 0, "out of range"
	}
	return n, ""
}

// nearest hints at the known name that is closest to a wrong one.
func nearest(name string, known []string) string {
	if hint := Nearest(name, known); hint != "" {
		return fmt.Sprintf("did you mean %q?", hint)
	}
	return "no such name"
}
