package conf

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/goyang/pkg/yang"
)

// errForm says that a value's form does not fit a type; the caller names the leaf.
var errForm = errors.New("value has the wrong form")

// parseJSON reads one JSON value, its numbers as text.
func parseJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("not JSON: more than one value")
	}
	return v, nil
}

// leafJSON reads a leaf's or leaf-list's value from JSON, strictly by RFC 7951 or leniently.
func (s *Schema) leafJSON(v any, ietf bool) (Value, error) {
	if s.Kind == LeafList {
		list, ok := v.([]any)
		if !ok {
			return Value{}, fmt.Errorf("%s: a leaf-list must be an array", s.Path())
		}
		return s.list(len(list), func(i int) (Value, error) { return fromJSON(s.typ, list[i], ietf) })
	}
	val, err := fromJSON(s.typ, v, ietf)
	if err != nil {
		return Value{}, fmt.Errorf("%s: %w", s.Path(), err)
	}
	return val, nil
}

func (s *Schema) list(n int, at func(int) (Value, error)) (Value, error) {
	out := Value{List: make([]Value, 0, n)}
	for i := range n {
		v, err := at(i)
		if err != nil {
			return Value{}, fmt.Errorf("%s: %w", s.Path(), err)
		}
		if !slices.ContainsFunc(out.List, v.Equal) {
			out.List = append(out.List, v)
		}
	}
	return out, nil
}

// fromJSON reads one value of a type. What the value must be beyond its form, ytypes decides.
func fromJSON(t *yang.YangType, v any, ietf bool) (Value, error) {
	switch t.Kind {
	case yang.Yunion:
		for _, member := range t.Type {
			if val, err := fromJSON(member, v, ietf); err == nil {
				return val, nil
			}
		}
	case yang.Ybool:
		if b, ok := v.(bool); ok {
			return Bool(b), nil
		}
	case yang.Yempty:
		if list, ok := v.([]any); ok && len(list) == 1 && list[0] == nil {
			return Value{Kind: yang.Yempty}, nil
		}
	case yang.Yint8, yang.Yint16, yang.Yint32, yang.Yuint8, yang.Yuint16, yang.Yuint32:
		if n, ok := v.(json.Number); ok {
			return number(t.Kind, n.String())
		}
	case yang.Yint64, yang.Yuint64, yang.Ydecimal64:
		if text, ok := v.(string); ok {
			return number(t.Kind, text)
		}
		if n, ok := v.(json.Number); ok && !ietf {
			return number(t.Kind, n.String())
		}
	default:
		if text, ok := v.(string); ok {
			return named(t, text)
		}
	}
	return Value{}, fmt.Errorf("%w for %s: %v", errForm, t.Name, v)
}

// number reads a number in the range of its kind's width, in any of YANG's lexical forms, and keeps it in
// the canonical one, which is also JSON's.
func number(kind yang.TypeKind, text string) (Value, error) {
	switch kind {
	case yang.Ydecimal64:
		if decimal.MatchString(text) {
			return Value{Kind: kind, Text: text}, nil
		}
	case yang.Yint8, yang.Yint16, yang.Yint32, yang.Yint64:
		if n, err := strconv.ParseInt(text, 10, width(kind)); err == nil {
			return Value{Kind: kind, Text: strconv.FormatInt(n, 10)}, nil
		}
	default:
		if n, err := strconv.ParseUint(text, 10, width(kind)); err == nil {
			return Value{Kind: kind, Text: strconv.FormatUint(n, 10)}, nil
		}
	}
	return Value{}, fmt.Errorf("%w: %q is not a %v", errForm, text, kind)
}

// decimal is RFC 7950 §9.3.1 without the leading zeros that JSON does not have.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

func width(kind yang.TypeKind) int {
	switch kind {
	case yang.Yint8, yang.Yuint8:
		return 8
	case yang.Yint16, yang.Yuint16:
		return 16
	case yang.Yint32, yang.Yuint32:
		return 32
	}
	return 64
}

// named reads a value that JSON writes as a string. Only types with a closed set of names can refuse
// here, so that a union finds the member that is meant.
func named(t *yang.YangType, text string) (Value, error) {
	ok := true
	switch t.Kind {
	case yang.Yenum:
		ok = t.Enum == nil || t.Enum.IsDefined(text)
	case yang.Yidentityref:
		ok = t.IdentityBase == nil || slices.ContainsFunc(t.IdentityBase.Values, func(i *yang.Identity) bool { return i.Name == bare(text) })
	case yang.Ybinary:
		_, err := base64.StdEncoding.DecodeString(text)
		ok = err == nil
	}
	if !ok {
		return Value{}, fmt.Errorf("%w: %q is not a %s", errForm, text, t.Name)
	}
	return Value{Kind: t.Kind, Text: text}, nil
}

