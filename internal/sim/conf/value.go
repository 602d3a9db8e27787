package conf

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/goyang/pkg/yang"
)

// A Value is a leaf's value with the text in which it was received.
type Value struct {
	Kind yang.TypeKind // of the union's member, where the type is a union
	Text string
	List []Value // not nil for a leaf-list
}

// String makes a string value; Enum, Bool and Uint64 likewise, for computed state.
func String(s string) Value { return Value{Kind: yang.Ystring, Text: s} }

// Enum makes a value of an enumeration or identity.
func Enum(s string) Value { return Value{Kind: yang.Yenum, Text: s} }

// Bool makes a boolean value.
func Bool(b bool) Value { return Value{Kind: yang.Ybool, Text: strconv.FormatBool(b)} }

// Uint64 makes a value of 64 bits, which JSON_IETF encodes as a string.
func Uint64(n uint64) Value { return Value{Kind: yang.Yuint64, Text: strconv.FormatUint(n, 10)} }

// Equal tells whether two values are the same text of the same kind.
func (v Value) Equal(w Value) bool {
	return v.Kind == w.Kind && v.Text == w.Text && (v.List == nil) == (w.List == nil) && slices.EqualFunc(v.List, w.List, Value.Equal)
}

// An Encoding is how values are written in a message.
type Encoding struct {
	Kind  gpb.Encoding // JSON, JSON_IETF or PROTO
	Strip bool         // leave the module prefix of identities away
}

func (e Encoding) text(v Value) string {
	if e.Strip && v.Kind == yang.Yidentityref {
		return bare(v.Text)
	}
	return v.Text
}

// JSON returns the value as encoding/json would take it, by RFC 7951 or in plain JSON.
func (v Value) JSON(e Encoding) any {
	if v.List != nil {
		out := make([]any, len(v.List))
		for i, m := range v.List {
			out[i] = m.JSON(e)
		}
		return out
	}
	switch v.Kind {
	case yang.Ybool:
		return v.Text == "true"
	case yang.Yempty:
		return []any{nil}
	case yang.Yint8, yang.Yint16, yang.Yint32, yang.Yuint8, yang.Yuint16, yang.Yuint32:
		return json.Number(v.Text)
	case yang.Yint64, yang.Yuint64, yang.Ydecimal64:
		if e.Kind == gpb.Encoding_JSON {
			return json.Number(v.Text)
		}
	}
	return e.text(v)
}

// Proto returns the value in the encoding's form.
func (v Value) Proto(e Encoding) *gpb.TypedValue {
	switch e.Kind {
	case gpb.Encoding_PROTO:
		return v.scalar(e)
	case gpb.Encoding_JSON:
		return &gpb.TypedValue{Value: &gpb.TypedValue_JsonVal{JsonVal: marshal(v.JSON(e))}}
	}
	return &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: marshal(v.JSON(e))}}
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("conf: a value was stored that is not JSON: %v", err)) // numbers are checked on the way in
	}
	return b
}

func (v Value) scalar(e Encoding) *gpb.TypedValue {
	if v.List != nil {
		array := &gpb.ScalarArray{}
		for _, m := range v.List {
			array.Element = append(array.Element, m.scalar(e))
		}
		return &gpb.TypedValue{Value: &gpb.TypedValue_LeaflistVal{LeaflistVal: array}}
	}
	switch v.Kind {
	case yang.Ybool:
		return &gpb.TypedValue{Value: &gpb.TypedValue_BoolVal{BoolVal: v.Text == "true"}}
	case yang.Yempty:
		return &gpb.TypedValue{Value: &gpb.TypedValue_BoolVal{BoolVal: true}}
	case yang.Yint8, yang.Yint16, yang.Yint32, yang.Yint64:
		n, _ := strconv.ParseInt(v.Text, 10, 64) // ytypes accepted it
		return &gpb.TypedValue{Value: &gpb.TypedValue_IntVal{IntVal: n}}
	case yang.Yuint8, yang.Yuint16, yang.Yuint32, yang.Yuint64:
		n, _ := strconv.ParseUint(v.Text, 10, 64)
		return &gpb.TypedValue{Value: &gpb.TypedValue_UintVal{UintVal: n}}
	case yang.Ydecimal64:
		f, _ := strconv.ParseFloat(v.Text, 64)
		return &gpb.TypedValue{Value: &gpb.TypedValue_DoubleVal{DoubleVal: f}}
	case yang.Ybinary:
		b, _ := base64.StdEncoding.DecodeString(v.Text)
		return &gpb.TypedValue{Value: &gpb.TypedValue_BytesVal{BytesVal: b}}
	}
	return &gpb.TypedValue{Value: &gpb.TypedValue_StringVal{StringVal: e.text(v)}}
}