// leafProto reads a leaf's value from any form of TypedValue.
func (s *Schema) leafProto(tv *gpb.TypedValue) (Value, error) {
	switch v := tv.GetValue().(type) {
	case *gpb.TypedValue_JsonIetfVal, *gpb.TypedValue_JsonVal:
		raw, ietf := jsonOf(tv)
		parsed, err := parseJSON(raw)
		if err != nil {
			return Value{}, fmt.Errorf("%s: %w", s.Path(), err)
		}
		return s.leafJSON(parsed, ietf)
	case *gpb.TypedValue_LeaflistVal:
		if s.Kind != LeafList {
			return Value{}, fmt.Errorf("%s: a list of values for a leaf", s.Path())
		}
		elems := v.LeaflistVal.GetElement()
		return s.list(len(elems), func(i int) (Value, error) { return fromScalar(s.typ, elems[i]) })
	}
	if s.Kind == LeafList {
		return Value{}, fmt.Errorf("%s: one value for a leaf-list", s.Path())
	}
	val, err := fromScalar(s.typ, tv)
	if err != nil {
		return Value{}, fmt.Errorf("%s: %w", s.Path(), err)
	}
	return val, nil
}

// jsonOf returns the JSON inside of a value, and whether it is JSON_IETF.
func jsonOf(tv *gpb.TypedValue) (raw []byte, ietf bool) {
	if v, ok := tv.GetValue().(*gpb.TypedValue_JsonVal); ok {
		return v.JsonVal, false
	}
	return tv.GetJsonIetfVal(), true
}

// fromScalar reads one native TypedValue of a type (gNMI specification §2.3).
func fromScalar(t *yang.YangType, tv *gpb.TypedValue) (Value, error) {
	if t.Kind == yang.Yunion {
		for _, member := range t.Type {
			if val, err := fromScalar(member, tv); err == nil {
				return val, nil
			}
		}
		return Value{}, fmt.Errorf("%w for union %s: %v", errForm, t.Name, tv)
	}
	switch v := tv.GetValue().(type) {
	case *gpb.TypedValue_StringVal:
		if stringly(t.Kind) {
			return named(t, v.StringVal)
		}
	case *gpb.TypedValue_AsciiVal:
		if stringly(t.Kind) {
			return named(t, v.AsciiVal)
		}
	case *gpb.TypedValue_BoolVal:
		switch t.Kind {
		case yang.Ybool:
			return Bool(v.BoolVal), nil
		case yang.Yempty:
			return Value{Kind: yang.Yempty}, nil
		}
	case *gpb.TypedValue_IntVal:
		if isNumber(t.Kind) {
			return number(t.Kind, strconv.FormatInt(v.IntVal, 10))
		}
	case *gpb.TypedValue_UintVal:
		if isNumber(t.Kind) {
			return number(t.Kind, strconv.FormatUint(v.UintVal, 10))
		}
	case *gpb.TypedValue_DoubleVal:
		if t.Kind == yang.Ydecimal64 {
			return number(t.Kind, strconv.FormatFloat(v.DoubleVal, 'f', -1, 64))
		}
	case *gpb.TypedValue_BytesVal:
		if t.Kind == yang.Ybinary {
			return Value{Kind: yang.Ybinary, Text: base64.StdEncoding.EncodeToString(v.BytesVal)}, nil
		}
	}
	return Value{}, fmt.Errorf("%w for %s: %v", errForm, t.Name, tv)
}

func stringly(k yang.TypeKind) bool {
	return !isNumber(k) && k != yang.Ybool && k != yang.Yempty && k != yang.Ybinary
}

func isNumber(k yang.TypeKind) bool {
	return k >= yang.Yint8 && k <= yang.Yuint64 || k == yang.Ydecimal64
}

// splitLeafref splits the path of a leafref (RFC 7950 §9.9.2) into steps without module prefixes.
func splitLeafref(path string) []refStep {
	var steps []refStep
	for path = strings.TrimPrefix(path, "/"); path != ""; {
		end := strings.IndexAny(path, "/[")
		if end < 0 {
			end = len(path)
		}
		step := refStep{name: bare(strings.TrimSpace(path[:end]))}
		for path = path[end:]; strings.HasPrefix(path, "["); {
			predicate, rest, _ := strings.Cut(path[1:], "]")
			if key, value, ok := strings.Cut(predicate, "="); ok {
				step.keys = append(step.keys, refKey{bare(strings.TrimSpace(key)), strings.TrimSpace(value)})
			}
			path = strings.TrimSpace(rest)
		}
		steps = append(steps, step)
		path = strings.TrimPrefix(path, "/")
	}
	return steps
}

type refStep struct {
	name string
	keys []refKey
}

// A refKey is a predicate [name = current()/../x].
type refKey struct{ name, value string }
